import { type KeptLane, laneName } from './core/kept-lane.ts';

/** Older than this, limits may be those of another tier: they are found out anew. */
const OLD_MS = 86_400_000;
const MAX_KEPT = 1_000;

/** A lane of an earlier process, and how long ago that was. */
export interface RecalledLane {
  readonly kept: KeptLane;
  readonly ageMs: number;
}

/** What earlier processes knew of lanes that this one has not yet. Each is told once, to the first lane that it fits. */
export class RecalledLanes {
  readonly #lanes = new Map<string, { readonly kept: KeptLane; readonly at: number }>();

  /** `at`: wall-clock time. */
  add(lanes: readonly KeptLane[], at: number): void {
    for (const kept of lanes) {
      if (this.#lanes.size >= MAX_KEPT) this.#lanes.delete(this.#lanes.keys().next().value!);
      this.#lanes.set(laneName(kept), { kept, at });
    }
  }

  take(lane: Parameters<typeof laneName>[0], wall: number): RecalledLane | undefined {
    const name = laneName(lane);
    const found = this.#lanes.get(name);
    this.#lanes.delete(name);
    // A clock that was set back makes nothing younger than now.
    const ageMs = found ? Math.max(0, wall - found.at) : 0;
    return found && ageMs <= OLD_MS ? { kept: found.kept, ageMs } : undefined;
  }
}
