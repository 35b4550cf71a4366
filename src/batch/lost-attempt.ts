import type { GuardEvent } from '../core/events.ts';

/** The provider had never got the request. */
const NEVER_SENT: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether an attempt had no answer for which the provider may have worked all the same: nobody waited for it, or it was lost. */
export function isLost({ outcome, code, retryable }: Extract<GuardEvent, { type: 'attempt.end' }>): boolean {
  switch (outcome) {
    case 'timeout':
      return !NEVER_SENT.has(code);
    case 'connection':
      // What is not worth another try is a certificate or a network that nothing passes.
      return retryable && !NEVER_SENT.has(code);
    case 'cancelled':
      return true;
    default:
      return false;
  }
}
