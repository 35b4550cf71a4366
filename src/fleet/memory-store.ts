import type { Clock } from '../core/clock.ts';
import { divide } from './divide.ts';
import { type LaneState, newLane } from './lane-state.ts';
import type { FleetStore, Grant, Report } from './protocol.ts';

/** A store for processes of one program: tests and simulations. */
export class MemoryStore implements FleetStore {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, LaneState>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  exchange(lane: string, report: Report): Promise<Grant> {
    const now = this.#clock.wall();
    let state = this.#lanes.get(lane);
    if (!state) this.#lanes.set(lane, (state = newLane(now)));
    return Promise.resolve(divide(state, report, now));
  }
}
