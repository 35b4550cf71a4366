import type { LaneState } from './lane-state.ts';
import type { Report, Stop } from './fleet-store.ts';

/** A stop without a known end is believed for this long; a process that meets it again reports it again. */
const BELIEVED_MS = 120_000;

/** Adopts what one process found out, to spare the others from finding it out. */
export function adoptFindings(lane: LaneState, { stop, opens, circuitMs, learned }: Report, now: number): void {
  if (circuitMs > 0) lane.circuitUntil = Math.max(lane.circuitUntil, now + circuitMs);
  else if (circuitMs < 0) lane.circuitUntil = 0;
  if (stop) {
    const { forMs, ...rest } = stop;
    lane.stop = { ...rest, until: now + (forMs < 0 ? BELIEVED_MS : forMs) };
  } else if (opens) lane.stop = undefined;
  if (learned !== undefined) lane.learned = learned;
}

export function stopOf({ stop }: LaneState, now: number): Stop | undefined {
  if (!stop || stop.until <= now) return undefined;
  const { until, ...rest } = stop;
  return { ...rest, forMs: until - now };
}
