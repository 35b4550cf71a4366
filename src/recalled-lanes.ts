import { keepNewest } from './core/keep-newest.ts';
import type { KeptLane } from './core/kept-lane.ts';

/** Older than this, limits may be those of another tier: they are found out anew. */
const OLD_MS = 86_400_000;
const MAX_KEPT = 2_000;

/** What was known of a lane, and how long ago that was. */
export interface RecalledLane {
  readonly kept: KeptLane;
  readonly ageMs: number;
}

/** What is known of lanes that do not exist now: an earlier process's, or dropped ones. Handed once to the lane that replaces it. */
export class RecalledLanes {
  readonly #lanes = new Map<string, { readonly kept: KeptLane; readonly at: number }>();

  /** `at`: wall-clock time. */
  keep(key: string, kept: KeptLane, at: number): void {
    keepNewest(this.#lanes, key, { kept, at }, MAX_KEPT);
  }

  take(key: string, wall: number): RecalledLane | undefined {
    const found = this.#lanes.get(key);
    this.#lanes.delete(key);
    // A clock that was set back makes nothing younger than now.
    const ageMs = found ? Math.max(0, wall - found.at) : 0;
    return found && ageMs <= OLD_MS ? { kept: found.kept, ageMs } : undefined;
  }
}
