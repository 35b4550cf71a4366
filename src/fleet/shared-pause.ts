import type { DividedLane } from '../pacing/limits/limit-divider.ts';

/** Pauses that differ by less are the same. */
const SAME_PAUSE_MS = 25;

/** A pause requested from one process and kept by all. */
export class SharedPause {
  #adoptedUntil = 0;

  /** The pause to report: one that came from the store is no news. */
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
