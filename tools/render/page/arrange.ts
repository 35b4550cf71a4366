import type { Named } from './data.ts';

/** Sizes of a legend in pixels, and how many rows it may have. */
export const LEGEND = { row: 20, rows: 2, character: 5.6, symbol: 30 };

/** Names that fit a legend of a few rows, the first ones first. */
export function fit(
  all: readonly string[],
  width: number,
): { readonly names: readonly string[]; readonly rows: number } {
  const names: string[] = [];
  let rows = 1;
  let used = 0;
  for (const name of new Set(all)) {
    const needs = LEGEND.symbol + name.length * LEGEND.character;
    if (used > 0 && used + needs > width) {
      if (rows === LEGEND.rows) break;
      rows += 1;
      used = 0;
    }
    used += needs;
    names.push(name);
  }
  return { names, rows };
}

/** A value at every time of the stack: a layer with gaps would be stacked on the wrong one. */
export function stackable(
  values: Named['values'],
  sums: ReadonlyMap<number, number>,
  percent: boolean,
): [number, number][] {
  const own = new Map(values);
  return [...sums].map(([at, sum]) => [at * 1_000, (own.get(at) || 0) / (percent ? sum || 1 : 1)]);
}

/** Sums over all series, in order of time. */
export function totals(series: readonly Named[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { values } of series) for (const [at, value] of values) sums.set(at, (sums.get(at) ?? 0) + (value || 0));
  return new Map([...sums].toSorted(([a], [b]) => a - b));
}

/** Cumulative `le` buckets as bands: upper bound, and counts by time. */
export function bandsOf(series: readonly Named[]): {
  readonly bands: readonly number[];
  readonly times: readonly number[];
  /** Index of the time, index of the band, count; empty bands are omitted. */
  readonly cells: readonly (readonly [number, number, number])[];
} {
  const buckets = series.toSorted((a, b) => upperBound(a) - upperBound(b));
  const times = [...new Set(buckets.flatMap(({ values }) => values.map(([at]) => at)))].toSorted((a, b) => a - b);
  const index = new Map(times.map((at, position) => [at, position]));
  const below = new Map<number, number>();
  const cells: [number, number, number][] = [];
  for (const [row, { values }] of buckets.entries()) {
    for (const [at, value] of values) {
      const count = value - (below.get(at) ?? 0);
      below.set(at, value);
      if (count > 0.01) cells.push([index.get(at)!, row, count]);
    }
  }
  return { bands: buckets.map(upperBound), times, cells };
}

function upperBound({ metric }: Named): number {
  return metric['le'] === '+Inf' ? Infinity : Number(metric['le']);
}
