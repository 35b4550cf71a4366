import type { CircuitGate } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { CircuitState } from '../core/event-words.ts';
import type { Passage } from '../core/lane.ts';

/** The circuit of a lane, which lets attempts through as long as the provider answers. */
export interface Breaker extends CircuitGate {
  /**
   * Lets an attempt through, which says how it went; waiting is the queue's job.
   * @throws CircuitOpen when the gate would not have let the caller through.
   */
  enter(): Passage;
  /**
   * An attempt whose passage has counted as a success failed later. `isFurtherFault`: the provider had failed its call
   * before, which was counted.
   */
  recordFailure(isFurtherFault: boolean): void;
  /**
   * Opens a closed circuit at once, for evidence other than its own share of failures. False, and nothing done,
   * where no call would wait for it to close: the breaker is off, or calls fail while it is open.
   */
  trip(): boolean;
  state(): CircuitState;
  /** What the latest attempt that counted as a failure threw; undefined when none did. */
  readonly lastFailure: unknown;
  /** Leaves no timer behind; no callback follows. */
  close(): void;
}

export interface BreakerDeps {
  readonly clock: Clock;
  /** Whether an error says that the provider is failing: 5xx, overload, timeout, network; never 429 or another 4xx. */
  readonly countsAsFailure: (error: unknown) => boolean;
  /**
   * Whether an error says nothing about the provider: cancelled by the application, cut by its deadline, or
   * never sent. A probe that ends so is followed by the next one at once. Any other error that does not
   * count as a failure proves, in a probe, that the provider is alive.
   */
  readonly isNeutral: (error: unknown) => boolean;
  /** Whether an error is a fault of the provider to a call that it had failed before. */
  readonly isFurtherFault: (error: unknown) => boolean;
  readonly onState: (state: CircuitState) => void;
  /** The answer of the gate may have changed: opened, probe due, closed. */
  readonly onWake: () => void;
}
