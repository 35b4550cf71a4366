import type { Registry } from './registry.ts';

/** Seconds without a new item after which a run is over. */
const QUIET_SECONDS = 60;

/** Metrics of a process's batch: present while items come, gone once all have ended. */
export class BatchMetrics {
  readonly #registry: Registry;
  #begun = 0;
  #ended = { answered: 0, failed: 0 };
  #seconds = 0;
  #quiet = QUIET_SECONDS;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  step(arrivals: number): void {
    this.#quiet = arrivals > 0 ? 0 : this.#quiet + 1;
    this.#begun += arrivals;
    this.#seconds += 1;
  }

  ended(how: 'answered' | 'failed', stuck: boolean): void {
    if (!stuck) this.#ended[how] += 1;
  }

  /** @param underWay calls that wait or are in flight */
  gauges(underWay: number): void {
    const { answered, failed } = this.#ended;
    const running = this.#quiet < QUIET_SECONDS || underWay > 0;
    if (!running) {
      this.#begun = this.#seconds = 0;
      this.#ended = { answered: 0, failed: 0 };
    }
    const left = Math.max(0, this.#begun - answered - failed - underWay);
    const values = { answered, failed, in_flight: underWay, left };
    // The gauges of a run end with it.
    this.#set('tidegate.batch.runs', {}, running ? 1 : undefined);
    for (const [state, value] of Object.entries(values)) {
      this.#set('tidegate.batch.items', { 'tidegate.batch.state': state }, running ? value : undefined);
    }
    const known = running && answered > 0;
    const eta = ((left + underWay) * this.#seconds) / Math.max(1, answered);
    this.#set('tidegate.batch.eta_seconds', {}, known ? eta : undefined);
  }

  #set(
    name: 'tidegate.batch.runs' | 'tidegate.batch.items' | 'tidegate.batch.eta_seconds',
    labels: Readonly<Record<string, string>>,
    value: number | undefined,
  ): void {
    if (value === undefined) this.#registry.drop(name, labels);
    else this.#registry.set(name, labels, value);
  }
}
