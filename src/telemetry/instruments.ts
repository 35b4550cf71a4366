import type { MetricOptions } from '@opentelemetry/api';
import { GEN_AI_METRICS } from './contract/gen-ai-metrics.ts';
import { type AnyMetricName, type CounterName, type GaugeName, type Metric, METRICS } from './contract/metrics.ts';

const ALL: Readonly<Record<AnyMetricName, Metric>> = { ...METRICS, ...GEN_AI_METRICS };

/** How an instrument of the contract is declared. */
export function optionsOf(name: AnyMetricName): MetricOptions {
  const { unit, description, buckets } = ALL[name];
  return { unit, description, ...(buckets ? { advice: { explicitBucketBoundaries: [...buckets] } } : {}) };
}

/** Counters that every meter has from the start: those that no option enables. */
export const ALWAYS_COUNTED: readonly CounterName[] = (Object.keys(ALL) as AnyMetricName[]).filter(
  (name): name is CounterName => ALL[name].kind === 'counter' && ALL[name].option === undefined,
);

export const GAUGES: readonly GaugeName[] = (Object.keys(ALL) as AnyMetricName[]).filter(
  (name): name is GaugeName => ALL[name].kind === 'gauge',
);
