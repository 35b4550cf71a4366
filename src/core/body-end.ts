import type { StreamOutcome } from './event-words.ts';
import type { Failure, Outcome, Usage } from './outcome.ts';
import type { ResponseInfo } from './provider.ts';

/** How a response body ended. */
export interface BodyEnd {
  readonly outcome: StreamOutcome;
  readonly usage?: Usage | undefined;
  /** Reads what the body says about its response; called only with a listener. */
  readonly response?: (() => ResponseInfo) | undefined;
  /** What made the body fail; only with `interrupted`. */
  readonly failure?: Failure | undefined;
  /** An error that an answer carries beside its content. */
  readonly beside?: Failure | undefined;
  /** The error that its reader gets, where it passed through our hands. */
  readonly error?: unknown;
  /** The body of the error event that ended it. Told to nobody. */
  readonly errorBody?: unknown;
}

/** What the end of its body makes of an attempt. */
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
