import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isTidegateError, TidegateOptionError, TidegateSetupError } from '../../src/errors.ts';
import { startTelemetry, type Telemetry } from '../../src/telemetry.ts';
import { createInstrumentation } from '../../src/telemetry/instrumentation.ts';
import { registeredParts } from '../../src/telemetry/otel-globals.ts';
import { logsRequested, resourceFromEnv, tracesRequested } from '../../src/telemetry/sdk-environment.ts';
import { statusOf } from '../helpers/status-of.ts';
import { callInfo, lane, resetGlobals, successfulCall } from './harness.ts';
import { VERSION } from '../../src/telemetry/names.ts';

const NOTHING = { metrics: false, traces: false, context: false, propagation: false, logs: false };

let telemetry: Telemetry | undefined;
const servers: Server[] = [];

async function start(...args: Parameters<typeof startTelemetry>): Promise<Telemetry> {
  return (telemetry = await startTelemetry(...args));
}

async function listen(handler: (request: IncomingMessage) => void = () => undefined): Promise<number> {
  const server = createServer((request, response) => {
    handler(request);
    response.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function setupError(promise: Promise<unknown>): Promise<TidegateSetupError> {
  const error: unknown = await promise.then(
    () => expect.fail('expected an error'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TidegateSetupError);
  expect(isTidegateError(error)).toBe(true);
  return error as TidegateSetupError;
}

afterEach(async () => {
  await telemetry?.shutdown();
  telemetry = undefined;
  for (const server of servers.splice(0)) server.close();
  vi.unstubAllEnvs();
  resetGlobals();
  context.disable();
  propagation.disable();
  diag.disable();
});

describe('startTelemetry', () => {
  it('serves what guards record, by the names of the metric table', async () => {
    const instrumentation = createInstrumentation({}, { lanes: () => [lane()] });
    const { url } = await start({ serviceName: 'shop', port: 0 });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    // Existing guards are included, without a call.
    expect(await (await fetch(url)).text()).toContain(`tidegate_build_info{version="${VERSION}",sdk="js"} 1\n`);
    for (const event of successfulCall(callInfo())) instrumentation.onEvent(event);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    const base = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-5.1"';
    expect(text).toContain(`\ntidegate_calls_total{${base},tidegate_outcome="success"} 1\n`);
    expect(text).toContain(`\ntidegate_attempts_total{${base},http_response_status_code="200"} 1\n`);
    expect(text).toContain(`\ntidegate_attempt_duration_seconds_count{${base}} 1\n`);
    expect(text).toContain(`\ntidegate_call_duration_seconds_sum{${base}} 0.25\n`);
    expect(text).toMatch(/^target_info\{.*service_name="shop".*\} 1$/m);
    expect(text).not.toContain('otel_scope');
    expect(/process_command|process_owner|host_name/.exec(text)).toBeNull();
    instrumentation.shutdown();
  });

  it('says that the SDK is too old, and which one is needed', async () => {
    vi.doMock('@opentelemetry/sdk-node', () => ({
      core: { SDK_INFO: { 'telemetry.sdk.version': '1.24.1' } },
      NodeSDK: class {},
    }));
    const error = await setupError(startTelemetry({ port: 0 })).finally(() => vi.doUnmock('@opentelemetry/sdk-node'));
    expect(error.message).toBe(
      'startTelemetry needs @opentelemetry/sdk-node 0.52 or later; the installed one is older (OpenTelemetry 1.24.1).',
    );
    expect(registeredParts()).toEqual(NOTHING);
  });

  it('says that SDK and exporter do not match, and leaves nothing behind', async () => {
    const shutdown = vi.fn<() => Promise<void>>(async () => undefined);
    vi.doMock('@opentelemetry/sdk-node', () => ({
      NodeSDK: class {
        start(): void {}
        shutdown = shutdown;
      },
    }));
    const error = await setupError(startTelemetry({ port: 0 })).finally(() => vi.doUnmock('@opentelemetry/sdk-node'));
    expect(error.code).toBe('start_failed');
    expect(error.message).toContain('do not match: install the same release of both');
    expect(shutdown).toHaveBeenCalledOnce();
    expect(registeredParts()).toEqual(NOTHING);
    await start({ port: 0 });
  });

  it('registers no tracer and sends nothing unless the environment asks for it', async () => {
    await start({ port: 0 });
    expect(registeredParts()).toEqual({
      metrics: true,
      traces: false,
      context: true,
      propagation: true,
      logs: true,
    });
  });

  it('sends spans to the destination of the standard variables, and the last ones at shutdown', async () => {
    const paths: (string | undefined)[] = [];
    const port = await listen((request) => paths.push(request.url));
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
    const { shutdown } = await start({ port: 0 });
    const instrumentation = createInstrumentation({}, { lanes: () => [] });
    for (const event of successfulCall(callInfo())) instrumentation.onEvent(event);
    instrumentation.shutdown();
    await shutdown();
    expect(paths).toEqual(['/v1/traces']);
  });

  it('takes the name of the service and its attributes from the environment', async () => {
    vi.stubEnv('OTEL_SERVICE_NAME', 'from-env');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'team=search,deployment.environment.name=test%20bed');
    const { url } = await start({ port: 0 });
    const text = await (await fetch(url)).text();
    expect(text).toMatch(/^target_info\{.*service_name="from-env".*\} 1$/m);
    expect(text).toMatch(/^target_info\{.*team="search".*\} 1$/m);
    expect(text).toMatch(/^target_info\{.*deployment_environment_name="test bed".*\} 1$/m);
  });

  it('answers on one path, and only to GET and HEAD', async () => {
    const { url } = await start({ port: 0 });
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(`${url}?collect=all`)).status).toBe(200);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    expect(await statusOf(url, {}, '//')).toBe(404);
  });

  it('refuses host names of web pages, except allowed ones', async () => {
    const { url } = await start({ port: 0, allowedHosts: ['Shop-1.example.com'] });
    expect(await statusOf(url, { host: 'evil.example' })).toBe(421);
    expect(await statusOf(url, { origin: 'https://evil.example' })).toBe(421);
    expect(await statusOf(url, { host: 'shop-1.example.com:9464' })).toBe(200);
  });

  it('lets no two workers of a cluster share a port', async () => {
    const { url } = await start({ port: 0 });
    const { port } = new URL(url);
    await telemetry!.shutdown();
    const app = fileURLToPath(new URL('cluster-app.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [app, port]);
    expect(JSON.parse(stdout)).toEqual([
      expect.stringMatching(/is in use\. Give each worker .*cluster\.worker\.id/),
      'serves',
    ]);
  });
});

describe('shutdown', () => {
  it('frees the port and everything that was registered, also while a scraper is connected', async () => {
    const first = await start({ port: 0 });
    const { port } = new URL(first.url);
    await (await fetch(first.url)).text();
    await first.shutdown();
    await expect(fetch(first.url)).rejects.toThrow('fetch failed');
    expect(registeredParts()).toEqual(NOTHING);
    const second = await start({ port: Number(port) });
    expect(second.url).toBe(first.url);
    expect((await fetch(second.url)).status).toBe(200);
  });

  it('may be called twice', async () => {
    const { shutdown } = await start({ port: 0 });
    expect(shutdown()).toBe(shutdown());
    await shutdown();
  });

  it('does not fail when the last spans cannot be sent', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '200');
    vi.stubEnv('OTEL_BSP_EXPORT_TIMEOUT', '300');
    const { shutdown, url } = await start({ port: 0 });
    trace.getTracer('app').startSpan('lost').end();
    await expect(shutdown()).resolves.toBeUndefined();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});

describe('a failed start', () => {
  it('on a port in use leaves nothing half-started', async () => {
    const port = await listen();
    const error = await setupError(startTelemetry({ port }));
    expect(error.code).toBe('port_in_use');
    expect(error.message).toContain(String(port));
    expect(registeredParts()).toEqual(NOTHING);
    await start({ port: 0 });
  });

  it('on an address that is not local names the cause', async () => {
    const error = await setupError(startTelemetry({ port: 0, host: '192.0.2.1' }));
    expect(error.code).toBe('start_failed');
    expect(error.cause).toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(registeredParts()).toEqual(NOTHING);
  });

  it('while another one is running or starting says so', async () => {
    const { url } = await start({ port: 0 });
    const error = await setupError(startTelemetry({ port: 0 }));
    expect(error.code).toBe('start_failed');
    expect(error.message).toContain(url);
    await telemetry?.shutdown();
    const starting = start({ port: 0 });
    expect((await setupError(startTelemetry({ port: 0 }))).message).toContain('already starting');
    await starting;
  });

  it('beside a setup of the application leaves that unchanged', async () => {
    const own = new MeterProvider();
    metrics.setGlobalMeterProvider(own as never);
    expect((await setupError(startTelemetry({ port: 0 }))).message).toContain('already set up');
    expect(metrics.getMeterProvider()).toBe(own);
  });

  it.each([
    [{ port: -1 }, 'port'],
    [{ port: 65_536 }, 'port'],
    [{ port: 9464.5 }, 'port'],
    [{ port: '9464' as never }, 'port'],
    [{ host: '' }, 'host'],
    [{ serviceName: '' }, 'serviceName'],
    [{ prot: 1 } as never, 'options'],
  ])('%j', async (options, path) => {
    const error: unknown = await startTelemetry(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TidegateOptionError);
    expect((error as Error).message).toContain(`\`${path}\``);
  });
});

describe('in a separate process', () => {
  const run = async (missing: string): Promise<unknown> => {
    const script = new URL('without-packages.mjs', import.meta.url);
    const { stdout } = await promisify(execFile)(process.execPath, [script.pathname, missing]);
    return JSON.parse(stdout);
  };

  it.each(['@opentelemetry/sdk-node', '@opentelemetry/exporter-prometheus'])(
    'without %s it names the command that installs it',
    async (missing) => {
      expect(await run(missing)).toEqual({
        name: 'TidegateSetupError',
        code: 'missing_dependency',
        message: expect.stringContaining('npm install @opentelemetry/sdk-node @opentelemetry/exporter-prometheus'),
      });
    },
  );

  it('does not keep the process alive', async () => {
    expect(await run('nothing')).toEqual({ started: true });
  });
});

describe('the standard variables', () => {
  it('request traces by exporter or endpoint', () => {
    expect(tracesRequested({})).toBe(false);
    expect(tracesRequested({ OTEL_TRACES_EXPORTER: 'console' })).toBe(true);
    expect(tracesRequested({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })).toBe(true);
    expect(tracesRequested({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' })).toBe(true);
    expect(
      tracesRequested({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }),
    ).toBe(false);
  });

  it('request logs by exporter only', () => {
    expect(logsRequested({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })).toBe(false);
    expect(logsRequested({ OTEL_LOGS_EXPORTER: 'none' })).toBe(false);
    expect(logsRequested({ OTEL_LOGS_EXPORTER: 'otlp' })).toBe(true);
  });

  it('describe the resource', () => {
    expect(
      resourceFromEnv({
        OTEL_RESOURCE_ATTRIBUTES: 'a=1, b = "two" ,=x,c,d=100%,e=a=b,service.name=x',
        OTEL_SERVICE_NAME: 's',
      }),
    ).toEqual({ a: '1', b: 'two', d: '100%', e: 'a=b', 'service.name': 's' });
    expect(resourceFromEnv({})).toEqual({});
  });
});
