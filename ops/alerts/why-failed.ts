import { BY_PROVIDER, lookupOf } from '../alert.ts';
import { FAILED } from '../recording-rules.ts';
import { choice, largest } from '../number-templates.ts';

/**
 * Template that sets `$outcome` to the most frequent outcome of failed calls. @param recorded by outcome, with
 * `MATCHERS`
 */
export function whyFailed(recorded: string): string {
  const matchers = `${lookupOf(BY_PROVIDER).matchers},${FAILED}`;
  const query = `sum by (tidegate_outcome) (${recorded.replace('MATCHERS', matchers)})`;
  return largest('$outcome', query, BY_PROVIDER, 'tidegate_outcome');
}

/** Why calls fail, by `$outcome`, to end a sentence. */
export const FAILED_BECAUSE: string = choice(
  '$outcome',
  {
    timeout: 'mostly because they run into their deadline',
    retries_exhausted: 'mostly because the provider refuses or fails each attempt',
    rejected_bulkhead: 'mostly because the queue is full',
    rejected_circuit: 'mostly because the circuit is open',
  },
  'for a reason that has ended',
);

/** What to do about it. */
export const FAILED_ADVICE: string = choice(
  '$outcome',
  {
    timeout: 'Compare waits and the latency of attempts with the deadline: slow down requests, or allow more time.',
    retries_exhausted:
      'Find the status code of the attempts: for 429 slow down requests, for 5xx wait for the provider or use another.',
    rejected_bulkhead: 'Slow down requests at the source, or raise the tier.',
    rejected_circuit: "Check the provider's status page and the network.",
  },
  'Look at the outcomes of calls since then.',
);
