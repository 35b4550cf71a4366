import type { TidegateErrorCode } from '../errors.ts';
import type { Failure, TimeLimit } from './outcome.ts';

const CODES = {
  deadline: 'deadline_exceeded',
  first_content: 'first_content_timeout',
  stall: 'stall_timeout',
} as const satisfies Record<TimeLimit, TidegateErrorCode>;

const ADVICE: Readonly<Record<TimeLimit, string>> = {
  deadline: 'Slow down requests, or give the call a longer deadline.',
  first_content: 'Raise firstContentTimeoutMs, or use a model that answers sooner.',
  stall: 'Send the request again, or raise stallTimeoutMs where the model pauses for longer.',
};

/** Ends an exchange whose time is up. Internal: applications see an error of their SDK's classes. */
export class TimeUp extends Error {
  override readonly name = 'TimeoutError';
  readonly limit: TimeLimit;

  constructor(limit: TimeLimit) {
    super(CODES[limit]);
    this.limit = limit;
  }
}

/** The failure of an exchange that ran out of time. Only one without any content yet is retried. */
export function timeFailure(limit: TimeLimit): Failure {
  return {
    outcome: 'timeout',
    timeLimit: limit,
    code: CODES[limit],
    retryable: limit === 'first_content',
    ...(limit === 'deadline' ? { cutByCaller: true } : {}),
    advice: ADVICE[limit],
  };
}

export function timeCode(limit: TimeLimit): TidegateErrorCode {
  return CODES[limit];
}

export function timeMessage(limit: TimeLimit, lane: string): string {
  switch (limit) {
    case 'deadline':
      return `The call to ${lane} did not finish before its deadline.`;
    case 'first_content':
      return `The stream of ${lane} brought no content in time.`;
    case 'stall':
      return `The stream of ${lane} stalled.`;
  }
}
