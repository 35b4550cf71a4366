/** What a run of many calls tells of itself while it lasts. */
export interface RunCounts {
  /** Finished, failed ones included. */
  readonly done: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Items in all; undefined where nobody knows. */
  readonly total: number | undefined;
  readonly eta: { readonly toSeconds: number } | undefined;
}

/** What a guard has beside what is public: a run may come from another copy of the package than its guard. */
export interface HasRuns {
  /** Batches that are going on. */
  readonly runs: Set<() => RunCounts | undefined>;
}

/** Lets a guard tell of a run until the returned function is called. Nothing happens where it cannot. */
export function followRun(guard: object, read: () => RunCounts | undefined): () => void {
  const { runs } = guard as Partial<HasRuns>;
  runs?.add(read);
  return () => void runs?.delete(read);
}
