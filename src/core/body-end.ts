import type { StreamOutcome } from './event-values.ts';
import type { Failure, Outcome, Usage } from './outcome.ts';
import type { ResponseInfo } from './provider.ts';

/** How a response body ended. */
export interface BodyEnd {
  readonly outcome: StreamOutcome;
  readonly usage?: Usage | undefined;
  /** Reads the model, id and finish reasons from the body; called only with a listener. */
  readonly response?: (() => ResponseInfo) | undefined;
  /** Why the body failed; only with `interrupted`. */
  readonly failure?: Failure | undefined;
  /** An error that an answer carries in addition to its content. */
  readonly beside?: Failure | undefined;
  /** The error that its reader gets, if it passed through this package. */
  readonly error?: unknown;
  /** The body of the error event that ended it. Never reported. */
  readonly errorBody?: unknown;
}

/** The outcome of an attempt, given how its body ended. */
export function attemptOutcome({ outcome, failure }: BodyEnd): Outcome {
  switch (outcome) {
    case 'completed':
    case 'unread':
      return 'ok';
    case 'cancelled':
      return 'cancelled';
    case 'interrupted':
      return failure?.outcome ?? 'connection';
  }
}
