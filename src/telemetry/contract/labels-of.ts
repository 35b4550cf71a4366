import type { GEN_AI_METRICS } from './gen-ai-metrics.ts';
import type { METRICS, AnyMetricName, Metric } from './metrics.ts';
import { OPTIONAL, SCOPES, type OPEN_SETS } from './scopes.ts';
import type * as closedSets from './closed-sets.ts';
import type { OTHER } from '../names.ts';

type ClosedSets = typeof closedSets;

type ValueOf<S> = S extends keyof ClosedSets
  ? keyof ClosedSets[S] | typeof OTHER
  : S extends 'PORT'
    ? number
    : S extends keyof typeof OPEN_SETS
      ? string
      : never;

type Contract = typeof METRICS & typeof GEN_AI_METRICS;
type Labels<T> = { readonly [K in keyof T]: ValueOf<T[K]> };
type OptionalLabels<T> = T extends { readonly where: keyof typeof OPTIONAL }
  ? Partial<Labels<(typeof OPTIONAL)[T['where']]>>
  : unknown;

/** Labels of a metric's points: a recorder must give each a value of its set. */
export type LabelsOf<N extends AnyMetricName> = Labels<(typeof SCOPES)[Contract[N]['of']] & Contract[N]['labels']> &
  OptionalLabels<Contract[N]>;

/** The sets of values of a metric's labels, by attribute. */
export function setsOf({ of, labels, where }: Metric): Readonly<Record<string, string>> {
  return { ...SCOPES[of], ...labels, ...(where === undefined ? {} : OPTIONAL[where]) };
}

/** Attributes that are labels of a metric. */
export function attributesOf(metric: Metric): readonly string[] {
  return Object.keys(setsOf(metric));
}
