import type { CircuitGate } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { CircuitState } from '../core/event-values.ts';
import type { Passage } from '../core/lane.ts';

/** A lane's circuit, which lets attempts through as long as the provider answers. */
export interface Breaker extends CircuitGate {
  /**
   * Lets an attempt through, which then reports its outcome. Waiting is the queue's job.
   * @throws CircuitOpen if the gate would not have let the caller through
   */
  enter(): Passage;
  /**
   * An attempt already counted as a success failed later. `isFurtherFault`: an earlier fault of the same call was
   * already counted.
   */
  recordFailure(isFurtherFault: boolean): void;
  /**
   * Opens a closed circuit at once, on evidence other than its own share of failures. Returns false without opening it
   * if no call would wait for it to close: the breaker is off, or calls fail while it is open.
   */
  trip(): boolean;
  state(): CircuitState;
  /** The error of the latest attempt that counted as a failure, if any. */
  readonly lastFailure: unknown;
  /** Leaves no timer behind and calls nothing back. */
  close(): void;
}

export interface BreakerDeps {
  readonly clock: Clock;
  /** Whether an error means that the provider is failing: 5xx, overload, timeout, network; never 429 or another 4xx. */
  readonly countsAsFailure: (error: unknown) => boolean;
  /**
   * Whether an error says nothing about the provider: cancelled by the application, cut off by its deadline, or never
   * sent. A probe with such an error is followed by the next one at once. In a probe, any other error that does not
   * count as a failure proves that the provider is alive.
   */
  readonly isNeutral: (error: unknown) => boolean;
  /** Whether an error is a further fault of the provider for the same call. */
  readonly isFurtherFault: (error: unknown) => boolean;
  readonly onState: (state: CircuitState) => void;
  /** The gate's state may have changed: opened, probe due, closed. */
  readonly onWake: () => void;
}
