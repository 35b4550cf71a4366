import { METRICS, type HistogramName } from '../../src/telemetry/contract/metrics.ts';

/** Buckets of a histogram as processes export it. */
export const boundsOf = (name: Extract<HistogramName, keyof typeof METRICS>): readonly number[] =>
  METRICS[name].buckets;
