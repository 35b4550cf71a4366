import { keepNewest } from './core/keep-newest.ts';
import type { KeptLane } from './core/kept-lane.ts';

/** Older limits may be those of another tier, so they are learned again. */
const OLD_MS = 86_400_000;
const MAX_KEPT = 2_000;

/** What was known about a lane, and how long ago. */
export interface RecalledLane {
  readonly kept: KeptLane;
  readonly ageMs: number;
}

/**
 * What is known about lanes that do not exist: an earlier process's, or dropped ones. Given once to the lane that
 * returns.
 */
export class RecalledLanes {
  readonly #lanes = new Map<string, { readonly kept: KeptLane; readonly at: number }>();

  /** `at`: wall-clock time. */
  keep(key: string, kept: KeptLane, at: number): void {
    keepNewest(this.#lanes, key, { kept, at }, MAX_KEPT);
  }

  take(key: string, wall: number): RecalledLane | undefined {
    const found = this.#lanes.get(key);
    this.#lanes.delete(key);
    // A clock that was set back must not yield a negative age.
    const ageMs = found ? Math.max(0, wall - found.at) : 0;
    return found && ageMs <= OLD_MS ? { kept: found.kept, ageMs } : undefined;
  }
}
