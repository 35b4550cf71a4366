import { duration, number, usd } from '../amounts.ts';
import { harmless } from '../harmless.ts';
import { tableText } from '../table.ts';
import type { LaneRow } from './lane-rows.ts';

const CELLS = 12;

type Sort = (a: LaneRow, b: LaneRow) => number;

const falling =
  (of: (row: LaneRow) => number): Sort =>
  (a, b) =>
    of(b) - of(a) || byName(a, b);

const byName: Sort = (a, b) => nameOf(a).localeCompare(nameOf(b));

/** What rows may be sorted by. */
export type SortName = 'used' | 'calls' | 'queued' | 'cost' | 'name';

const SORTS: Readonly<Record<SortName, Sort>> = {
  used: falling(({ utilization }) => utilization ?? -1),
  calls: falling(({ callsPerSecond }) => callsPerSecond),
  queued: falling(({ queued }) => queued),
  cost: falling(({ usdPerHour }) => usdPerHour ?? -1),
  name: byName,
};

export const SORT_NAMES: readonly SortName[] = Object.keys(SORTS) as SortName[];

const nameOf = ({ provider, model }: LaneRow): string => harmless(`${provider}/${model}`);

interface Column {
  readonly head: string;
  readonly cell: (row: LaneRow) => string;
  /** Whether a page has it; default: always. */
  readonly isKnown?: (row: LaneRow) => boolean;
}

const COLUMNS = {
  lane: { head: 'lane', cell: nameOf },
  bar: { head: 'used', cell: ({ utilization }) => bar(utilization) },
  used: {
    head: '',
    cell: ({ utilization, binds }) =>
      utilization === undefined
        ? ''
        : `${Math.round(utilization * 100)} % ${harmless(binds ?? '').replaceAll('_', ' ')}`,
  },
  calls: { head: 'calls/s', cell: ({ callsPerSecond }) => rate(callsPerSecond) },
  tokens: { head: 'tokens/s', cell: ({ tokensPerSecond }) => number(Math.round(tokensPerSecond)) },
  inFlight: { head: 'in flight', cell: ({ inFlight }) => number(inFlight) },
  queued: { head: 'queued', cell: ({ queued }) => number(queued) },
  oldest: { head: 'oldest', cell: (row) => (row.oldestWaitSeconds > 0 ? duration(row.oldestWaitSeconds) : '') },
  refused: { head: 'refused/s', cell: ({ refusalsPerSecond }) => rate(refusalsPerSecond) },
  retries: { head: 'retries/s', cell: ({ retriesPerSecond }) => rate(retriesPerSecond) },
  circuit: { head: 'circuit', cell: ({ circuit }) => harmless(circuit) },
  fleet: {
    head: 'fleet',
    cell: ({ fleet }) => (fleet === undefined ? '' : number(fleet)),
    isKnown: ({ fleet }) => fleet !== undefined,
  },
  cost: {
    head: 'USD/h',
    cell: ({ usdPerHour }) => (usdPerHour === undefined ? '' : usd(usdPerHour)),
    isKnown: ({ usdPerHour }) => usdPerHour !== undefined,
  },
} as const satisfies Readonly<Record<string, Column>>;

/** Columns to drop on a narrow terminal, in this order. */
const SPARED: readonly (keyof typeof COLUMNS)[] = [
  'oldest',
  'inFlight',
  'tokens',
  'fleet',
  'retries',
  'bar',
  'calls',
  'cost',
  'refused',
];

export interface ViewSettings {
  readonly sort: SortName;
  readonly filter: string;
  /** Maximum number of rows. */
  readonly most: number;
  /** Maximum width. */
  readonly columns: number;
}

/** The lanes as a table. */
export function view(rows: readonly LaneRow[], { sort, filter, most, columns }: ViewSettings): string {
  const shown = sorted(rows, sort, filter);
  const visible = shown.slice(0, most);
  const left = new Map<string, Column>(Object.entries(COLUMNS));
  for (const [name, { isKnown }] of left) if (isKnown && !shown.some(isKnown)) left.delete(name);
  let table = tableOf(visible, left);
  for (const name of SPARED) {
    if (widthOf(table) <= columns) break;
    if (left.delete(name)) table = tableOf(visible, left);
  }
  const hidden = shown.length - visible.length;
  return table + (hidden > 0 ? `\n and ${hidden} more` : '');
}

function tableOf(rows: readonly LaneRow[], columns: ReadonlyMap<string, Column>): string {
  const cells = rows.map((row) => Array.from(columns.values(), ({ cell }) => cell(row)));
  // Without a bar, the name aligns with the number.
  const head = Array.from(columns, ([name, of]) =>
    name === 'used' && !columns.has('bar') ? COLUMNS.bar.head : of.head,
  );
  return tableText(cells, { head });
}

const widthOf = (table: string): number => Math.max(...table.split('\n').map((line) => line.length));

export function sorted(rows: readonly LaneRow[], sort: SortName, filter: string): LaneRow[] {
  return rows.filter((row) => nameOf(row).includes(filter)).toSorted(SORTS[sort]);
}

function bar(utilization: number | undefined): string {
  if (utilization === undefined) return '';
  const full = Math.round(Math.min(1, Math.max(0, utilization)) * CELLS);
  return '█'.repeat(full) + '░'.repeat(CELLS - full);
}

const rate = (value: number): string => (value === 0 ? '' : value.toFixed(1));
