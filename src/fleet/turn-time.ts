/** One process at a time gets what comes in so long; all of a lane together come about once in it. */
export const TURN_MS = 65;
/** Nobody waits longer for his turn, however many there are. */
const MAX_CYCLE_MS = 4_000;

/** Time in which each of so many processes has its turn. */
export function cycleMs(processes: number): number {
  return Math.min(MAX_CYCLE_MS, TURN_MS * processes);
}

/** Time for which each of so many has his turn. */
export function turnMs(processes: number): number {
  return cycleMs(processes) / Math.max(1, processes);
}

/** More who wait than this have turns; fewer come often anyway, and find out by that where a limit comes faster than it is told to. */
export const CROWD = 16;
