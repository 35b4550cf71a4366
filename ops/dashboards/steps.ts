import type { Thresholds } from '../thresholds.ts';
import type { Step } from './panel.ts';

/** Colours of values, by the thresholds of the alerts. */

/** Only the headroom is left. */
const FULL = 0.95;

export interface Steps {
  readonly used: readonly Step[];
  readonly waited: readonly Step[];
  readonly retried: readonly Step[];
  readonly attempts: readonly Step[];
  readonly succeeded: readonly Step[];
}

export function stepsOf({ retries, slo, queue, tier }: Thresholds): Steps {
  return {
    used: [
      { from: null, color: 'green' },
      { from: tier.nearlyExhausted, color: 'orange' },
      { from: FULL, color: 'red' },
    ],
    waited: [
      { from: null, color: 'green' },
      { from: queue.waitSeconds / 2, color: 'orange' },
      { from: queue.waitSeconds, color: 'red' },
    ],
    retried: [
      { from: null, color: 'green' },
      { from: retries.spikeRatio, color: 'red' },
    ],
    attempts: [
      { from: null, color: 'green' },
      { from: 1 + retries.spikeRatio, color: 'orange' },
      { from: retries.stormAttempts, color: 'red' },
    ],
    succeeded: [
      { from: null, color: 'red' },
      { from: slo.objective, color: 'green' },
    ],
  };
}
