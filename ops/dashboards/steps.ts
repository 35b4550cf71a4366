import { DEFAULT_THRESHOLDS } from '../thresholds.ts';
import type { Step } from './panel.ts';

/** Colours of values, by the thresholds of the alerts. */

const { retries, slo, queue, tier } = DEFAULT_THRESHOLDS;
/** Nothing is left but what pacing keeps. */
const FULL = 0.95;

export const USED: readonly Step[] = [
  { from: null, color: 'green' },
  { from: tier.nearlyExhausted, color: 'orange' },
  { from: FULL, color: 'red' },
];

export const WAITED: readonly Step[] = [
  { from: null, color: 'green' },
  { from: queue.waitSeconds / 2, color: 'orange' },
  { from: queue.waitSeconds, color: 'red' },
];

export const RETRIED: readonly Step[] = [
  { from: null, color: 'green' },
  { from: retries.spikeRatio, color: 'red' },
];

export const ATTEMPTS: readonly Step[] = [
  { from: null, color: 'green' },
  { from: 1 + retries.spikeRatio, color: 'orange' },
  { from: retries.stormAttempts, color: 'red' },
];

export const SUCCEEDED: readonly Step[] = [
  { from: null, color: 'red' },
  { from: slo.objective, color: 'green' },
];
