import type { AdmissionRefused, RefusalReason } from './admission.ts';
import type { CallOutcome, GiveUpReason } from './event-values.ts';
import type { ErrorDetails, TidegateErrorCode } from '../errors.ts';

/** The error for a call that its lane refused. */
export interface Refusal {
  readonly code: TidegateErrorCode;
  /** Outcome in the error's details. */
  readonly outcome: ErrorDetails['outcome'];
  readonly result: CallOutcome;
  readonly errorType: string;
  readonly gaveUp: GiveUpReason;
  /** Used if no failure of the provider has advice. */
  readonly advice: string;
  message(refusal: AdmissionRefused, lane: string): string;
}

export const REFUSALS: Readonly<Record<RefusalReason, Refusal>> = {
  deadline: {
    code: 'deadline_exceeded',
    outcome: 'timeout',
    result: 'timeout',
    errorType: 'deadline_exceeded',
    gaveUp: 'max_wait',
    advice: 'Slow down requests, or give the call a longer deadline.',
    message: (refusal, lane) => `The call to ${lane} cannot be sent in time${wait(refusal)}.`,
  },
  queue_full: {
    code: 'queue_full',
    outcome: 'throttled',
    result: 'rejected_bulkhead',
    errorType: 'bulkhead_full',
    gaveUp: 'max_wait',
    advice: 'Slow down requests, or raise bulkhead.maxQueued.',
    message: (_refusal, lane) => `The queue of ${lane} is full.`,
  },
  too_large: {
    code: 'too_large',
    outcome: 'too_large',
    result: 'client_error',
    errorType: 'too_large',
    gaveUp: 'max_wait',
    advice: 'Shrink the prompt or the requested output: the limit can never admit this request.',
    message: ({ requested, dimension, limit }, lane) =>
      `The request needs ${requested} ${dimension}, ${lane} admits at most ${limit}.`,
  },
  quota: {
    code: 'quota_exhausted',
    outcome: 'quota_exhausted',
    result: 'retries_exhausted',
    errorType: 'quota_exhausted',
    gaveUp: 'max_wait',
    advice: 'Fix the billing of the account: waiting does not help.',
    message: (_refusal, lane) => `The quota of ${lane} is exhausted.`,
  },
  day_limit: {
    code: 'day_limit',
    outcome: 'throttled',
    result: 'retries_exhausted',
    errorType: 'day_limit',
    gaveUp: 'max_wait',
    advice: 'Raise the tier, or go on when the daily limit has reset.',
    message: (refusal, lane) => `The daily limit of ${lane} is used up${wait(refusal)}.`,
  },
  circuit_open: {
    code: 'circuit_open',
    outcome: 'overloaded',
    result: 'rejected_circuit',
    errorType: 'circuit_open',
    gaveUp: 'circuit',
    advice: 'Wait until the provider has recovered.',
    message: (refusal, lane) => `The circuit of ${lane} is open${wait(refusal)}.`,
  },
  closed: {
    code: 'closed',
    outcome: 'cancelled',
    result: 'cancelled',
    errorType: 'closed',
    gaveUp: 'closed',
    advice: 'Create a new guard: this one was closed.',
    message: (_refusal, lane) => `The guard of ${lane} is closed.`,
  },
};

function wait({ waitMs }: AdmissionRefused): string {
  return waitMs === undefined ? '' : ` (the wait would be ${Math.ceil(waitMs)} ms)`;
}
