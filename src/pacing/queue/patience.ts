const TIMES = 2;
const MIN_MS = 50;
const MAX_MS = 2_000;

/**
 * How long to wait for the refusal of a call that tries something, when the last refusal took `refusalMs`. Refusals come
 * sooner than answers: a call that is not refused by then was let through.
 */
export function patienceMs(refusalMs: number): number {
  return Math.min(MAX_MS, MIN_MS + TIMES * refusalMs);
}
