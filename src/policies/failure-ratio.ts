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
  /** When the first attempt was sent whose failure is among the recent ones. */
  #failingSince = 0;
  #tripped = false;

  constructor(options: ResolvedBreaker, clock: Clock, inFlight: InFlight, circuitClosed: () => boolean) {
    this.#threshold = options.threshold;
    this.#minimumAttempts = options.minimumAttempts;
    this.#window = new SlidingWindow(options.windowMs, clock);
    this.#inFlight = inFlight;
    this.#circuitClosed = circuitClosed;
  }

  success(at: CircuitState): void {
    // A successful probe closes the circuit: what was before it says nothing about the provider now.
    if (at === CircuitState.HalfOpen) this.#window.clear();
    else if (this.#circuitClosed()) this.#window.addFirst();
  }

  failure(at: CircuitState): boolean {
    if (at !== CircuitState.Closed || !this.#circuitClosed()) return false;
    if (this.#window.second() === 0) this.#failingSince = this.#inFlight.failedFrom;
    this.#window.addSecond();
    if (this.#tripped) {
      this.#tripped = false;
      return true;
    }
    const failures = this.#window.second();
    const attempts = failures + this.#window.first();
    if (attempts < this.#minimumAttempts || failures / attempts < this.#threshold) return false;
    const enough = Math.floor(failures / this.#threshold) - attempts + 1;
    return this.#inFlight.outlasting(this.#failingSince, enough) < enough;
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
