/**
 * Starts OpenTelemetry with a Prometheus endpoint, or metrics sent by OTLP, for applications that have no OpenTelemetry
 * setup of their own.
 *
 * @module
 */
import { TidegateOptionError, TidegateSetupError } from './errors.ts';
import { bindTelemetry, processState, SENDS } from './process-state.ts';
import { SCOPE, VERSION } from './telemetry/names.ts';
import { registeredApi } from './telemetry/otel-api.ts';
import { registeredParts, unregisterAllBut } from './telemetry/otel-globals.ts';
import { optionsOf } from './telemetry/instruments.ts';
import { loadOpenTelemetry, packagesFor } from './telemetry/load-opentelemetry.ts';
import { createMetricReaders, type MetricReaders, type MetricsRoute } from './telemetry/metric-readers.ts';
import type { PrometheusAddress } from './telemetry/prometheus-server.ts';
import {
  logsRequested,
  metricsRequested,
  nativeHistogramsRequested,
  otlpTarget,
  resourceFromEnv,
  tracesRequested,
} from './telemetry/sdk-environment.ts';

export interface StartTelemetryOptions {
  /** Value of `service.name`. Default: OTEL_SERVICE_NAME, else the SDK's own default. */
  readonly serviceName?: string;
  /**
   * 'prometheus' serves metrics to be scraped. 'otlp' sends them to a collector, as configured by the standard variables:
   * OTEL_EXPORTER_OTLP_ENDPOINT (default http://localhost:4318), OTEL_EXPORTER_OTLP_PROTOCOL,
   * OTEL_METRIC_EXPORT_INTERVAL and so on. Default: those that OTEL_METRICS_EXPORTER names, else 'prometheus'.
   */
  readonly metrics?: 'prometheus' | 'otlp' | 'both';
  /** Port of the Prometheus endpoint; 0 for a free one. 0 … 65 535, default 9464. */
  readonly port?: number;
  /** Address to listen on; '0.0.0.0' to be scraped from another machine or container. Default '127.0.0.1'. */
  readonly host?: string;
  /**
   * Host names under which Prometheus scrapes this process, such as `shop-1.example.com`. Addresses, names without a
   * dot and names of private networks (`.internal`, `.local`, `.svc`) are always accepted; any other could be one that
   * a web page resolves to this machine. Default none.
   */
  readonly allowedHosts?: readonly string[];
  /**
   * Sends exponential histograms over OTLP, which Prometheus stores natively: as one series each, not one per bucket. Use
   * the rules and dashboards that `tidegate rules` writes with `histograms: native`. The scraped endpoint keeps fixed
   * buckets, the only kind that the Prometheus exporter supports. Default: whether
   * OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION is `base2_exponential_bucket_histogram`.
   */
  readonly nativeHistograms?: boolean;
}

/** A running telemetry setup. */
export interface Telemetry {
  /** Address that Prometheus scrapes; with `metrics: 'otlp'`, that of the collector. */
  readonly url: string;
  /** Exports pending data, frees the port and unregisters from OpenTelemetry. Never rejects; may be called twice. */
  shutdown(): Promise<void>;
}

/**
 * Serves metrics for Prometheus at `http://127.0.0.1:9464/metrics`, and exports spans if the standard variables ask for
 * it (OTEL_TRACES_EXPORTER, or OTEL_EXPORTER_OTLP_ENDPOINT and so on). Nothing else is sent anywhere.
 * Needs the packages @opentelemetry/sdk-node and @opentelemetry/exporter-prometheus; for metrics over OTLP
 * @opentelemetry/sdk-metrics and @opentelemetry/exporter-metrics-otlp-proto. Clients that were guarded earlier are
 * included. An application with an OpenTelemetry setup of its own needs no call: tidegate records there.
 *
 * @throws TidegateSetupError `missing_dependency` when a package is not installed, `port_in_use`, or `start_failed`
 *   when telemetry is already running in this process or its packages are too old; nothing is left half-started
 * @throws TidegateOptionError for a bad option
 *
 * @example
 * import { startTelemetry } from 'tidegate/telemetry';
 *
 * const telemetry = await startTelemetry({ serviceName: 'shop-assistant' });
 * console.log(telemetry.url);
 * process.once('SIGTERM', () => void telemetry.shutdown());
 */
export async function startTelemetry(options: StartTelemetryOptions = {}): Promise<Telemetry> {
  const settings = checked(options);
  const state = processState();
  if (state.telemetry !== undefined) {
    throw new TidegateSetupError('start_failed', `Telemetry is already ${state.telemetry}. Call its shutdown() first.`);
  }
  const how = settings.otlp ? SENDS : '';
  state.telemetry = `starting${how}`;
  try {
    const telemetry = await start(settings);
    state.telemetry = `running at ${telemetry.url}${how}`;
    return telemetry;
  } catch (error) {
    state.telemetry = undefined;
    throw error;
  }
}

