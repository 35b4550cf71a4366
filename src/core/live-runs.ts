/** Progress of a batch while it runs. */
export interface RunCounts {
  /** Finished items, including failed ones. */
  readonly done: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Total items; undefined if unknown. */
  readonly total: number | undefined;
  readonly eta: { readonly toSeconds: number } | undefined;
}

/** Internal members of a guard, optional because a run and its guard may come from different copies of the package. */
export interface HasRuns {
  /** Running batches. */
  readonly runs: Set<() => RunCounts | undefined>;
}

/** Lets a guard report a run, if it supports that, until the returned function is called. */
export function followRun(guard: object, read: () => RunCounts | undefined): () => void {
  const { runs } = guard as Partial<HasRuns>;
  runs?.add(read);
  return () => void runs?.delete(read);
}
