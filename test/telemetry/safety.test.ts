import {
  context,
  createNoopMeter,
  diag,
  metrics,
  ROOT_CONTEXT,
  trace,
  type ContextManager,
  type DiagLogger,
  type MeterProvider,
  type TracerProvider,
} from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider as SdkMeterProvider } from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider as SdkTracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GuardEvent } from '../../src/core/events.ts';
import { createInstrumentation } from '../../src/telemetry/instrumentation.ts';
import { bindTelemetry } from '../../src/process-state.ts';
import {
  admitted,
  attemptEnd,
  callEnd,
  callInfo,
  Harness,
  lane,
  resetGlobals,
  successfulCall,
  USAGE,
} from './harness.ts';
import { eventually } from '../helpers/eventually.ts';
import { collectGarbage } from '../helpers/garbage.ts';

const noLanes = { lanes: () => [] };
let errors: unknown[][];

beforeEach(() => {
  errors = [];
  const silent = (): void => undefined;
  const logger: DiagLogger = {
    error: (...args: unknown[]) => void errors.push(args),
    warn: silent,
    info: silent,
    debug: silent,
    verbose: silent,
  };
  diag.setLogger(logger, { suppressOverrideMessage: true });
});

afterEach(() => {
  diag.disable();
  resetGlobals();
  context.disable();
});

/** Throws at every use, down to the last method of what it returns. */
function hostile(): never {
  return new Proxy(() => undefined, {
    get() {
      throw new Error('telemetry is broken');
    },
    apply() {
      throw new Error('telemetry is broken');
    },
  }) as never;
}

const brokenSpan = { isRecording: () => true, spanContext: () => ({ traceId: '1', spanId: '2', traceFlags: 1 }) };
const brokenMeter = {
  ...Object.fromEntries(
    ['createHistogram', 'createCounter', 'createObservableGauge'].map((method) => [
      method,
      () => ({ addCallback: () => undefined, record: hostile }),
    ]),
  ),
  addBatchObservableCallback: () => undefined,
};

describe('a provider that throws changes nothing', () => {
  it.each<[string, TracerProvider, MeterProvider]>([
    ['at once', hostile(), hostile()],
    ['when asked for a tracer or meter', { getTracer: () => hostile() }, { getMeter: () => hostile() }],
    [
      'when a span starts',
      { getTracer: () => ({ startSpan: hostile }) as never },
      { getMeter: () => brokenMeter as never },
    ],
    [
      'when a span is used',
      { getTracer: () => ({ startSpan: () => brokenSpan }) as never },
      { getMeter: () => brokenMeter as never },
    ],
  ])('%s', (_, tracerProvider, meterProvider) => {
    const instrumentation = createInstrumentation({ tracerProvider, meterProvider, models: ['gpt-5.1'] }, noLanes);
    instrumentation.prepare('openai');
    for (let round = 0; round < 3; round++) {
      const call = callInfo({ stream: true });
      instrumentation.onEvent({ type: 'call.start', call });
      instrumentation.onEvent(admitted(call, 1, { waitedMs: 5, cause: 'requests' }));
      instrumentation.onEvent({ type: 'attempt.start', call, attempt: 1 });
      expect(instrumentation.propagationHeaders(call, 1)).toEqual({});
      let runs = 0;
      expect(instrumentation.runAttempt(call, 1, () => ++runs)).toBe(1);
      instrumentation.onEvent(attemptEnd(call, 1));
      instrumentation.onEvent({ type: 'stream.first_chunk', call, sinceStartMs: 1 });
      instrumentation.onEvent(callEnd(call, { usage: USAGE }));
    }
    instrumentation.shutdown();
    const messages = errors.map(([message]) => message);
    expect(messages.length).toBeGreaterThan(0);
    // Once each, not once per call.
    expect(new Set(messages).size).toBe(messages.length);
  });

  it('and one broken half does not affect the other', async () => {
    const broken = new Harness({ tracerProvider: hostile() });
    broken.play(...successfulCall(callInfo()));
    expect(await broken.value('tidegate.calls', { 'tidegate.outcome': 'success' })).toBe(1);
    const other = new Harness({ meterProvider: hostile() });
    other.play(...successfulCall(callInfo()));
    expect(other.spans).toHaveLength(2);
  });

  it('and a logger that throws does not either', () => {
    const silent = (): void => undefined;
    const logger: DiagLogger = { error: hostile, warn: silent, info: silent, debug: silent, verbose: silent };
    diag.setLogger(logger, { suppressOverrideMessage: true });
    const instrumentation = createInstrumentation({ tracerProvider: hostile(), meterProvider: hostile() }, noLanes);
    expect(() => instrumentation.onEvent({ type: 'call.start', call: callInfo() })).not.toThrow();
  });

  it('and lanes that cannot be read do not affect the rest of a collection', async () => {
    const harness = new Harness();
    harness.another({}, () => {
      throw new Error('no lanes');
    });
    harness.lanes = [lane()];
    expect(await harness.value('tidegate.bulkhead.queued')).toBe(7);
    expect(errors).toHaveLength(1);
  });
});

