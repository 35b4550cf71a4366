const TIMES = 2;
const MIN_MS = 50;

/**
 * How long to wait for the refusal of a call that tries something, when refusals take `refusalMs`, and no longer than
 * `mostMs`. Refusals come sooner than answers: a call that is not refused by then was let through.
 */
export function refusalWaitMs(refusalMs: number, mostMs: number = Infinity): number {
  return Math.min(mostMs, MIN_MS + TIMES * refusalMs);
}
