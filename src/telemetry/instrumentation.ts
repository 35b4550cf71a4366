import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { CallInfo, GuardEvent, Instrumentation } from '../core/events.ts';
import type { LaneSnapshot } from '../core/snapshot.ts';
import type { RunCounts } from '../core/live-runs.ts';
import type { ProviderName } from '../core/provider.ts';
import type { TelemetryOptions } from '../options/telemetry-options.ts';
import { trackInstrumentation } from './live-instrumentations.ts';
import { ATTR } from './names.ts';
import { MetricRecorder } from './metric-recorder.ts';
import { runInContext } from './otel-api.ts';
import { createFailureReport, type FailureReport } from './failure-report.ts';
import { resolveSemconv } from './semconv.ts';
import { SpanRecorder } from './span-recorder.ts';
import { checkAttributes } from './user-attributes.ts';

const DEFAULT_MAX_MODELS = 20;

export interface TelemetryInstrumentation extends Instrumentation {
  /** Announces calls to a provider, so that the series of the option `models` start at zero before them. */
  prepare(provider: ProviderName): void;
}

/**
 * Turns the events of a guard into OpenTelemetry spans and metrics. An error of OpenTelemetry never reaches a call:
 * it is reported once to the API's `diag` logger. The next call picks up providers that are registered later.
 *
 * @param source gives the lanes and batches whose gauges are published when a reader collects, names the copy of tidegate, if several report
 *   side by side, says whether calls report their cost, and whether the endpoint of `startTelemetry` is the only reader of
 *   metrics
 * @throws TidegateOptionError for a bad key or value in `options.attributes`
 */
export function createInstrumentation(
  options: TelemetryOptions,
  source: {
    lanes(): readonly LaneSnapshot[];
    readonly runs?: Iterable<() => RunCounts | undefined>;
    readonly copy?: string | undefined;
    readonly priced?: boolean;
    onlyServed?(): boolean;
  },
): TelemetryInstrumentation {
  const attributes = checkAttributes(options.attributes);
  const semconv = resolveSemconv(options.semconv);
  const report = createFailureReport();
  const spans =
    options.spans === false
      ? undefined
      : new SpanRecorder({ tracerProvider: options.tracerProvider as TracerProvider | undefined, attributes, semconv });
  const metrics =
    options.metrics === false
      ? undefined
      : new MetricRecorder({
          meterProvider: options.meterProvider as MeterProvider | undefined,
          attributes: source.copy === undefined ? attributes : { ...attributes, [ATTR.copy]: source.copy },
          semconv,
          // No shipped rule or dashboard reads them, and they are as many series as all others: if the only reader is the
          // endpoint of startTelemetry, they are opt-in.
          genAi: () => options.genAiMetrics ?? (options.meterProvider !== undefined || !source.onlyServed?.()),
          models: options.models ?? [],
          maxModels: options.maxModels ?? DEFAULT_MAX_MODELS,
          lanes: () => source.lanes(),
          runs: source.runs ?? [],
          report,
          priced: source.priced === true,
          detailed: options.detailedHistograms === true,
        });
  return new Listener(spans, metrics, report);
}

class Listener implements TelemetryInstrumentation {
  readonly #spans: SpanRecorder | undefined;
  readonly #metrics: MetricRecorder | undefined;
  readonly #report: FailureReport;

  constructor(spans: SpanRecorder | undefined, metrics: MetricRecorder | undefined, report: FailureReport) {
    this.#spans = spans;
    this.#metrics = metrics;
    this.#report = report;
    this.bind();
    if (metrics) trackInstrumentation(this);
  }

  /** Checks for a newly registered meter provider. */
  bind(): void {
    try {
      this.#metrics?.bind();
    } catch (error) {
      this.#report('setting up metrics', error);
    }
  }

  prepare(provider: ProviderName): void {
    try {
      this.#metrics?.prepare(provider);
    } catch (error) {
      this.#report('setting up metrics', error);
    }
  }

  onEvent(event: GuardEvent): void {
    if (this.#spans) {
      try {
        this.#spans.onEvent(event);
      } catch (error) {
        this.#report('recording spans', error);
      }
    }
    if (this.#metrics) {
      try {
        this.#metrics.onEvent(event);
      } catch (error) {
        this.#report('recording metrics', error);
      }
    }
  }

  recording(): boolean {
    return this.#spans?.recording === true || this.#metrics?.recording === true;
  }

  timesChunks(): boolean {
    return this.#metrics?.timesChunks === true;
  }

  runAttempt<T>(call: CallInfo, attempt: number, fn: () => T): T {
    const active = this.#spans?.attemptContext(call, attempt);
    if (!active) return fn();
    let ran: { readonly value: T } | { readonly error: unknown } | undefined;
    try {
      runInContext(active, () => {
        try {
          ran = { value: fn() };
        } catch (error) {
          ran = { error };
        }
      });
    } catch (error) {
      this.#report('activating a span', error);
    }
    if (!ran) return fn();
    if ('error' in ran) throw ran.error;
    return ran.value;
  }

  propagationHeaders(call: CallInfo, attempt: number): Readonly<Record<string, string>> {
    try {
      return this.#spans?.propagationHeaders(call, attempt) ?? {};
    } catch (error) {
      this.#report('propagating a trace', error);
      return {};
    }
  }

  shutdown(): void {
    try {
      this.#metrics?.shutdown();
    } catch (error) {
      this.#report('closing', error);
    }
  }
}
