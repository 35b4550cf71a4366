import type { Clock } from '../core/clock.ts';
import { keepLanes, recallLanes } from '../core/kept-lane.ts';
import type { Journal } from './journal.ts';

/** Minimum interval between saves at first; later it is a fiftieth of the elapsed time, so that few rows are added. */
const FIRST_MS = 1_000;
const SHARE = 1 / 50;

/** Starts a run with the limits that the journal's previous run knew, and saves them for the next one. */
export class LimitsKeeper {
  readonly #journal: Journal;
  readonly #guard: object;
  readonly #lanes: ReadonlySet<string>;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #keptAt = -Infinity;

  /** `lanes`: those that the run's calls take. */
  constructor(journal: Journal, guard: object, lanes: ReadonlySet<string>, clock: Clock) {
    this.#journal = journal;
    this.#guard = guard;
    this.#lanes = lanes;
    this.#clock = clock;
    this.#startedAt = clock.now();
    const { limits } = journal;
    if (limits) recallLanes(guard, limits.lanes, limits.at);
  }

  /** A row is about to be written. */
  rowEnded(): void {
    const now = this.#clock.now();
    if (now - this.#keptAt < Math.max(FIRST_MS, SHARE * (now - this.#startedAt))) return;
    this.#keptAt = now;
    this.keep();
  }

  keep(): void {
    const lanes = keepLanes(this.#guard, this.#lanes);
    if (lanes.length > 0) this.#journal.keepLimits({ limits: { at: this.#clock.wall(), lanes } });
  }
}
