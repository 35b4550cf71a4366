import type { LaneState } from './lane-state.ts';
import type { News, Report } from './protocol.ts';
import { cycleMs } from './turn-time.ts';

/** Processes that come this often hear of it then. */
export const OFTEN_MS = 470;

interface Before {
  readonly epoch: number;
  readonly pauseUntil: number;
  readonly circuitUntil: number;
}

/** What an exchange has changed that processes which come seldom must hear of at once; undefined where nothing has. */
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
