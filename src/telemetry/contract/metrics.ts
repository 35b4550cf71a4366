import { CALL_METRICS } from './call-metrics.ts';
import type { GEN_AI_METRICS } from './gen-ai-metrics.ts';
import { LANE_METRICS } from './lane-metrics.ts';
import { PROCESS_METRICS } from './process-metrics.ts';
import type { OPTIONAL, SCOPES } from './scopes.ts';

/**
 * The contract of tidegate's own metrics: the only place that names one, its kind, its unit and its labels. The recorders are
 * typed by it, rules and dashboards are derived from it, the page in `docs/` is made of it, and tests compare what is emitted.
 *
 * `.` becomes `_` in Prometheus. A name contains the unit that the OTLP path would add and the Prometheus exporter would not,
 * so that both give the same name. Buckets are few: a series each, for every model of every process.
 */
export const METRICS: typeof CALL_METRICS & typeof LANE_METRICS & typeof PROCESS_METRICS = {
  ...CALL_METRICS,
  ...LANE_METRICS,
  ...PROCESS_METRICS,
};

/** With the conventions' metrics, on which nothing of tidegate's own depends. */
type Contract = typeof METRICS & typeof GEN_AI_METRICS;

/** tidegate's own. */
export type MetricName = keyof typeof METRICS;
export type AnyMetricName = keyof Contract;
export type Kind = 'counter' | 'gauge' | 'histogram';

type OfKind<K extends Kind> = {
  [N in AnyMetricName]: Contract[N]['kind'] extends K ? N : never;
}[AnyMetricName];
export type CounterName = OfKind<'counter'>;
export type GaugeName = OfKind<'gauge'>;
export type HistogramName = OfKind<'histogram'>;

/** An entry of the contract. */
export interface Metric {
  readonly kind: Kind;
  /** UCUM unit as the instrument declares it. */
  readonly unit: string;
  readonly description: string;
  /** Its scope, which determines its first labels. */
  readonly of: keyof typeof SCOPES;
  /** Further labels: attribute and set of values. */
  readonly labels: Readonly<Record<string, string>>;
  /** Labels that are omitted if unknown. */
  readonly where?: keyof typeof OPTIONAL;
  /** Upper bounds, of histograms. */
  readonly buckets?: readonly number[];
  /** Guard option that enables the metric. */
  readonly option?: string;
}
