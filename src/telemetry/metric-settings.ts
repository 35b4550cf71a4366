import type { Attributes, MeterProvider } from '@opentelemetry/api';
import type { RunCounts } from '../core/live-runs.ts';
import type { LaneSnapshot } from '../core/snapshot.ts';
import type { FailureReport } from './failure-report.ts';
import type { Semconv } from './semconv.ts';

export interface MetricSettings {
  /** Undefined for the global provider, current or future. */
  readonly meterProvider: MeterProvider | undefined;
  readonly attributes: Attributes;
  readonly semconv: Semconv;
  /** Whether to emit the metrics of the conventions too; evaluated when a meter is bound. */
  readonly genAi: () => boolean;
  readonly models: readonly string[];
  readonly maxModels: number;
  readonly lanes: () => readonly LaneSnapshot[];
  readonly runs: Iterable<() => RunCounts | undefined>;
  readonly report: FailureReport;
  /** Whether calls report their cost. */
  readonly priced: boolean;
  /** Whether to record the histograms that no shipped rule or dashboard reads. */
  readonly detailed: boolean;
}
