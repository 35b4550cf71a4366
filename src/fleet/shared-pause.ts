import type { DividedLane } from '../pacing/limits/division.ts';

/** How unlike two pauses must be. */
const SAME_PAUSE_MS = 25;

/** A pause that one process is asked for, and that all keep. */
export class SharedPause {
  #adoptedUntil = 0;

  /** What to tell the store: what it told itself is no news. */
  report(lane: DividedLane, now: number): number {
    const pausedMs = lane.pausedForMs();
    return now + pausedMs > this.#adoptedUntil + SAME_PAUSE_MS ? pausedMs : 0;
  }

  adopt(lane: DividedLane, ms: number, now: number): void {
    if (ms <= lane.pausedForMs() + SAME_PAUSE_MS) return;
    this.#adoptedUntil = now + ms;
    lane.pauseFor(ms);
  }
}
