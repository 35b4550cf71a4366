import { CircuitState, type IBreaker } from 'cockatiel';
import type { Clock } from '../core/clock.ts';
import type { ResolvedBreaker } from '../options.ts';
import type { InFlight } from './in-flight.ts';
import { SlidingWindow } from './sliding-window.ts';

/**
 * Says when too large a share of the recent attempts failed. Unlike cockatiel's SamplingBreaker its window
 * ages while the lane is idle, and what ends after the circuit has left `closed` cannot disturb a probe.
 */
export class FailureRatio implements IBreaker {
  /** Part of cockatiel's interface; only its serialisation reads it. */
  state: unknown = undefined;
  readonly #threshold: number;
  readonly #minimumAttempts: number;
  readonly #window: SlidingWindow;
  readonly #inFlight: InFlight;
  readonly #circuitClosed: () => boolean;
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** When the first attempt was sent whose failure is among the recent ones. */
  #failingSince = 0;
  #succeededAt = -Infinity;
  /** Failures of what was sent since the last success, and when the first and the last of them were. */
  #inARow = 0;
  #rowFrom = 0;
  #rowTo = 0;
  #tripped = false;

  constructor(options: ResolvedBreaker, clock: Clock, inFlight: InFlight, circuitClosed: () => boolean) {
    this.#threshold = options.threshold;
    this.#minimumAttempts = options.minimumAttempts;
    this.#window = new SlidingWindow(options.windowMs, clock);
    this.#windowMs = options.windowMs;
    this.#clock = clock;
    this.#inFlight = inFlight;
    this.#circuitClosed = circuitClosed;
  }

  success(at: CircuitState): void {
    // A successful probe closes the circuit: what was before it says nothing about the provider now.
    if (at === CircuitState.HalfOpen) this.#window.clear();
    else if (this.#circuitClosed()) this.#window.addFirst();
    this.#succeededAt = this.#clock.now();
    this.#inARow = 0;
  }

  failure(at: CircuitState): boolean {
    if (at !== CircuitState.Closed || !this.#circuitClosed()) return false;
    if (this.#window.second() === 0) this.#failingSince = this.#inFlight.failedFrom;
    this.#window.addSecond();
    this.#addToRow(this.#inFlight.failedFrom);
    if (this.#tripped) {
      this.#tripped = false;
      return true;
    }
    const failures = this.#window.second();
    // A burst before an outage must not outweigh it: nothing but failures is enough.
    return (
      this.#tooMany(failures, failures + this.#window.first(), this.#failingSince) ||
      this.#tooMany(this.#inARow, this.#inARow, this.#rowFrom)
    );
  }

  /** Faults of a burst may come after all of its answers: only what was sent since then counts. */
  #addToRow(sentAt: number): void {
    if (sentAt < this.#succeededAt) return;
    if (this.#inARow === 0 || sentAt - this.#rowTo > this.#windowMs) {
      this.#inARow = 0;
      this.#rowFrom = sentAt;
    }
    this.#rowTo = sentAt;
    this.#inARow++;
  }

  #tooMany(failures: number, attempts: number, since: number): boolean {
    if (attempts < this.#minimumAttempts || failures / attempts < this.#threshold) return false;
    const enough = Math.floor(failures / this.#threshold) - attempts + 1;
    return this.#inFlight.outlasting(since, enough) < enough;
  }

  /** The next failure opens the circuit, whatever the share. */
  trip(): void {
    this.#tripped = true;
  }

  /** Takes back a success that turned out to be a failure; the failure itself is told separately. */
  takeBackSuccess(): void {
    this.#window.addFirst(-1);
  }
}
