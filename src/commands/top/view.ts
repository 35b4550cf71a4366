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

const HEAD: readonly string[] = [
  'lane',
  'used',
  '',
  'calls/s',
  'tokens/s',
  'at work',
  'queued',
  'oldest',
  'refused/s',
  'retries/s',
  'circuit',
];

export interface ViewSettings {
  readonly sort: SortName;
  readonly filter: string;
  /** Rows that there is room for. */
  readonly most: number;
}

/** The lanes as a table. */
export function view(rows: readonly LaneRow[], { sort, filter, most }: ViewSettings): string {
  const shown = sorted(rows, sort, filter);
  const hasFleet = shown.some(({ fleet }) => fleet !== undefined);
  const hasCosts = shown.some(({ usdPerHour }) => usdPerHour !== undefined);
  const head = HEAD.concat(hasFleet ? ['fleet'] : [], hasCosts ? ['USD/h'] : []);
  const cells = shown
    .slice(0, most)
    .map((row) =>
      [
        nameOf(row),
        bar(row.utilization),
        row.utilization === undefined
          ? ''
          : `${Math.round(row.utilization * 100)} % ${harmless(row.binds ?? '').replaceAll('_', ' ')}`,
        rate(row.callsPerSecond),
        number(Math.round(row.tokensPerSecond)),
        number(row.inFlight),
        number(row.queued),
        row.oldestWaitSeconds > 0 ? duration(row.oldestWaitSeconds) : '',
        rate(row.refusalsPerSecond),
        rate(row.retriesPerSecond),
        harmless(row.circuit),
      ].concat(
        hasFleet ? [row.fleet === undefined ? '' : number(row.fleet)] : [],
        hasCosts ? [row.usdPerHour === undefined ? '' : usd(row.usdPerHour)] : [],
      ),
    );
  const hidden = shown.length - Math.min(shown.length, most);
  return tableText(cells, { head }) + (hidden > 0 ? `\n and ${hidden} more` : '');
}

export function sorted(rows: readonly LaneRow[], sort: SortName, filter: string): LaneRow[] {
  return rows.filter((row) => nameOf(row).includes(filter)).toSorted(SORTS[sort]);
}

function bar(utilization: number | undefined): string {
  if (utilization === undefined) return '';
  const full = Math.round(Math.min(1, Math.max(0, utilization)) * CELLS);
  return '█'.repeat(full) + '░'.repeat(CELLS - full);
}

const rate = (value: number): string => (value === 0 ? '' : value.toFixed(1));
