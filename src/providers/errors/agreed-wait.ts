/** Whole seconds are milliseconds rounded: two that mean the same wait are less than this apart. */
const ROUNDING_MS = 1_000;

/**
 * One wait that is told twice, in milliseconds; the finer unit first. If they differ by no more than the rounding, the
 * finer one is meant: OpenAI sends `retry-after-ms: 174` beside `retry-after: 1`. If they contradict each other, the
 * longer one counts, as it does between header and body: a wait that is too short costs a refusal every time. Azure has
 * sent `retry-after-ms: 0` beside `retry-after: 1` (captured 2026-08-31), which is no request to send at once.
 */
export function agreedWait(fine: number | undefined, coarse: number | undefined): number | undefined {
  if (fine === undefined || coarse === undefined) return fine ?? coarse;
  return Math.abs(fine - coarse) < ROUNDING_MS ? fine : Math.max(fine, coarse);
}
