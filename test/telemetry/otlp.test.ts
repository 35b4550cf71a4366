import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TidegateOptionError } from '../../src/errors.ts';
import { startTelemetry, type StartTelemetryOptions, type Telemetry } from '../../src/telemetry.ts';
import { createInstrumentation, type TelemetryInstrumentation } from '../../src/telemetry/instrumentation.ts';
import { registeredParts } from '../../src/telemetry/otel-globals.ts';
import { otlpTarget, metricsRequested } from '../../src/telemetry/sdk-environment.ts';
import { callInfo, dimension, lane, resetGlobals, successfulCall } from './harness.ts';
import { OtlpReceiver, valuesOf } from './otlp-receiver.ts';
import { eventually } from '../helpers/eventually.ts';

const NOTHING = { metrics: false, traces: false, context: false, propagation: false, logs: false };
const LANE = lane({ dimensions: [dimension()] });

let receiver: OtlpReceiver;
let telemetry: Telemetry | undefined;
let instrumentation: TelemetryInstrumentation | undefined;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
});
afterEach(async () => {
  instrumentation?.shutdown();
  await telemetry?.shutdown();
  telemetry = instrumentation = undefined;
  receiver.close();
  vi.unstubAllEnvs();
  resetGlobals();
  diag.disable();
});

async function start(options: StartTelemetryOptions): Promise<Telemetry> {
  return (telemetry = await startTelemetry(options));
}

function recordOneCall(): void {
  instrumentation = createInstrumentation({}, { lanes: () => [LANE] });
  for (const event of successfulCall(callInfo())) instrumentation.onEvent(event);
}

describe("startTelemetry({ metrics: 'otlp' })", () => {
  it.each([
    ['http/protobuf', 'application/x-protobuf'],
    ['http/json', 'application/json'],
  ])('sends what guards record to a collector, as %s', async (protocol, type) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', protocol);
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'api-key=secret');
    const { url, shutdown } = await start({ metrics: 'otlp', serviceName: 'shop' });
    expect(url).toBe(`${receiver.url}/v1/metrics`);
    recordOneCall();
    await shutdown();

    expect(receiver.received.map(({ path }) => path)).toEqual(['/v1/metrics']);
    expect(receiver.received[0]!.headers).toMatchObject({ 'content-type': type, 'api-key': 'secret' });
    const sent = receiver.latest();
    expect(valuesOf(sent.get('tidegate.calls'), 'gen_ai.provider.name', 'tidegate.outcome')).toEqual({
      'openai success': 1,
    });
    expect(sent.get('tidegate.calls')).toMatchObject({ unit: '{call}', sum: { isMonotonic: true } });
    expect(valuesOf(sent.get('tidegate.ratelimit.limit'), 'tidegate.limit.dimension')).toEqual({ requests: 100 });
    expect(Number(sent.get('gen_ai.client.operation.duration')!.histogram!.dataPoints[0]!.count)).toBe(1);
    const { resource } = receiver.metrics()[0]!.resourceMetrics[0]!;
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'shop' } });
    expect(JSON.stringify(resource)).not.toMatch(/process\.command|process\.owner|host\.name/);
  });

  it('sends every OTEL_METRIC_EXPORT_INTERVAL, and leaves nothing registered at the end', async () => {
    vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '20');
    const { shutdown } = await start({ metrics: 'otlp' });
    recordOneCall();
    await eventually(() => expect(receiver.latest().has('tidegate.calls')).toBe(true));
    await shutdown();
    expect(registeredParts()).toMatchObject({ metrics: false, traces: false });
    const count = receiver.received.length;
    await start({ metrics: 'otlp' });
    expect(receiver.received).toHaveLength(count);
  });

  it('together with Prometheus shows the same on both', async () => {
    const { url, shutdown } = await start({ metrics: 'both', port: 0 });
    recordOneCall();
    expect(await (await fetch(url)).text()).toMatch(/\ntidegate_calls_total\{.*tidegate_outcome="success"\} 1\n/);
    await shutdown();
    expect(valuesOf(receiver.latest().get('tidegate.calls'), 'tidegate.outcome')).toEqual({ success: 1 });
  });

  it.each(['http/protobuf', 'http/json'])('sends native histograms as %s on request', async (protocol) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', protocol);
    const { url, shutdown } = await start({ metrics: 'both', port: 0, nativeHistograms: true });
    recordOneCall();
    // What is scraped has buckets nevertheless.
    expect(await (await fetch(url)).text()).toMatch(/\ntidegate_call_duration_seconds_bucket\{.*le="\+Inf"\} 1\n/);
    await shutdown();
    const { histogram, exponentialHistogram } = receiver.latest().get('tidegate.call.duration_seconds')!;
    expect(histogram).toBeUndefined();
    expect(Number(exponentialHistogram!.dataPoints[0]!.count)).toBe(1);
    expect(valuesOf(receiver.latest().get('tidegate.calls'), 'tidegate.outcome')).toEqual({ success: 1 });
  });

  it.each([
    ['base2_exponential_bucket_histogram', undefined, true],
    ['base2_exponential_bucket_histogram', false, false],
    ['explicit_bucket_histogram', undefined, false],
    ['', undefined, false],
  ])(
    'sends native histograms where %j is the default and %j the option: %j',
    async (asked, nativeHistograms, native) => {
      vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION', asked);
      const { shutdown } = await start({
        metrics: 'otlp',
        ...(nativeHistograms !== undefined && { nativeHistograms }),
      });
      recordOneCall();
      await shutdown();
      const sent = receiver.latest().get('tidegate.call.duration_seconds')!;
      expect([sent.histogram === undefined, sent.exponentialHistogram !== undefined]).toEqual([native, native]);
    },
  );

  it('is what OTEL_METRICS_EXPORTER asks for if no option does', async () => {
    vi.stubEnv('OTEL_METRICS_EXPORTER', 'otlp');
    // An address for the endpoint that is not served is not an error.
    const { url } = await start({ port: 0 });
    expect(url).toBe(`${receiver.url}/v1/metrics`);
  });

  it('does not fail without a collector', async () => {
    receiver.close();
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '200');
    const { shutdown } = await start({ metrics: 'otlp' });
    recordOneCall();
    await expect(shutdown()).resolves.toBeUndefined();
    expect(registeredParts()).toMatchObject({ metrics: false });
  });

  it.each([
    [{ metrics: 'otlp', port: 9464 }, 'port'],
    [{ metrics: 'otlp', host: '127.0.0.1' }, 'host'],
    [{ metrics: 'otlp', allowedHosts: ['a.example'] }, 'allowedHosts'],
    [{ metrics: 'statsd' as 'otlp' }, 'metrics'],
    [{ metrics: 'prometheus', nativeHistograms: true }, 'nativeHistograms'],
    [{ metrics: 'otlp', nativeHistograms: 'yes' as unknown as boolean }, 'nativeHistograms'],
  ] satisfies [StartTelemetryOptions, string][])('refuses %j', async (options, path) => {
    const error: unknown = await startTelemetry(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TidegateOptionError);
    expect((error as Error).message).toContain(`\`${path}\``);
    expect(registeredParts()).toEqual(NOTHING);
  });

  it('names the packages that it needs', async () => {
    const script = new URL('without-packages.mjs', import.meta.url).pathname;
    const missing = '@opentelemetry/exporter-metrics-otlp-proto';
    const { stdout } = await promisify(execFile)(process.execPath, [script, missing, 'otlp']);
    expect(JSON.parse(stdout)).toEqual({
      name: 'TidegateSetupError',
      code: 'missing_dependency',
      message: `startTelemetry needs three more packages: npm install @opentelemetry/sdk-node @opentelemetry/sdk-metrics ${missing}`,
    });
  });
});

