import type { Dimension } from '../core/dimensions.ts';
import type { Failure } from '../core/outcome.ts';
import type { Closed, ClosureReason } from '../pacing/queue/exhausted-lane.ts';
import type { DividedLane } from '../pacing/limits/limit-divider.ts';
import type { Grant, Report, Stop } from './fleet-store.ts';
import { SharedLearning } from './shared-learning.ts';

const ADVICE = 'Another process of this account was refused: see its first error for what to do.';

/**
 * Findings of one process that spare the others from making them: an exhausted quota, a provider that is down, learned
 * token usage.
 */
export class SharedFindings {
  readonly #trip: () => boolean;
  readonly #learning = new SharedLearning();
  /** What closed the lane according to the store, and whether another process found it. */
  #told: Closed | undefined;
  #adopted = false;
  #circuitMs = 0;
  #changedAt = -Infinity;
  #tripped = false;
  #isOpen = false;

  /** `trip` soon opens a closed circuit; it returns whether the circuit was closed. */
  constructor(trip: () => boolean) {
    this.#trip = trip;
  }

  circuit(openForMs: number, now: number): void {
    this.#changedAt = now;
    this.#isOpen = openForMs > 0;
    // A stop reported by another process is no news.
    if (openForMs > 0 && this.#tripped) this.#tripped = false;
    else this.#circuitMs = openForMs > 0 ? openForMs : -1;
  }

  report(lane: DividedLane, now: number): Pick<Report, 'stop' | 'opens' | 'circuitMs' | 'learned'> {
    return { ...this.#closure(lane, now), learned: this.#learning.report(lane, now) };
  }

  #closure(lane: DividedLane, now: number): Pick<Report, 'stop' | 'opens' | 'circuitMs'> {
    const circuitMs = this.#circuitMs;
    this.#circuitMs = 0;
    const closed = lane.closed();
    const opens = closed === undefined && this.#told !== undefined;
    const isNews = closed !== undefined && closed.failure !== this.#told?.failure;
    this.#told = closed;
    if (!isNews) return { stop: undefined, opens, circuitMs };
    this.#adopted = false;
    const { dimension, limit, outcome } = closed.failure;
    const forMs = closed.until === Infinity ? -1 : closed.until - now;
    return { stop: { reason: closed.reason, outcome, dimension, limit, forMs }, opens: false, circuitMs };
  }

  granted(lane: DividedLane, { stop, circuitMs, learned }: Grant, sentAt: number, now: number): void {
    this.#learning.granted(lane, learned);
    const isNews = !this.#isOpen && !this.#tripped && sentAt >= this.#changedAt;
    if (circuitMs > 0 && isNews) this.#tripped = this.#trip();
    const closed = lane.closed();
    if (stop && !closed) this.#adopt(lane, stop, now);
    else if (!stop && closed && this.#adopted && closed.failure === this.#told?.failure) {
      lane.open();
      this.#told = undefined;
    }
  }

  #adopt(lane: DividedLane, stop: Stop, now: number): void {
    // A call has succeeded meanwhile, which is not reported yet.
    if (this.#told) return;
    const failure: Failure = {
      outcome: stop.outcome as Failure['outcome'],
      ...(stop.dimension !== undefined && { dimension: stop.dimension as Dimension }),
      ...(stop.limit !== undefined && { limit: stop.limit }),
      retryable: false,
      advice: ADVICE,
    };
    const closed: Closed = { reason: stop.reason as ClosureReason, failure, until: now + stop.forMs };
    this.#told = closed;
    this.#adopted = true;
    lane.close(closed);
  }
}
