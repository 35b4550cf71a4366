import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import { TidegateSetupError } from '../errors.ts';
import { type AggregationPreference, type Kinds, loadOtlp, loadPrometheus } from './load-opentelemetry.ts';
import { type PrometheusAddress, servePrometheus } from './prometheus-server.ts';
import type { OtlpTarget } from './sdk-environment.ts';

export type MetricsRoute = 'prometheus' | 'otlp' | 'both';

/** Metric readers of one setup, for the installed OpenTelemetry release. */
export interface MetricReaders {
  readonly readers: readonly (IMetricReader & { collect(): Promise<unknown> })[];
  /** Address that Prometheus scrapes; without one, where metrics are sent. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param prometheus undefined for no endpoint
 * @param otlp undefined for no OTLP export
 * @throws TidegateSetupError when a package is missing or the port cannot be used; nothing is left open
 */
export async function createMetricReaders(
  prometheus: PrometheusAddress | undefined,
  otlp: (OtlpTarget & { readonly native: boolean }) | undefined,
  packages: readonly string[],
): Promise<MetricReaders> {
  const sender = otlp && (await loadOtlp(otlp.protocol, packages));
  const readers: MetricReaders['readers'][number][] = [];
  let url = otlp?.shownUrl ?? '';
  let close = async (): Promise<void> => undefined;
  if (prometheus) {
    const Exporter = await loadPrometheus(packages);
    // Without scope labels, series do not change with every release of tidegate.
    const exporter = new Exporter({ preventServerStart: true, withoutScopeInfo: true });
    const server = await servePrometheus(prometheus, (request, response) =>
      exporter.getMetricsRequestHandler(request, response),
    );
    readers.push(exporter);
    url = server.url;
    close = () => server.close();
  }
  if (sender && otlp) {
    const { Exporter, Reader, kinds } = sender;
    const { intervalMs, timeoutMs, native } = otlp;
    if (native && kinds === undefined) {
      await close();
      throw new TidegateSetupError('start_failed', 'nativeHistograms needs @opentelemetry/sdk-metrics 2.0 or later.');
    }
    // The exporter reads endpoint, headers, temporality and the rest from the standard variables.
    const times = { exportIntervalMillis: intervalMs, exportTimeoutMillis: timeoutMs };
    const exporter = native && kinds ? new Exporter({ aggregationPreference: exponential(kinds) }) : new Exporter();
    readers.push(new Reader({ exporter, ...times }));
  }
  return { readers, url, close };
}

/** Whatever bounds an instrument asks for. */
function exponential({ AggregationType, InstrumentType }: Kinds): AggregationPreference {
  return (instrument) => ({
    type: instrument === InstrumentType.HISTOGRAM ? AggregationType.EXPONENTIAL_HISTOGRAM : AggregationType.DEFAULT,
  });
}
