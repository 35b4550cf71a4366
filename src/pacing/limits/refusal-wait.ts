const TIMES = 2;
const MIN_MS = 50;

/**
 * How long to wait for a probe's refusal, given that refusals take `refusalMs`; `mostMs` at most. Refusals arrive
 * sooner than answers, so a call that has not been refused by then was let through.
 */
export function refusalWaitMs(refusalMs: number, mostMs: number = Infinity): number {
  return Math.min(mostMs, MIN_MS + TIMES * refusalMs);
}
