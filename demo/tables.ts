import Table from 'cli-table3';
import type { Dimension, RetryReason } from '../src/index.ts';
import type { ProviderId } from './classifier.ts';
import { TITLES } from './classifier.ts';
import type { PhaseResult, ProviderResult } from './phase.ts';
import { percentile } from './phase.ts';
import type { Testimony } from './witness.ts';

export interface Comparison {
  readonly bare: PhaseResult;
  readonly guarded: PhaseResult;
  readonly testimonyOf: (provider: ProviderId) => Testimony;
}

// The library would decide on colours by its own terminal, not by where the text goes.
export const PLAIN: { head: string[]; border: string[]; compact: boolean } = { head: [], border: [], compact: true };

type Row = readonly [name: string, cell: (result: ProviderResult) => string | number];

const ROWS: readonly Row[] = [
  ['calls', (result) => result.calls],
  ['succeeded', (result) => result.succeeded],
  ['failed', (result) => result.failed],
  ['attempts sent', (result) => result.traffic.attempts],
  ['wasted attempts', (result) => result.traffic.attempts - result.succeeded],
  ['retries', (result) => Math.max(0, result.traffic.attempts - result.calls)],
];

/** Both phases side by side, by provider and in total. */
export function comparisonTable({ bare, guarded, testimonyOf }: Comparison): string {
  const titles = bare.providers.map(({ provider }) => TITLES[provider]);
  const phases = [bare, guarded].map((phase) => [...phase.providers, total(phase)]);
  const table = new Table({
    style: PLAIN,
    colAligns: ['left', ...phases.flat().map(() => 'right' as const)],
  });
  const colSpan = titles.length + 1;
  table.push(
    ['', { content: 'bare SDK', colSpan, hAlign: 'center' }, { content: 'tidegate', colSpan, hAlign: 'center' }],
    ['', ...titles, 'all', ...titles, 'all'],
  );
  for (const [name, cell] of ROWS) table.push([name, ...phases.flat().map(cell)]);
  for (const reason of reasonsOf(guarded, testimonyOf)) {
    const counts = guarded.providers.map(({ provider }) => testimonyOf(provider).retries[reason] ?? 0);
    table.push([`  ${reason}`, ...phases[0]!.map(() => 'not told'), ...counts, counts.reduce((a, b) => a + b, 0)]);
  }
  for (const [name, share] of [
    ['p50 of successes', 0.5],
    ['p95 of successes', 0.95],
  ] as const) {
    table.push([name, ...phases.flat().map(({ durations }) => seconds(percentile(durations, share)))]);
  }
  const wall = (phase: PhaseResult): { content: string; colSpan: number; hAlign: 'right' } => {
    return { content: seconds(phase.wallMs), colSpan, hAlign: 'right' };
  };
  table.push(['wall time', wall(bare), wall(guarded)]);
  return table.toString();
}

/** Refusals by limit, with advice for each; undefined if there were none. */
export function limitTable({ bare, guarded, testimonyOf }: Comparison): string | undefined {
  const table = new Table({
    head: ['limit that refused', 'bare SDK', 'tidegate', 'advice'],
    style: PLAIN,
    colAligns: ['left', 'right', 'right', 'left'],
    colWidths: [26, 10, 10, 62],
    wordWrap: true,
  });
  for (const before of bare.providers) {
    const { provider } = before;
    const after = guarded.providers.find((each) => each.provider === provider);
    const { hits, advice } = testimonyOf(provider);
    const dimensions = new Set([
      ...Object.keys(before.traffic.refusals),
      ...Object.keys(after?.traffic.refusals ?? {}),
      ...Object.keys(hits),
    ] as Dimension[]);
    for (const dimension of dimensions) {
      table.push([
        `${TITLES[provider]}: ${dimension}`,
        before.traffic.refusals[dimension] ?? 0,
        after?.traffic.refusals[dimension] ?? hits[dimension] ?? 0,
        advice[dimension] ?? adviceOf(before, dimension),
      ]);
    }
  }
  return table.length === 0 ? undefined : table.toString();
}

/** Failures that the application saw, one line per cause. */
export function lossLines(phase: PhaseResult): string[] {
  return phase.providers.flatMap(({ provider, losses }) =>
    losses.map(({ reason, dimension, count, advice }) => {
      const what = dimension === undefined ? reason : `${reason} (${dimension})`;
      return `  ${TITLES[provider]}: ${count} × ${what}${advice === '' ? '' : ` - ${advice}`}`;
    }),
  );
}

function adviceOf(result: ProviderResult, dimension: Dimension): string {
  return result.losses.find((loss) => loss.dimension === dimension)?.advice ?? '';
}

function total(phase: PhaseResult): ProviderResult {
  const sum = (of: (result: ProviderResult) => number): number =>
    phase.providers.reduce((all, each) => all + of(each), 0);
  return {
    provider: phase.providers[0]!.provider,
    calls: sum((each) => each.calls),
    succeeded: sum((each) => each.succeeded),
    failed: sum((each) => each.failed),
    durations: phase.providers.flatMap((each) => each.durations).toSorted((a, b) => a - b),
    labels: { spam: sum((each) => each.labels.spam), ham: sum((each) => each.labels.ham) },
    losses: [],
    traffic: { attempts: sum((each) => each.traffic.attempts), refusals: {} },
  };
}

function reasonsOf(phase: PhaseResult, testimonyOf: Comparison['testimonyOf']): RetryReason[] {
  const reasons = phase.providers.flatMap(
    ({ provider }) => Object.keys(testimonyOf(provider).retries) as RetryReason[],
  );
  return [...new Set(reasons)].toSorted();
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${(ms / 1_000).toFixed(1)} s`;
}
