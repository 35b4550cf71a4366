import type { LaneState } from './lane-state.ts';
import { areTried, isEnding } from './levels.ts';
import type { News, Report } from './fleet-store.ts';
import { cycleMs } from './turn-time.ts';

/** Processes that exchange this often get the news with their next grant. */
export const OFTEN_MS = 470;

/**
 * Whether everything that waits can go now; processes that exchange seldom would otherwise hear of it at their next
 * turn.
 */
export function lastCallsOf(lane: LaneState, now: number): News | undefined {
  const before = lane.ends;
  lane.ends = lane.waiting.length > 0 && areTried(lane.limits.values(), now) && isEnding(lane);
  const isFar = cycleMs(lane.processes.size) > OFTEN_MS;
  return lane.ends && !before && isFar ? { pauseMs: 0, voids: false, ends: true } : undefined;
}

interface Before {
  readonly epoch: number;
  readonly pauseUntil: number;
  readonly circuitUntil: number;
}

/** Changes by an exchange that processes which exchange seldom must know at once; undefined if there are none. */
export function newsOf(
  lane: LaneState,
  before: Before,
  { stop, opens, renewMs = 0 }: Report,
  now: number,
): News | undefined {
  if (Math.max(renewMs, cycleMs(lane.wanting)) <= OFTEN_MS) return undefined;
  const paused = lane.pauseUntil !== before.pauseUntil;
  const voids = lane.epoch - before.epoch > Number(paused);
  if (!paused && !voids && !stop && !opens && lane.circuitUntil === before.circuitUntil) return undefined;
  return { pauseMs: paused ? lane.pauseUntil - now : 0, voids };
}