describe('a broken context manager', () => {
  const manager = (run: ContextManager['with']): ContextManager => ({
    active: () => ROOT_CONTEXT,
    with: run,
    bind: (_context, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });

  it.each<[string, ContextManager['with']]>([
    ['throws before', hostile],
    ['forgets to run', () => undefined as never],
    [
      'throws after',
      (_context, fn, self, ...args) => {
        fn.call(self as never, ...args);
        throw new Error('context is broken');
      },
    ],
  ])('%s: the attempt runs once and its result is kept', (_, run) => {
    context.setGlobalContextManager(manager(run));
    const harness = new Harness();
    const call = callInfo();
    harness.play({ type: 'call.start', call }, { type: 'attempt.start', call, attempt: 1 });
    const attempt = vi.fn(() => 'answer');
    expect(harness.instrumentation.runAttempt(call, 1, attempt)).toBe('answer');
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it('swallows an error: the attempt still throws it, and runs once', () => {
    context.setGlobalContextManager(
      manager((_context, fn, self, ...args) => {
        try {
          return fn.call(self as never, ...args);
        } catch {
          return undefined as never;
        }
      }),
    );
    const harness = new Harness();
    const call = callInfo();
    harness.play({ type: 'call.start', call });
    const attempt = vi.fn(() => {
      throw new RangeError('mine');
    });
    expect(() => harness.instrumentation.runAttempt(call, 1, attempt)).toThrow(RangeError);
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});

describe('without an SDK', () => {
  it('nothing is kept and nothing is created', () => {
    const instrumentation = createInstrumentation({}, noLanes);
    const call = callInfo();
    for (const event of successfulCall(call).slice(0, 3)) instrumentation.onEvent(event);
    expect(instrumentation.propagationHeaders(call, 1)).toEqual({});
    expect(instrumentation.runAttempt(call, 1, () => trace.getActiveSpan())).toBeUndefined();
  });

  it('a meter that drops everything is not written to', () => {
    const meter = createNoopMeter();
    const created = vi.spyOn(Object.getPrototypeOf(meter) as { createHistogram(): unknown }, 'createHistogram');
    const instrumentation = createInstrumentation({ meterProvider: { getMeter: () => meter } }, noLanes);
    for (const event of successfulCall(callInfo())) instrumentation.onEvent(event);
    expect(created).not.toHaveBeenCalled();
  });
});

describe('an SDK that is registered later', () => {
  it('is used by the next call, and dropped when another replaces it', async () => {
    const instrumentation = createInstrumentation({}, { lanes: () => [lane()] });
    const play = (): void => successfulCall(callInfo()).forEach((event: GuardEvent) => instrumentation.onEvent(event));
    play();
    for (let round = 0; round < 2; round++) {
      const exporter = new InMemorySpanExporter();
      const reader = new PrometheusExporter({ preventServerStart: true });
      trace.setGlobalTracerProvider(new SdkTracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
      metrics.setGlobalMeterProvider(new SdkMeterProvider({ readers: [reader] }) as MeterProvider);
      play();
      play();
      expect(exporter.getFinishedSpans()).toHaveLength(4);
      const text = new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics);
      expect(/tidegate_calls_total\{.*tidegate_outcome="success",.*\} (\d+)/.exec(text)?.[1]).toBe('2');
      expect(/tidegate_bulkhead_queued\{.*\} (\d+)/.exec(text)?.[1]).toBe('7');
      resetGlobals();
    }
  });

  it('reaches guards before their next call when it announces itself', async () => {
    const instrumentation = createInstrumentation({ models: ['gpt-5.1'] }, { lanes: () => [lane()] });
    instrumentation.prepare('openai');
    const reader = new PrometheusExporter({ preventServerStart: true });
    metrics.setGlobalMeterProvider(new SdkMeterProvider({ readers: [reader] }) as MeterProvider);
    bindTelemetry();
    const text = new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics);
    expect(/tidegate_build_info\{.*\} 1/.test(text)).toBe(true);
    expect(/tidegate_calls_total\{.*gen_ai_request_model="gpt-5.1".*\} 0/.test(text)).toBe(true);
    instrumentation.shutdown();
  });

  it('skips guards that were closed', async () => {
    const instrumentation = createInstrumentation({}, { lanes: () => [lane()] });
    instrumentation.shutdown();
    const reader = new PrometheusExporter({ preventServerStart: true });
    metrics.setGlobalMeterProvider(new SdkMeterProvider({ readers: [reader] }) as MeterProvider);
    for (const event of successfulCall(callInfo())) instrumentation.onEvent(event);
    expect((await reader.collect()).resourceMetrics.scopeMetrics.flatMap((each) => each.metrics)).toEqual([]);
  });
});

describe('content', () => {
  it('never reaches a span or a metric, wherever a server may put it', async () => {
    const harness = new Harness();
    const secret = 'sk-live-51 and the whole prompt';
    const call = callInfo({ stream: true });
    harness.play(
      { type: 'call.start', call },
      { type: 'attempt.start', call, attempt: 1 },
      {
        type: 'rate_limited',
        call,
        attempt: 1,
        dimension: 'tokens',
        limit: 1,
        remaining: 0,
        resetMs: 1,
        advice: secret,
      },
      attemptEnd(call, 1, { outcome: 'server_error', status: 500, code: secret }),
      { type: 'warning', message: secret },
      callEnd(call, { outcome: 'retries_exhausted', errorType: secret, usage: USAGE }),
    );
    const told = JSON.stringify(
      harness.spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
    );
    expect(told).toContain('tidegate.ratelimit.hit');
    expect(told.includes('sk-live')).toBe(false);
    expect((await harness.scrape()).includes('sk-live')).toBe(false);
  });
});

describe('memory', () => {
  it('is released for calls that have ended, and for calls that never do', async () => {
    const harness = new Harness();
    const ended = new WeakRef(play(harness, true));
    const open = new WeakRef(play(harness, false));
    harness.exporter.reset();
    await eventually(() => {
      collectGarbage();
      // Not the objects themselves: a failed expectation would keep them alive.
      expect([ended.deref() === undefined, open.deref() === undefined]).toEqual([true, true]);
    });
  });

  function play(harness: Harness, toItsEnd: boolean): object {
    const call = callInfo();
    const events = successfulCall(call);
    harness.play(...(toItsEnd ? events : events.slice(0, 3)));
    return call;
  }
});
