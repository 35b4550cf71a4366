/** Length of a turn: one process at a time gets the refill of it, and a lane makes about one exchange in it. */
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

/** More waiting processes than this take turns; fewer come often, and so notice a faster refill than is stated. */
export const CROWD = 16;
