import type { GuardEvent } from '../core/events.ts';

/** Error codes of requests that never reached the provider. */
const NEVER_SENT: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Whether an attempt got no answer although the provider may have processed it: it was given up, or its answer was
 * lost.
 */
export function isLost({ outcome, code, retryable }: Extract<GuardEvent, { type: 'attempt.end' }>): boolean {
  switch (outcome) {
    case 'timeout':
      return !NEVER_SENT.has(code);
    case 'connection':
      // Errors not worth a retry are bad certificates and networks that let nothing through.
      return retryable && !NEVER_SENT.has(code);
    case 'cancelled':
      return true;
    default:
      return false;
  }
}
