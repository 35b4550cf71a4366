import type { LaneState } from './lane-state.ts';

/** So many find out what a lane lets through; while nobody has, twice as many in each of these times. */
const FIRST = 8;
const DOUBLING_MS = 500;
/** What they find out is looked for this often at least. */
const MAX_WAIT_MS = 500;

/**
 * How long a process waits with its first call, which was the `place`-th to come to a lane of which nothing is known: a
 * call each of a thousand that start together would be refused before any of them could tell the others.
 */
export function firstWaitMs({ limits, since }: LaneState, place: number, now: number): number {
  if (limits.size > 0) return 0;
  return Math.max(0, Math.min(MAX_WAIT_MS, since + DOUBLING_MS * Math.log2(place / FIRST) - now));
}
