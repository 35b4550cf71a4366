import { attributesOf } from '../src/telemetry/contract/labels-of.ts';
import { type Kind, METRICS as CONTRACT, type MetricName } from '../src/telemetry/contract/metrics.ts';

export type { MetricName } from '../src/telemetry/contract/metrics.ts';

/** A metric of the contract as rules and dashboards see it. */
export interface Metric {
  readonly instrument: Kind;
  /** UCUM unit as the instrument declares it. A unit that OTLP adds to names is part of the name. */
  readonly unit: string;
  /** OpenTelemetry attribute keys. */
  readonly attributes: readonly string[];
}

/** The metrics that rules and dashboards may use: tidegate's own. */
export const METRICS: Readonly<Record<MetricName, Metric>> = Object.fromEntries(
  Object.entries(CONTRACT).map(([name, metric]) => [
    name,
    { instrument: metric.kind, unit: metric.unit, attributes: attributesOf(metric) },
  ]),
) as Record<MetricName, Metric>;