async function start({ serviceName, prometheus, otlp, native }: Settings): Promise<Telemetry> {
  const target = otlp ? { ...otlpTarget(process.env), native } : undefined;
  const packages = packagesFor(prometheus !== undefined, target?.protocol);
  const { api, NodeSDK: Sdk } = await loadOpenTelemetry(packages);
  const before = registeredParts();
  const traces = tracesRequested(process.env);
  if (before.metrics || (traces && before.traces)) {
    throw new TidegateSetupError(
      'start_failed',
      'OpenTelemetry is already set up in this process. tidegate records there: add a metric reader to that setup.',
    );
  }
  // Before the SDK, so that nothing is registered yet if the port is taken.
  const { readers, url, close } = await createMetricReaders(prometheus, target, packages);
  try {
    // Older releases know only the second name; newer ones prefer the first.
    const named = { metricReaders: [...readers], metricReader: readers[0]! };
    const sdk = new Sdk({
      ...named,
      ...(serviceName === undefined ? {} : { serviceName }),
      // An empty list turns a signal off; otherwise the SDK would send it to localhost:4318.
      ...(traces ? {} : { spanProcessors: [] }),
      ...(logsRequested(process.env) ? {} : { logRecordProcessors: [] }),
      ...(process.env['OTEL_NODE_RESOURCE_DETECTORS']
        ? {}
        : { resourceDetectors: [{ detect: () => ({ attributes: resourceFromEnv(process.env) }) }] }),
    });
    sdk.start();
    await checkReads(readers, sdk);
    bindTelemetry();
    let ended: Promise<void> | undefined;
    return { url, shutdown: () => (ended ??= stop(sdk, close, () => unregisterAllBut(before, api))) };
  } catch (error) {
    await close();
    unregisterAllBut(before, api);
    if (error instanceof TidegateSetupError) throw error;
    throw new TidegateSetupError('start_failed', 'OpenTelemetry could not be started.', { cause: error });
  }
}

async function stop(
  sdk: { shutdown(): Promise<void> },
  closeServer: () => Promise<void>,
  unregister: () => void,
): Promise<void> {
  try {
    await sdk.shutdown();
  } catch (error) {
    // An unreachable collector must not make the application fail.
    registeredApi().diag?.error('tidegate: the remaining telemetry could not be exported', error);
  }
  await closeServer();
  unregister();
  processState().telemetry = undefined;
}

/** A reader from another release line than the SDK collects nothing: no instrument can be created for it. */
async function checkReads(readers: MetricReaders['readers'], sdk: { shutdown(): Promise<void> }): Promise<void> {
  try {
    const name = 'tidegate.retry.delay_seconds';
    registeredApi().metrics?.getMeter(SCOPE, VERSION).createHistogram(name, optionsOf(name));
    for (const reader of readers) await reader.collect();
  } catch (error) {
    await sdk.shutdown().catch(() => undefined);
    throw new TidegateSetupError(
      'start_failed',
      `The versions of @opentelemetry/sdk-node and its ${readers.length > 1 ? 'exporters (older releases accept only one)' : 'exporter'} do not match: install the same release of both.`,
      { cause: error },
    );
  }
}

interface Settings {
  readonly serviceName: string | undefined;
  readonly prometheus: PrometheusAddress | undefined;
  readonly otlp: boolean;
  readonly native: boolean;
}

const KEYS = ['serviceName', 'metrics', 'port', 'host', 'allowedHosts', 'nativeHistograms'];
const ROUTES: readonly unknown[] = ['prometheus', 'otlp', 'both'] satisfies MetricsRoute[];

function checked(options: StartTelemetryOptions): Settings {
  const extra = Object.keys(options).find((key) => !KEYS.includes(key));
  if (extra !== undefined) {
    throw new TidegateOptionError('options', `an object with the keys ${KEYS.join(', ')}`, `key ${extra}`);
  }
  const { serviceName, metrics = metricsRequested(process.env) ?? 'prometheus' } = options;
  if (serviceName !== undefined && (typeof serviceName !== 'string' || serviceName === '')) {
    throw new TidegateOptionError('serviceName', 'a string that is not empty', serviceName);
  }
  if (!ROUTES.includes(metrics)) {
    throw new TidegateOptionError('metrics', "one of 'prometheus', 'otlp', 'both'", metrics);
  }
  const native = nativeIn(options, metrics);
  return { serviceName, prometheus: addressIn(options, metrics), otlp: metrics !== 'prometheus', native };
}

function nativeIn({ nativeHistograms }: StartTelemetryOptions, metrics: MetricsRoute): boolean {
  if (nativeHistograms === undefined) return nativeHistogramsRequested(process.env);
  if (typeof nativeHistograms !== 'boolean') {
    throw new TidegateOptionError('nativeHistograms', 'true or false', nativeHistograms);
  }
  if (nativeHistograms && metrics === 'prometheus') {
    throw new TidegateOptionError(
      'nativeHistograms',
      "left out with metrics: 'prometheus', whose exporter has none",
      nativeHistograms,
    );
  }
  return nativeHistograms;
}

function addressIn(options: StartTelemetryOptions, metrics: MetricsRoute): PrometheusAddress | undefined {
  const { port = 9464, host = '127.0.0.1', allowedHosts = [] } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TidegateOptionError('port', 'an integer from 0 to 65535', port);
  }
  if (typeof host !== 'string' || host === '') {
    throw new TidegateOptionError('host', 'a string that is not empty', host);
  }
  if (!Array.isArray(allowedHosts) || !allowedHosts.every((name) => typeof name === 'string' && name !== '')) {
    throw new TidegateOptionError('allowedHosts', 'a list of host names', allowedHosts);
  }
  if (metrics !== 'otlp') return { host, port, allowedHosts: allowedHosts.map((name) => name.toLowerCase()) };
  for (const key of ['port', 'host', 'allowedHosts'] as const) {
    // If the environment variable chose OTLP, the application may still name an address for other environments.
    if (options.metrics === 'otlp' && options[key] !== undefined) {
      throw new TidegateOptionError(key, "left out with metrics: 'otlp', which serves nothing", options[key]);
    }
  }
  return undefined;
}
