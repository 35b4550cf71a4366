import type { CallOutcome } from '../core/event-values.ts';

/** Whether a call failed. A call that its caller aborted neither failed nor succeeded. */
export function isFailure(outcome: CallOutcome): boolean {
  return outcome !== 'success' && outcome !== 'success_after_retry' && outcome !== 'cancelled';
}
