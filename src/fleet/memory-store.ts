import type { Clock } from '../core/clock.ts';
import { divide } from './divide.ts';
import { type LaneState, newLane } from './lane-state.ts';
import type { FleetStore, Grant, NewsListener, Report } from './fleet-store.ts';

/** An in-memory store for tests and simulations. */
export class MemoryStore implements FleetStore {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, LaneState>();
  readonly #listeners = new Map<string, Set<NewsListener>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  exchange(lane: string, report: Report): Promise<Grant> {
    const now = this.#clock.wall();
    let state = this.#lanes.get(lane);
    if (!state) this.#lanes.set(lane, (state = newLane(now)));
    const grant = divide(state, report, now);
    const { news } = state;
    if (news) for (const { onNews } of this.#listeners.get(lane) ?? []) onNews(news);
    return Promise.resolve(grant);
  }

  listen(lane: string, listener: NewsListener): () => void {
    const listeners = this.#listeners.get(lane) ?? new Set();
    this.#listeners.set(lane, listeners.add(listener));
    listener.onHears(true);
    return () => listeners.delete(listener);
  }
}
