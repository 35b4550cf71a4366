/**
 * Length of a turn: one process at a time gets the refill of this time, so a lane makes about one exchange per turn.
 */
export const TURN_MS = 65;
/** Longest wait for a turn, however many processes there are. */
const MAX_CYCLE_MS = 4_000;

/** Time in which each of `processes` has one turn. */
export function cycleMs(processes: number): number {
  return Math.min(MAX_CYCLE_MS, TURN_MS * processes);
}

/** Length of a turn among this many processes. */
export function turnMs(processes: number): number {
  return cycleMs(processes) / Math.max(1, processes);
}

/**
 * With more waiting processes than this they take turns; fewer exchange so often that they notice a refill faster than
 * stated.
 */
export const CROWD = 16;
