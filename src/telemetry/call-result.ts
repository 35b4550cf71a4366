import type { CallOutcome } from '../core/events.ts';

/** Whether a call failed. One that the caller gave up neither failed nor succeeded. */
export function isFailure(outcome: CallOutcome): boolean {
  return outcome !== 'success' && outcome !== 'success_after_retry' && outcome !== 'cancelled';
}
