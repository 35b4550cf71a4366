import { quantile } from '../../lib/quantile.ts';
import type { CaseResult } from './run-case.ts';

/** The pacer's targets on draws that were not used for tuning. */
const AIM = {
  ratio: { median: 1.02, p95: 1.06, worst: 1.25 },
  waste: { median: 0.005, p95: 0.03 },
} as const;
const SLOW_MS = 5_000;
const WORST = 10;

interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
}

export interface Summary {
  readonly contestant: string;
  readonly cases: number;
  readonly ratio: Spread;
  readonly asked: Spread;
  readonly waste: Spread;
  /** The minimum that any client could have. */
  readonly leastWaste: Spread;
  /** Cases in which less than 90 % was used for more than 5 s. */
  readonly slow: number;
  readonly lost: number;
  readonly calls: number;
}

/** `name` is that of the contestant, unless it is a part of the draws. */
export function summarize(results: readonly CaseResult[], name = results[0]?.contestant ?? ''): Summary {
  const spread = (of: (each: CaseResult) => number): Spread => {
    const values = results.map(of).toSorted((a, b) => a - b);
    return { median: quantile(values, 0.5), p95: quantile(values, 0.95), worst: values.at(-1) ?? 0 };
  };
  return {
    contestant: name,
    cases: results.length,
    ratio: spread((each) => each.ratio),
    asked: spread((each) => each.askedRatio),
    waste: spread((each) => each.waste),
    leastWaste: spread((each) => each.leastWaste),
    slow: results.filter((each) => each.slowMs > SLOW_MS).length,
    lost: results.reduce((sum, each) => sum + each.lost, 0),
    calls: results.reduce((sum, each) => sum + each.calls, 0),
  };
}

const DISCLOSURES = {
  told: 'answers tell all that holds calls back',
  misled: 'answers tell of something else',
  blind: 'nothing but refusals tells',
} as const satisfies Record<CaseResult['disclosure'], string>;

/** One summary for each way in which the binding limits are revealed, or not. */
export function byDisclosure(results: readonly CaseResult[]): Summary[] {
  return Object.entries(DISCLOSURES).flatMap(([disclosure, words]) => {
    const group = results.filter((each) => each.disclosure === disclosure);
    return group.length === 0 ? [] : [summarize(group, `  ${words}`)];
  });
}

export function table(summaries: readonly Summary[]): string {
  const rows = [
    [
      '',
      'wall/bound median',
      'p95',
      'worst',
      'asked median',
      'p95',
      'worst',
      'waste % median',
      'p95',
      'worst',
      'least % median',
      'p95',
      'draws',
      'slow',
      'lost',
      'calls',
    ],
    ...summaries.map(({ contestant, cases, ratio, asked, waste, leastWaste, slow, lost, calls }) => [
      contestant,
      ...[ratio, asked].flatMap(({ median, p95, worst }) => [median, p95, worst].map(times)),
      ...[waste.median, waste.p95, waste.worst, leastWaste.median, leastWaste.p95].map(percent),
      String(cases),
      ...[slow, lost, calls].map(String),
    ]),
    [
      'aim',
      ...[AIM.ratio.median, AIM.ratio.p95, AIM.ratio.worst].map(times),
      '',
      '',
      '',
      ...[AIM.waste.median, AIM.waste.p95].map(percent),
      '',
      '',
      '',
      '',
      '0',
      '0',
      '',
    ],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!))).join('  '),
    )
    .join('\n');
}

/** The slowest, the most wasteful and the losing cases first, with the command that repeats each. */
export function worst(results: readonly CaseResult[]): string {
  return [...results]
    .sort((a, b) => badness(b) - badness(a))
    .slice(0, WORST)
    .map((each) => `${line(each)}\n    node bench/sim/run.ts ${each.case.command}`)
    .join('\n');
}

export function line(result: CaseResult): string {
  const { contestant, ratio, askedRatio, wallMs, boundMs, waste, leastWaste, throttled, slowMs, lost } = result;
  const cells = [
    contestant.padEnd(8),
    times(ratio).padStart(7),
    `asked ${times(askedRatio)}`,
    `${(wallMs / 1_000).toFixed(1)} of ${(boundMs / 1_000).toFixed(1)} s`,
    `waste ${percent(waste)} %${leastWaste > 0 ? ` (at least ${percent(leastWaste)})` : ''}`,
    `429 ${percent(throttled)} %`,
    slowMs > SLOW_MS ? `slow ${(slowMs / 1_000).toFixed(0)} s` : '',
    lost > 0 ? `LOST ${lost}` : '',
  ];
  return `${cells.filter((cell) => cell !== '').join('  ')}  ${result.case.name}`;
}

function badness({ ratio, waste, lost, calls }: CaseResult): number {
  // Cases that lost calls come first, by how many.
  if (lost > 0) return 1e6 * (1 + lost / calls);
  return ratio / AIM.ratio.p95 - 1 + (waste / AIM.waste.p95) * 0.05;
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}

export function times(ratio: number): string {
  return ratio === Infinity ? 'lost' : ratio.toFixed(3);
}
