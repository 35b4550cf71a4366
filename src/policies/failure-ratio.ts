import { CircuitState, type IBreaker } from 'cockatiel';
import type { Clock } from '../core/clock.ts';
import type { ResolvedBreaker } from '../options.ts';
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
  readonly #circuitClosed: () => boolean;

  #tripped = false;

  constructor(options: ResolvedBreaker, clock: Clock, circuitClosed: () => boolean) {
    this.#threshold = options.threshold;
    this.#minimumAttempts = options.minimumAttempts;
    this.#window = new SlidingWindow(options.windowMs, clock);
    this.#circuitClosed = circuitClosed;
  }

  success(at: CircuitState): void {
    // A successful probe closes the circuit: what was before it says nothing about the provider now.
    if (at === CircuitState.HalfOpen) this.#window.clear();
    else if (this.#circuitClosed()) this.#window.addFirst();
  }

  failure(at: CircuitState): boolean {
    if (at !== CircuitState.Closed || !this.#circuitClosed()) return false;
    this.#window.addSecond();
    if (this.#tripped) {
      this.#tripped = false;
      return true;
    }
    const failures = this.#window.second();
    const attempts = failures + this.#window.first();
    return attempts >= this.#minimumAttempts && failures / attempts >= this.#threshold;
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
