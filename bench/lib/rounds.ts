/** One way of making calls, compared with the others. */
export interface Variant {
  readonly name: string;
  /** Run before and after each measurement, outside of it. */
  readonly before?: () => void;
  readonly after?: () => void;
  call(): Promise<unknown>;
}

export interface RoundOptions {
  readonly rounds: number;
  /** Calls per measurement; a multiple of `CONCURRENCY`. */
  readonly calls: number;
  /** Calls of each variant before the first round, in which the engine compiles and optimizes the code. */
  readonly warmUp: number;
}

/** CPU microseconds per call: one row per round, one column per variant. */
export type Samples = readonly (readonly number[])[];

/** Calls in flight at once. */
export const CONCURRENCY = 8;

/**
 * Measures the variants in turn, round after round, so that load on the machine affects all of them alike. The order
 * rotates between rounds. No collection is forced: a full one discards optimized code, and a variant's garbage is part
 * of its cost.
 */
export async function measure(variants: readonly Variant[], options: RoundOptions): Promise<Samples> {
  const samples: number[][] = [];
  for (const variant of variants) await cpuPerCall(variant, options.warmUp);
  for (let round = 0; round < options.rounds; round++) {
    const row: number[] = [];
    for (let turn = 0; turn < variants.length; turn++) {
      const index = (turn + round) % variants.length;
      row[index] = await cpuPerCall(variants[index]!, options.calls);
    }
    samples.push(row);
  }
  return samples;
}

async function cpuPerCall(variant: Variant, calls: number): Promise<number> {
  variant.before?.();
  await run(variant, CONCURRENCY);
  const start = process.cpuUsage();
  await run(variant, calls);
  const { user, system } = process.cpuUsage(start);
  variant.after?.();
  return (user + system) / calls;
}

/** Makes calls, some at a time. */
export async function run(variant: Variant, calls: number): Promise<void> {
  for (let done = 0; done < calls; done += CONCURRENCY) {
    await Promise.all(Array.from({ length: CONCURRENCY }, () => variant.call()));
    // Lets timers and exporters run, as a server's event loop does between requests.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One variant against another: medians over the rounds, each compared within its own round. */
export interface Comparison {
  readonly median: number;
  readonly difference: number;
  /** Quartiles of the differences. */
  readonly low: number;
  readonly high: number;
  readonly ratio: number;
  /** Difference between the lowest deciles: what remains on a quiet machine. */
  readonly quiet: number;
}

export function compare(samples: Samples, variant: number, base: number): Comparison {
  const differences = samples.map((row) => row[variant]! - row[base]!);
  return {
    median: quantile(
      samples.map((row) => row[variant]!),
      0.5,
    ),
    difference: quantile(differences, 0.5),
    low: quantile(differences, 0.25),
    high: quantile(differences, 0.75),
    ratio: quantile(
      samples.map((row) => row[variant]! / row[base]!),
      0.5,
    ),
    quiet:
      quantile(
        samples.map((row) => row[variant]!),
        0.1,
      ) -
      quantile(
        samples.map((row) => row[base]!),
        0.1,
      ),
  };
}

/** Linear interpolation. `values` must not be empty. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}
