import type { Linked } from '../../core/linked-list.ts';

/** An attempt that is not over yet. */
export interface SentAttempt extends Linked<SentAttempt> {
  /** Order of sending. */
  readonly sequence: number;
  readonly sentAt: number;
  /** Attempts of the lane in flight when it was sent, itself included. */
  readonly inFlight: number;
  /** Its answer has begun, or there will be none. */
  readonly answered: boolean;
}