describe('the standard variables', () => {
  const target = (env: Record<string, string>) => otlpTarget(env);

  it('say where metrics go, and no possible secret of it is shown', () => {
    expect(target({})).toEqual({
      protocol: 'http/protobuf',
      shownUrl: 'http://localhost:4318/v1/metrics',
      intervalMs: 60_000,
      timeoutMs: 30_000,
    });
    expect(target({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).shownUrl).toBe('http://localhost:4317/');
    expect(target({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c.example/' }).shownUrl).toBe('https://c.example/v1/metrics');
    expect(
      target({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://u:p@c.example/key-123/v1/metrics?k=s' }).shownUrl,
    ).toBe('https://c.example/…');
    expect(target({ OTEL_EXPORTER_OTLP_ENDPOINT: 'not a URL' }).shownUrl).toBe('the OTLP endpoint');
  });

  it('say how often, with consistent times', () => {
    expect(target({ OTEL_METRIC_EXPORT_INTERVAL: '5000' })).toMatchObject({ intervalMs: 5_000, timeoutMs: 5_000 });
    expect(target({ OTEL_METRIC_EXPORT_INTERVAL: '-1', OTEL_METRIC_EXPORT_TIMEOUT: 'x' })).toMatchObject({
      intervalMs: 60_000,
      timeoutMs: 30_000,
    });
  });

  it('say which exporters', () => {
    expect(metricsRequested({})).toBeUndefined();
    expect(metricsRequested({ OTEL_METRICS_EXPORTER: 'none' })).toBeUndefined();
    expect(metricsRequested({ OTEL_METRICS_EXPORTER: 'console,otlp' })).toBe('otlp');
    expect(metricsRequested({ OTEL_METRICS_EXPORTER: 'prometheus' })).toBe('prometheus');
    expect(metricsRequested({ OTEL_METRICS_EXPORTER: 'prometheus, otlp' })).toBe('both');
  });
});
