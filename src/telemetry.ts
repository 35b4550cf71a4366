/**
 * Starts OpenTelemetry with a Prometheus endpoint, for applications that have no OpenTelemetry setup of their own.
 *
 * @module
 */
import { TidegateOptionError, TidegateSetupError } from './errors.ts';
import { bindTelemetry, processState } from './process-state.ts';
import { SCOPE, VERSION } from './telemetry/names.ts';
import { registeredApi } from './telemetry/otel-api.ts';
import { registeredParts, unregisterAllBut } from './telemetry/otel-globals.ts';
import { HISTOGRAMS } from './telemetry/instruments.ts';
import { loadOpenTelemetry } from './telemetry/load-opentelemetry.ts';
import { type PrometheusAddress, servePrometheus } from './telemetry/prometheus-server.ts';
import { logsRequested, resourceFromEnv, tracesRequested } from './telemetry/sdk-environment.ts';

export interface StartTelemetryOptions {
  /** Value of `service.name`. Default: OTEL_SERVICE_NAME, else the SDK's own default. */
  readonly serviceName?: string;
  /** Port of the Prometheus endpoint; 0 for a free one. 0 … 65 535, default 9464. */
  readonly port?: number;
  /** Address to listen on; '0.0.0.0' to be scraped from another machine or container. Default '127.0.0.1'. */
  readonly host?: string;
  /**
   * Names of this machine by which Prometheus asks, as in `shop-1.example.com`. Addresses, names without a dot and
   * those of private networks (`.internal`, `.local`, `.svc`) need none: any other may be a web page's. Default none.
   */
  readonly allowedHosts?: readonly string[];
}

/** A running telemetry setup. */
export interface Telemetry {
  /** Where Prometheus scrapes. */
  readonly url: string;
  /** Exports what is left, frees the port and unregisters from OpenTelemetry. Never rejects; may be called twice. */
  shutdown(): Promise<void>;
}

/**
 * Starts metrics for Prometheus at `http://127.0.0.1:9464/metrics`, and spans where the standard variables ask for
 * them (OTEL_TRACES_EXPORTER, or OTEL_EXPORTER_OTLP_ENDPOINT and its kin). Nothing is sent anywhere otherwise.
 * Needs the packages @opentelemetry/sdk-node and @opentelemetry/exporter-prometheus. Clients that were guarded before
 * are included. An application that has set up OpenTelemetry itself needs no call: tidegate records there.
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
  const { serviceName, ...address } = checked(options);
  const state = processState();
  if (state.telemetry !== undefined) {
    throw new TidegateSetupError('start_failed', `Telemetry is already ${state.telemetry}. Call its shutdown() first.`);
  }
  state.telemetry = 'starting';
  try {
    const telemetry = await start(serviceName, address);
    state.telemetry = `running at ${telemetry.url}`;
    return telemetry;
  } catch (error) {
    state.telemetry = undefined;
    throw error;
  }
}

async function start(serviceName: string | undefined, address: PrometheusAddress): Promise<Telemetry> {
  const { api, NodeSDK: Sdk, PrometheusExporter: Exporter } = await loadOpenTelemetry();
  const before = registeredParts();
  const traces = tracesRequested(process.env);
  if (before.metrics || (traces && before.traces)) {
    throw new TidegateSetupError(
      'start_failed',
      'OpenTelemetry is already set up in this process. tidegate records there: add a PrometheusExporter to that setup.',
    );
  }
  // Without scope labels, series do not change with every release of tidegate.
  const exporter = new Exporter({ preventServerStart: true, withoutScopeInfo: true });
  // Before the SDK: when the port is taken, nothing has been registered.
  const server = await servePrometheus(address, (request, response) =>
    exporter.getMetricsRequestHandler(request, response),
  );
  try {
    // The second is its name in older lines; the newer ones prefer the first.
    const readers = { metricReaders: [exporter], metricReader: exporter };
    const sdk = new Sdk({
      ...readers,
      ...(serviceName === undefined ? {} : { serviceName }),
      // An empty list switches a signal off; the SDK would send it to localhost:4318 otherwise.
      ...(traces ? {} : { spanProcessors: [] }),
      ...(logsRequested(process.env) ? {} : { logRecordProcessors: [] }),
      ...(process.env['OTEL_NODE_RESOURCE_DETECTORS']
        ? {}
        : { resourceDetectors: [{ detect: () => ({ attributes: resourceFromEnv(process.env) }) }] }),
    });
    sdk.start();
    await checkReads(exporter, sdk);
    bindTelemetry();
    let ended: Promise<void> | undefined;
    return {
      url: server.url,
      shutdown: () =>
        (ended ??= stop(
          sdk,
          () => server.close(),
          () => unregisterAllBut(before, api),
        )),
    };
  } catch (error) {
    await server.close();
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
    // A collector that cannot be reached is no reason for the application to fail.
    registeredApi().diag?.error('tidegate: the last spans could not be exported', error);
  }
  await closeServer();
  unregister();
  processState().telemetry = undefined;
}

/** An exporter of another line than the SDK's is scraped in vain: no instrument can be made for it. */
async function checkReads(
  exporter: { collect(): Promise<unknown> },
  sdk: { shutdown(): Promise<void> },
): Promise<void> {
  try {
    const { name, options } = HISTOGRAMS.retryDelay;
    registeredApi().metrics?.getMeter(SCOPE, VERSION).createHistogram(name, options);
    await exporter.collect();
  } catch (error) {
    await sdk.shutdown().catch(() => undefined);
    throw new TidegateSetupError(
      'start_failed',
      'The versions of @opentelemetry/sdk-node and @opentelemetry/exporter-prometheus do not fit: install one release of both.',
      { cause: error },
    );
  }
}

function checked(options: StartTelemetryOptions): PrometheusAddress & { serviceName: string | undefined } {
  const { serviceName, port = 9464, host = '127.0.0.1', allowedHosts = [], ...unknown } = options;
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) {
    throw new TidegateOptionError(
      'options',
      'an object with the keys serviceName, port, host, allowedHosts',
      `key ${extra}`,
    );
  }
  if (serviceName !== undefined && (typeof serviceName !== 'string' || serviceName === '')) {
    throw new TidegateOptionError('serviceName', 'a string that is not empty', serviceName);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TidegateOptionError('port', 'an integer from 0 to 65535', port);
  }
  if (typeof host !== 'string' || host === '') {
    throw new TidegateOptionError('host', 'a string that is not empty', host);
  }
  if (!Array.isArray(allowedHosts) || !allowedHosts.every((name) => typeof name === 'string' && name !== '')) {
    throw new TidegateOptionError('allowedHosts', 'a list of host names', allowedHosts);
  }
  return { serviceName, port, host, allowedHosts: allowedHosts.map((name) => name.toLowerCase()) };
}
