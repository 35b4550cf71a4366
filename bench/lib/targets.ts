/** Wall time over the lower bound, and the share of unsuccessful attempts. */
export interface Target {
  readonly ratio: number;
  readonly waste: number;
}

/** tidegate's design targets, by what happens to its limits. */
export const TARGETS = {
  steady: { ratio: 1.02, waste: 0.01 },
  change: { ratio: 1.03, waste: 0.02 },
  shared: { ratio: 1.05, waste: 0.02 },
  silent: { ratio: 1.15, waste: 0.08 },
} as const satisfies Record<string, Target>;
