import type { LaneState } from './lane-state.ts';

/**
 * Number of processes that probe an unknown lane at first; it doubles in each of these intervals until one knows its
 * limits.
 */
const FIRST = 8;
const DOUBLING_MS = 500;
/** Maximum wait before asking for their findings. */
const MAX_WAIT_MS = 500;

/**
 * How long a process, the `place`-th to join an unknown lane, delays its first call: if a thousand start together and
 * each sends one, all are refused before any of them can report it.
 */
export function firstWaitMs({ limits, since }: LaneState, place: number, now: number): number {
  if (limits.size > 0) return 0;
  return Math.max(0, Math.min(MAX_WAIT_MS, since + DOUBLING_MS * Math.log2(place / FIRST) - now));
}
