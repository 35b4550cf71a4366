import { context, DiagLogLevel, type DiagLogger, diag, propagation, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import OpenAI from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGuard, type Guard } from '../../src/index.ts';
import { startTelemetry } from '../../src/telemetry.ts';
import { startSimulator, type Simulator } from '../../src/testing.ts';
import { resetGlobals } from './harness.ts';

const guards: Guard[] = [];
const setups: { shutdown(): Promise<void> }[] = [];
let simulator: Simulator | undefined;

/** An application's own setup, as in OpenTelemetry's documentation. */
class OwnSetup {
  readonly metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly spans = new InMemorySpanExporter();
  readonly reader = new PeriodicExportingMetricReader({ exporter: this.metrics, exportIntervalMillis: 600_000 });
  readonly #sdk = new NodeSDK({
    metricReaders: [this.reader],
    spanProcessors: [new SimpleSpanProcessor({ exporter: this.spans })],
    logRecordProcessors: [],
    resourceDetectors: [],
  });

  start(): void {
    this.#sdk.start();
    setups.push(this.#sdk);
  }

  async counted(name: string): Promise<number> {
    await this.reader.forceFlush();
    const all =
      this.metrics
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
    let sum = 0;
    for (const { descriptor, dataPoints } of all) {
      if (descriptor.name === name) for (const { value } of dataPoints) sum += Number(value);
    }
    return sum;
  }
}

async function client(): Promise<OpenAI> {
  simulator = await startSimulator({ provider: 'openai' });
  const guard = createGuard();
  guards.push(guard);
  return guard.wrap(new OpenAI({ apiKey: 'k', baseURL: simulator.url }));
}

const ask = (openai: OpenAI): Promise<unknown> =>
  openai.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] });

afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.close();
  for (const setup of setups.splice(0)) await setup.shutdown();
  await simulator?.close();
  simulator = undefined;
  vi.unstubAllEnvs();
  resetGlobals();
  context.disable();
  propagation.disable();
  diag.disable();
});

describe("an application's own NodeSDK", () => {
  it('that starts before the first client is joined', async () => {
    const setup = new OwnSetup();
    setup.start();
    const openai = await client();
    await ask(openai);
    expect(await setup.counted('tidegate.calls')).toBe(1);
    expect(setup.spans.getFinishedSpans().map(({ name }) => name)).toEqual(['tidegate.attempt', 'chat gpt-4o-mini']);
  });

  it('that starts after the client was made is joined, lanes included', async () => {
    const setup = new OwnSetup();
    const openai = await client();
    setup.start();
    await ask(openai);
    expect(await setup.counted('tidegate.calls')).toBe(1);
    expect(await setup.counted('tidegate.bulkhead.capacity')).toBe(500);
    expect(setup.spans.getFinishedSpans()).toHaveLength(2);
  });

  it('that starts after calls were made is joined from the next call on', async () => {
    const setup = new OwnSetup();
    const openai = await client();
    await ask(openai);
    setup.start();
    await ask(openai);
    await ask(openai);
    expect(await setup.counted('tidegate.calls')).toBe(2);
    expect(setup.spans.getFinishedSpans()).toHaveLength(4);
  });

  it('that starts while a call is in flight gets what comes after', async () => {
    const setup = new OwnSetup();
    const openai = await client();
    const first = ask(openai);
    setup.start();
    await first;
    expect(await setup.counted('tidegate.calls')).toBe(1);
    await ask(openai);
    expect(await setup.counted('tidegate.calls')).toBe(2);
  });

  it('that is restarted is joined again', async () => {
    const openai = await client();
    const first = new OwnSetup();
    first.start();
    await ask(openai);
    for (const setup of setups.splice(0)) await setup.shutdown();
    resetGlobals();
    const second = new OwnSetup();
    second.start();
    await ask(openai);
    expect(await second.counted('tidegate.calls')).toBe(1);
  });

  it('is the parent of the spans of calls', async () => {
    const setup = new OwnSetup();
    setup.start();
    const openai = await client();
    await trace.getTracer('app').startActiveSpan('request', async (span) => {
      await ask(openai);
      span.end();
    });
    const [attempt, call, request] = setup.spans.getFinishedSpans();
    expect(call!.parentSpanContext?.spanId).toBe(request!.spanContext().spanId);
    expect(attempt!.parentSpanContext?.spanId).toBe(call!.spanContext().spanId);
  });

  it('is kept beside startTelemetry, in either order', async () => {
    const setup = new OwnSetup();
    setup.start();
    await expect(startTelemetry({ port: 0 })).rejects.toThrow(
      'OpenTelemetry is already set up in this process. tidegate records there: add a metric reader to that setup.',
    );
    await ask(await client());
    expect(await setup.counted('tidegate.calls')).toBe(1);
  });

  it('that starts after startTelemetry is rejected by OpenTelemetry; tidegate stays in place', async () => {
    const logger = { error: vi.fn<DiagLogger['error']>() };
    diag.setLogger(logger as unknown as DiagLogger, DiagLogLevel.ERROR);
    const telemetry = await startTelemetry({ port: 0 });
    setups.push(telemetry);
    const setup = new OwnSetup();
    setup.start();
    expect(logger.error.mock.calls.map(String).join()).toContain('duplicate registration of API: metrics');
    await ask(await client());
    expect(await (await fetch(telemetry.url)).text()).toMatch(/\ntidegate_calls_total\{.*\} 1\n/);
    // Spans had no owner yet: they are the application's.
    expect(setup.spans.getFinishedSpans()).toHaveLength(2);
  });
});
