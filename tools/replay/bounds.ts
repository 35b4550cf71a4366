import { HISTOGRAMS, type HistogramName } from '../../src/telemetry/instruments.ts';

/** Buckets of a histogram as processes export it. */
export const boundsOf = (name: HistogramName): readonly number[] =>
  HISTOGRAMS[name].options.advice!.explicitBucketBoundaries!;
