import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  createAllowListAttributesProcessor,
  DataPointType,
  type HistogramMetricData,
  type SumMetricData,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from 'vitest';
import type { GuardEvent } from '../../src/core/events.ts';
import type { ProviderName } from '../../src/core/provider.ts';
import { DEFAULT_THRESHOLDS } from '../../ops/thresholds.ts';
import { valuesOf } from '../../src/telemetry/contract/closed-set.ts';
import { CIRCUIT_STATES, REJECTION_DIMENSIONS } from '../../src/telemetry/contract/closed-sets.ts';
import { GEN_AI_METRICS } from '../../src/telemetry/contract/gen-ai-metrics.ts';
import { type Metric, METRICS } from '../../src/telemetry/contract/metrics.ts';
import type { TelemetryOptions } from '../../src/options/telemetry-options.ts';
import { createInstrumentation } from '../../src/telemetry/instrumentation.ts';
import { STATUS_LABELS } from '../../src/telemetry/status.ts';
import { ZERO_STATUSES } from '../../src/telemetry/zero-values.ts';
import {
  admitted,
  attemptEnd,
  callEnd,
  callInfo,
  Harness,
  pointsOf,
  resetGlobals,
  successfulCall,
  USAGE,
} from './harness.ts';

const BASE = {
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-5.1',
  'gen_ai.operation.name': 'chat',
};

/** Additional attributes of the conventions' own metrics. */
const SERVED = { ...BASE, 'server.address': 'api.openai.com', 'server.port': 443 };

const UNGUARDED: GuardEvent = { type: 'unguarded', provider: 'groq', via: 'sdk', host: 'gateway.test' };

/** A streamed call that is throttled once and then answered. */
function richCall(call = callInfo({ stream: true })): GuardEvent[] {
  return [
    { type: 'call.start', call },
    admitted(call, 1, { waitedMs: 4_000, cause: 'tokens' }),
    { type: 'attempt.start', call, attempt: 1 },
    {
      type: 'rate_limited',
      call,
      attempt: 1,
      dimension: 'tokens',
      limit: undefined,
      remaining: undefined,
      resetMs: undefined,
      advice: '',
    },
    { type: 'retry', call, attempt: 1, reason: 'rate_limit', delayMs: 1_500, delaySource: 'retry_after', status: 429 },
    attemptEnd(call, 1, { outcome: 'throttled', retryable: true, status: 429, durationMs: 300 }),
    admitted(call, 2, { waitedMs: 20, stage: 'bulkhead', cause: 'concurrency' }),
    { type: 'attempt.start', call, attempt: 2 },
    attemptEnd(call, 2, { durationMs: 700 }),
    { type: 'settled', call, attempt: 2, dimension: 'input_tokens', estimated: 120, actual: 100 },
    { type: 'settled', call, attempt: 2, dimension: 'output_tokens', estimated: 32, actual: 40 },
    { type: 'stream.first_chunk', call, sinceStartMs: 640 },
    { type: 'stream.chunk', call, sinceLastMs: 20 },
    { type: 'stream.end', call, outcome: 'completed' },
    callEnd(call, { outcome: 'success_after_retry', durationMs: 6_400, attempts: 2, usage: USAGE }),
  ];
}

describe('counters', () => {
  it('add up if a view drops their attributes', async () => {
    const view: ViewOptions = {
      instrumentName: 'tidegate.*',
      attributesProcessors: [createAllowListAttributesProcessor([])],
    };
    const harness = new Harness({}, undefined, [view]);
    for (const model of ['one', 'two', 'three']) harness.play(...successfulCall(callInfo({ model })));
    const text = await harness.scrape();
    for (const name of ['calls', 'attempts'])
      expect(text).toMatch(new RegExp(`^tidegate_${name}_total(?:\\{[^}]*\\})? 3$`, 'm'));
    expect(text).toMatch(/^tidegate_tokens_total(?:\{[^}]*\})? 600$/m);
  });

  it('count events, each with the labels of its row', async () => {
    const harness = new Harness();
    harness.play(...richCall());
    harness.play({ type: 'circuit', lane: 'openai/gpt-5.1', provider: 'openai', state: 'open' });
    harness.play(UNGUARDED, UNGUARDED);
    const all = await harness.collect();
    const counted = (name: string): unknown[] =>
      pointsOf<number>(all.get(name))
        .filter((point) => point.value > 0)
        .map((point) => [point.value, point.attributes]);
    expect(counted('tidegate.calls')).toEqual([[1, { ...BASE, 'tidegate.outcome': 'success_after_retry' }]]);
    expect(counted('tidegate.attempts')).toEqual([
      [1, { ...BASE, 'http.response.status_code': '200' }],
      [1, { ...BASE, 'http.response.status_code': '429' }],
    ]);
    expect(counted('tidegate.retries')).toEqual([[1, { ...BASE, 'tidegate.retry.reason': 'rate_limit' }]]);
    expect(counted('tidegate.ratelimit.rejections')).toEqual([[1, { ...BASE, 'tidegate.limit.dimension': 'tokens' }]]);
    expect(counted('tidegate.streams')).toEqual([[1, { ...BASE, 'tidegate.stream.outcome': 'completed' }]]);
    expect(counted('tidegate.tokens')).toEqual([
      [100, { ...BASE, 'tidegate.token.kind': 'input' }],
      [40, { ...BASE, 'tidegate.token.kind': 'output' }],
      [30, { ...BASE, 'tidegate.token.kind': 'cache_read' }],
      [20, { ...BASE, 'tidegate.token.kind': 'cache_write' }],
      [10, { ...BASE, 'tidegate.token.kind': 'reasoning' }],
    ]);
    expect(counted('tidegate.pacer.estimated_tokens')).toEqual([
      [120, { ...BASE, 'tidegate.token.kind': 'input' }],
      [32, { ...BASE, 'tidegate.token.kind': 'output' }],
    ]);
    expect(counted('tidegate.circuit.transitions')).toEqual([
      [1, { 'gen_ai.provider.name': 'openai', 'tidegate.circuit': 'openai/gpt-5.1', 'tidegate.circuit.state': 'open' }],
    ]);
    expect(counted('tidegate.unguarded.requests')).toEqual([
      [2, { 'gen_ai.provider.name': 'groq', 'tidegate.unguarded.via': 'sdk' }],
    ]);
    expect(await harness.scrape()).toMatch(
      /^tidegate_unguarded_requests_total\{.*tidegate_unguarded_via="sdk".*\} 2$/m,
    );
  });

  it('are cumulative monotonic sums with unit and description', async () => {
    const harness = new Harness();
    harness.play(...richCall(), ...richCall(), UNGUARDED);
    harness.play(callEnd(callInfo(), { outcome: 'timeout', errorType: 'timeout' }));
    harness.play({ type: 'repeated', call: callInfo(), layer: 'ai_sdk', sinceMs: 5 });
    harness.play({ type: 'shared.exchange', lane: 'openai/gpt-5.1', durationMs: 2, fault: 'timeout' });
    const response = { finishReasons: ['length'], serviceTier: 'default' };
    harness.play(callEnd(callInfo({ tier: 'flex' }), { response }));
    const all = await harness.collect();
    for (const [name, { kind, unit, description }] of Object.entries<Metric>(METRICS)) {
      if (kind !== 'counter' || /^tidegate\.(?:cost|hits)/.test(name)) continue;
      const metric = all.get(name) as SumMetricData;
      expect(metric).toMatchObject({
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        descriptor: { name, unit, description },
      });
    }
    expect(await harness.value('tidegate.calls', { 'tidegate.outcome': 'success_after_retry' })).toBe(2);
    // Collecting does not count again.
    expect(await harness.value('tidegate.calls', { 'tidegate.outcome': 'success_after_retry' })).toBe(2);
  });

  it('count attempts without a response, and unlisted statuses by class', async () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      attemptEnd(call, 1, { outcome: 'connection', retryable: true, status: undefined }),
      attemptEnd(call, 2, { outcome: 'server_error', retryable: true, status: 520 }),
      attemptEnd(call, 3, { outcome: 'cancelled', status: undefined }),
    );
    expect(await harness.value('tidegate.attempts', { 'http.response.status_code': 'none' })).toBe(2);
    expect(await harness.value('tidegate.attempts', { 'http.response.status_code': '5xx' })).toBe(1);
  });

  it('keep several guards of one SDK together', async () => {
    const harness = new Harness();
    const second = harness.another();
    for (const event of successfulCall(callInfo())) second.onEvent(event);
    harness.play(...successfulCall(callInfo()));
    expect(await harness.value('tidegate.calls', { 'tidegate.outcome': 'success' })).toBe(2);
  });

  it('survive the guard: earlier counts are still exported', async () => {
    const harness = new Harness();
    harness.play(...successfulCall(callInfo()));
    harness.instrumentation.shutdown();
    expect(await harness.value('tidegate.calls', { 'tidegate.outcome': 'success' })).toBe(1);
  });
});

describe('zero series', () => {
  it.each<ProviderName>(['openai', 'groq', 'anthropic'])(
    'exist for what alerts wait for once a call to %s has started',
    async (provider) => {
      const harness = new Harness();
      harness.play({ type: 'call.start', call: callInfo({ provider }) });
      const all = await harness.collect();
      const labels = (name: string, key: string): unknown[] =>
        pointsOf<number>(all.get(name)).map(({ value, attributes }) => {
          expect(value).toBe(0);
          return attributes[key];
        });
      expect(labels('tidegate.calls', 'tidegate.outcome')).toEqual(['success', 'retries_exhausted', 'bad_request']);
      expect(labels('tidegate.attempts', 'http.response.status_code')).toEqual(['200', '401', '403']);
      expect(labels('tidegate.retries', 'tidegate.retry.reason')).toEqual(['rate_limit']);
      expect(labels('tidegate.ratelimit.rejections', 'tidegate.limit.dimension')).toEqual(['quota']);
      expect(labels('tidegate.circuit.transitions', 'tidegate.circuit.state')).toEqual(['closed']);
      expect(labels('tidegate.tokens', 'tidegate.token.kind')).toEqual(['input', 'output']);
      expect(labels('tidegate.pacer.estimated_tokens', 'tidegate.token.kind')).toEqual(['input', 'output']);
      // Operations that do not stream have no streams.
      expect(labels('tidegate.streams', 'tidegate.stream.outcome')).toEqual([]);
    },
  );

  it('of streams exist from the first stream', async () => {
    const harness = new Harness();
    const call = callInfo({ stream: true });
    harness.play({ type: 'call.start', call }, { type: 'stream.end', call, outcome: 'completed' });
    const ends = pointsOf<number>((await harness.collect()).get('tidegate.streams'));
    expect(ends.map(({ value, attributes }) => [attributes['tidegate.stream.outcome'], value])).toEqual([
      ['completed', 1],
      ['interrupted', 0],
    ]);
  });

  it('are not a bound: every value of every enum is counted', async () => {
    const harness = new Harness();
    const call = callInfo();
    const unknown = { limit: undefined, remaining: undefined, resetMs: undefined, advice: '' };
    for (const dimension of valuesOf(REJECTION_DIMENSIONS)) {
      harness.play({ type: 'rate_limited', call, attempt: 1, dimension, ...unknown });
    }
    for (const state of valuesOf(CIRCUIT_STATES)) {
      harness.play({ type: 'circuit', lane: call.lane, provider: call.provider, state });
    }
    expect(new Set(await harness.values('tidegate.ratelimit.rejections'))).toEqual(new Set([1]));
    expect(await harness.values('tidegate.ratelimit.rejections')).toHaveLength(valuesOf(REJECTION_DIMENSIONS).length);
    expect(await harness.values('tidegate.circuit.transitions')).toEqual(valuesOf(CIRCUIT_STATES).map(() => 1));
    for (const status of ZERO_STATUSES) expect(STATUS_LABELS).toContain(status);
  });

  it('exist for configured models as soon as their provider is known', async () => {
    const harness = new Harness({ models: ['gpt-5.1', 'claude-opus-4-6', 'text-embedding-3-small'] });
    expect(await harness.values('tidegate.calls')).toEqual([]);
    harness.instrumentation.prepare('openai');
    const points = pointsOf<number>((await harness.collect()).get('tidegate.calls'), { 'tidegate.outcome': 'success' });
    expect(
      points.map(({ value, attributes }) => [
        value,
        attributes['gen_ai.request.model'],
        attributes['gen_ai.operation.name'],
      ]),
    ).toEqual([
      [0, 'gpt-5.1', 'chat'],
      [0, 'text-embedding-3-small', 'embeddings'],
    ]);
    harness.play({ type: 'call.start', call: callInfo({ provider: 'anthropic', model: 'claude-sonnet-5' }) });
    const models = pointsOf<number>((await harness.collect()).get('tidegate.calls'), {
      'tidegate.outcome': 'success',
      'gen_ai.provider.name': 'anthropic',
    }).map(({ attributes }) => attributes['gen_ai.request.model']);
    expect(models).toEqual(['claude-opus-4-6', 'claude-sonnet-5']);
  });

  it('never push a counted series into the overflow of the SDK', async () => {
    const harness = new Harness({ maxModels: 1_000 });
    const calls = Array.from({ length: 150 }, (_, index) => callInfo({ model: `model-${index}` }));
    for (const call of calls) harness.play(...successfulCall(call));
    const all = await harness.collect();
    const counted = pointsOf<number>(all.get('tidegate.attempts')).filter(({ value }) => value > 0);
    expect(counted).toHaveLength(150);
    expect(
      counted.every(({ value, attributes }) => value === 1 && attributes['http.response.status_code'] === '200'),
    ).toBe(true);
    expect(pointsOf(all.get('tidegate.attempts'), { 'otel.metric.overflow': true })).toEqual([]);
  });
});

describe('histograms', () => {
  it('have the buckets, units and labels of their rows', async () => {
    const harness = new Harness({ detailedHistograms: true });
    harness.play(...richCall());
    const expected: Record<string, { attributes: object; sum: number }[]> = {
      'tidegate.attempt.duration_seconds': [{ attributes: BASE, sum: 1 }],
      'tidegate.call.duration_seconds': [{ attributes: BASE, sum: 6.4 }],
      'tidegate.stream.first_chunk_seconds': [{ attributes: BASE, sum: 0.64 }],
      'tidegate.retry.delay_seconds': [
        { attributes: { 'gen_ai.provider.name': 'openai', 'tidegate.delay.source': 'retry_after' }, sum: 1.5 },
      ],
      'tidegate.wait.duration_seconds': [
        {
          attributes: {
            'gen_ai.provider.name': 'openai',
            'gen_ai.request.model': 'gpt-5.1',
            'tidegate.wait.stage': 'pacer',
            'tidegate.priority': 'normal',
          },
          sum: 4,
        },
        {
          attributes: {
            'gen_ai.provider.name': 'openai',
            'gen_ai.request.model': 'gpt-5.1',
            'tidegate.wait.stage': 'bulkhead',
            'tidegate.priority': 'normal',
          },
          sum: 0.02,
        },
      ],
      'gen_ai.client.operation.duration': [{ attributes: SERVED, sum: 6.4 }],
      'gen_ai.client.operation.time_to_first_chunk': [{ attributes: SERVED, sum: 0.64 }],
      'gen_ai.client.operation.time_per_output_chunk': [{ attributes: SERVED, sum: 0.02 }],
      'gen_ai.client.token.usage': [
        { attributes: { ...SERVED, 'gen_ai.token.type': 'input' }, sum: 100 },
        { attributes: { ...SERVED, 'gen_ai.token.type': 'output' }, sum: 40 },
      ],
    };
    const all = await harness.collect();
    for (const [name, points] of Object.entries(expected)) {
      const definition = Object.entries<Metric>({ ...METRICS, ...GEN_AI_METRICS }).find(([each]) => each === name)![1];
      const metric = all.get(name) as HistogramMetricData;
      expect(metric.descriptor).toMatchObject({ name, unit: definition.unit });
      expect(metric.dataPoints.map(({ attributes, value }) => ({ attributes, sum: value.sum }))).toEqual(points);
      for (const { value } of metric.dataPoints) {
        expect(value.count).toBe(name === 'tidegate.attempt.duration_seconds' ? 2 : 1);
        expect(value.buckets.boundaries).toEqual(definition.buckets);
      }
    }
  });

  it('have few buckets, with those of attempts close enough for the alert on their growth', () => {
    const own = Object.values<Metric>(METRICS).filter(({ kind }) => kind === 'histogram');
    expect(own.length).toBeGreaterThan(4);
    for (const { buckets } of own) expect(buckets!.length).toBeLessThan(10);
    const { latencyFactor } = DEFAULT_THRESHOLDS.provider;
    const attempts = METRICS['tidegate.attempt.duration_seconds'].buckets;
    for (const [index, bound] of attempts.entries()) {
      if (index > 0) expect(bound / attempts[index - 1]!).toBeLessThanOrEqual(latencyFactor);
    }
    // An alert's threshold is a bucket bound: values below it are never taken for more.
    expect(METRICS['tidegate.wait.duration_seconds'].buckets).toContain(DEFAULT_THRESHOLDS.queue.waitSeconds);
  });

  it('record an attempt that needed no wait as zero, and no time spent waiting', async () => {
    const harness = new Harness();
    harness.play(...successfulCall(callInfo()));
    const [point] = await harness.histograms('tidegate.wait.duration_seconds');
    expect(await harness.values('tidegate.wait.spent_seconds')).toEqual([]);
    expect(point!.value).toMatchObject({ count: 1, sum: 0 });
    expect(point!.value.buckets.counts[0]).toBe(1);
  });

  it('report where attempts waited, and why', async () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      admitted(call, 1, { waitedMs: 2_000, cause: 'tokens' }),
      admitted(call, 2, { waitedMs: 1_000, cause: 'tokens' }),
      admitted(call, 3, { waitedMs: 500, cause: 'concurrency', stage: 'bulkhead' }),
      { type: 'not_admitted', call, stage: 'pacer', waitedMs: 9_000, cause: 'circuit' },
    );
    const waits = await harness.histograms('tidegate.wait.duration_seconds');
    expect(waits.map(({ attributes, value }) => [attributes['tidegate.wait.stage'], value.count])).toEqual([
      ['pacer', 2],
      ['bulkhead', 1],
      ['circuit', 1],
    ]);
    const spent = pointsOf<number>((await harness.collect()).get('tidegate.wait.spent_seconds'));
    expect(spent.map(({ attributes, value }) => [attributes['tidegate.limit.dimension'], value])).toEqual([
      ['tokens', 3],
      ['concurrency', 0.5],
      ['circuit', 9],
    ]);
  });

  it('skip aborted attempts', async () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      attemptEnd(call, 1, { outcome: 'server_error', retryable: true, status: 500 }),
      attemptEnd(call, 2, { outcome: 'auth', retryable: false, status: 401 }),
      attemptEnd(call, 3, { outcome: 'cancelled', retryable: false, status: undefined }),
    );
    const points = await harness.histograms('tidegate.attempt.duration_seconds');
    expect(points.map(({ value }) => value.count)).toEqual([2]);
  });

  it('give a failed call its error type, from a closed set', async () => {
    const harness = new Harness();
    for (const errorType of ['rate_limit_exceeded', 'some_new_code', 'timeout', undefined]) {
      const call = callInfo();
      harness.play(callEnd(call, { outcome: 'retries_exhausted', errorType }));
    }
    harness.play(callEnd(callInfo(), { outcome: 'cancelled' }));
    const points = await harness.histograms('gen_ai.client.operation.duration');
    expect(points.map(({ attributes, value }) => [attributes['error.type'], value.count])).toEqual([
      ['rate_limit_exceeded', 1],
      ['_OTHER', 2],
      ['timeout', 1],
      [undefined, 1],
    ]);
    const errors = pointsOf<number>((await harness.collect()).get('tidegate.call.errors'));
    expect(errors.map(({ attributes, value }) => [attributes['error.type'], value])).toEqual([
      ['rate_limit_exceeded', 1],
      ['_OTHER', 2],
      ['timeout', 1],
    ]);
  });
});

describe('the metrics of the conventions', () => {
  const conventional = async (options: TelemetryOptions, served: boolean): Promise<string[]> => {
    const harness = new Harness({ metrics: false });
    metrics.setGlobalMeterProvider(harness.meterProvider);
    const instrumentation = createInstrumentation(options, { lanes: () => [], onlyServed: () => served });
    for (const event of richCall()) instrumentation.onEvent(event);
    resetGlobals();
    return [...(await harness.collect()).keys()].filter((name) => name.startsWith('gen_ai.'));
  };

  it('are recorded in an OpenTelemetry setup of the application, unless disabled', async () => {
    expect(await conventional({}, false)).toHaveLength(2);
    expect(await conventional({ genAiMetrics: false }, false)).toEqual([]);
  });

  it('are opt-in if the endpoint of startTelemetry is the only reader', async () => {
    expect(await conventional({}, true)).toEqual([]);
    expect(await conventional({ genAiMetrics: true }, true)).toHaveLength(2);
  });
});

describe('labels', () => {
  it('stay within the cap on models', async () => {
    const harness = new Harness({ maxModels: 2, models: ['known'] });
    for (const model of ['a', 'b', 'known', 'c', undefined]) harness.play(...successfulCall(callInfo({ model })));
    const points = pointsOf<number>((await harness.collect()).get('tidegate.calls'), { 'tidegate.outcome': 'success' });
    expect(
      Object.fromEntries(points.map(({ attributes, value }) => [attributes['gen_ai.request.model'], value])),
    ).toEqual({
      known: 1,
      a: 1,
      _OTHER: 3,
    });
  });

  it('stay within their closed sets whatever an event contains', async () => {
    const harness = new Harness();
    const call = callInfo({ provider: 'made up' as never, operation: 'toString' as never });
    harness.play(
      { type: 'call.start', call },
      admitted(call, 1, { cause: 'made up' as never }),
      {
        type: 'rate_limited',
        call,
        attempt: 1,
        dimension: 'made up' as never,
        limit: 1,
        remaining: 1,
        resetMs: 1,
        advice: '',
      },
      {
        type: 'retry',
        call,
        attempt: 1,
        reason: 'constructor' as never,
        delayMs: 1,
        delaySource: 'made up' as never,
        status: 1,
      },
      attemptEnd(call, 1, { status: 12 }),
      { type: 'stream.end', call, outcome: 'made up' as never },
      callEnd(call, { outcome: 'made up' as never, errorType: 'made up' }),
    );
    expect(/made up|toString|constructor/.exec(await harness.scrape())).toBeNull();
    const labelled = { 'gen_ai.provider.name': '_OTHER', 'gen_ai.operation.name': '_OTHER' };
    expect(await harness.value('tidegate.retries', { ...labelled, 'tidegate.retry.reason': 'other' })).toBe(1);
    expect(
      await harness.value('tidegate.ratelimit.rejections', { ...labelled, 'tidegate.limit.dimension': 'unknown' }),
    ).toBe(1);
    expect(await harness.value('tidegate.attempts', { ...labelled, 'http.response.status_code': 'none' })).toBe(1);
  });

  it('include the attributes of the application on every point', async () => {
    const harness = new Harness({ attributes: { 'tidegate.client': 'search', shard: 2 } });
    harness.play(...richCall());
    harness.play({ type: 'circuit', lane: 'openai/gpt-5.1', provider: 'openai', state: 'open' });
    for (const metric of (await harness.collect()).values()) {
      expect(metric.dataPoints.length).toBeGreaterThan(0);
      for (const { attributes } of metric.dataPoints) {
        expect(attributes).toMatchObject({ 'tidegate.client': 'search', shard: 2 });
      }
    }
  });

  it('are one series for equal attributes in another order', async () => {
    const harness = new Harness({ attributes: { a: 1, b: 2 } });
    const second = harness.another({ attributes: { b: 2, a: 1 } });
    harness.play(...successfulCall(callInfo()));
    for (const event of successfulCall(callInfo())) second.onEvent(event);
    expect(await harness.value('tidegate.calls', { 'tidegate.outcome': 'success' })).toBe(2);
  });
});

describe('the GenAI conventions', () => {
  const genAi = async (harness: Harness): Promise<string[]> =>
    [...(await harness.collect()).keys()].filter((name) => name.startsWith('gen_ai.')).sort();

  it.each([
    ['compat', 'operation'],
    ['latest', 'inference'],
  ] as const)('%s: only times by default, beside counters', async (semconv, kind) => {
    const harness = new Harness({ semconv });
    harness.play(...richCall());
    expect(harness.instrumentation.timesChunks()).toBe(false);
    expect((await genAi(harness)).filter((name) => !name.includes('.usage.'))).toEqual([
      `gen_ai.client.${kind}.duration`,
      `gen_ai.client.${kind}.time_to_first_chunk`,
    ]);
  });

  it('compat: the metrics that existing dashboards use', async () => {
    const harness = new Harness({ semconv: 'compat', detailedHistograms: true });
    harness.play(...richCall());
    expect(harness.instrumentation.timesChunks()).toBe(true);
    expect(await genAi(harness)).toEqual([
      'gen_ai.client.operation.duration',
      'gen_ai.client.operation.time_per_output_chunk',
      'gen_ai.client.operation.time_to_first_chunk',
      'gen_ai.client.token.usage',
    ]);
  });

  it('name the server and the model that answered, with a cap on each', async () => {
    const harness = new Harness({ maxModels: 2 });
    const servers = Array.from({ length: 30 }, (_, index) => `host-${index}.test`);
    for (const serverAddress of servers) harness.play(callEnd(callInfo({ serverAddress })));
    for (const model of ['a', 'b', 'c', 'd']) harness.play(callEnd(callInfo(), { response: { model } }));
    harness.play(callEnd(callInfo({ serverAddress: undefined, serverPort: undefined })));
    const points = await harness.histograms('gen_ai.client.operation.duration');
    const distinct = (key: string): unknown[] => [...new Set(points.map(({ attributes }) => attributes[key]))];
    expect(distinct('server.address')).toEqual([...servers.slice(0, 20), '_OTHER', undefined]);
    expect(distinct('gen_ai.response.model')).toEqual([undefined, 'a', 'b', '_OTHER']);
    expect(points.find(({ attributes }) => attributes['server.address'] === '_OTHER')!.attributes).not.toHaveProperty([
      'server.port',
    ]);
  });

  it('name the error of failed calls on their duration only', async () => {
    const harness = new Harness({ semconv: 'dup', detailedHistograms: true });
    harness.play(callEnd(callInfo(), { outcome: 'retries_exhausted', errorType: '500', usage: USAGE }));
    const errorOf = async (name: string): Promise<unknown[]> =>
      (await harness.histograms(name)).map(({ attributes }) => attributes['error.type']);
    expect(await errorOf('gen_ai.client.operation.duration')).toEqual(['500']);
    expect(await errorOf('gen_ai.client.inference.duration')).toEqual(['500']);
    expect(await errorOf('gen_ai.client.token.usage')).toEqual([undefined, undefined]);
    expect(await errorOf('gen_ai.client.inference.operation.input_tokens')).toEqual([undefined]);
  });

  it('latest: the metrics of the new conventions, and none of the old', async () => {
    const harness = new Harness({ semconv: 'latest', detailedHistograms: true });
    harness.play(...richCall());
    expect(await genAi(harness)).toEqual([
      'gen_ai.client.inference.duration',
      'gen_ai.client.inference.operation.input_tokens',
      'gen_ai.client.inference.operation.output_tokens',
      'gen_ai.client.inference.time_per_output_chunk',
      'gen_ai.client.inference.time_to_first_chunk',
      'gen_ai.client.inference.usage.cache_read.input_tokens',
      'gen_ai.client.inference.usage.cache_write.input_tokens',
      'gen_ai.client.inference.usage.input_tokens',
      'gen_ai.client.inference.usage.output_tokens',
      'gen_ai.client.inference.usage.reasoning.output_tokens',
    ]);
    const unknown = { ...SERVED, 'gen_ai.token.modality': 'unknown' };
    expect(await harness.value('gen_ai.client.inference.usage.input_tokens', unknown)).toBe(100);
    expect(await harness.value('gen_ai.client.inference.usage.output_tokens', unknown)).toBe(40);
    expect(await harness.value('gen_ai.client.inference.usage.cache_read.input_tokens', unknown)).toBe(30);
    expect(await harness.value('gen_ai.client.inference.usage.cache_write.input_tokens', unknown)).toBe(20);
    expect(await harness.value('gen_ai.client.inference.usage.reasoning.output_tokens', unknown)).toBe(10);
    const [input] = await harness.histograms('gen_ai.client.inference.operation.input_tokens');
    expect(input).toMatchObject({ attributes: SERVED, value: { sum: 100, count: 1 } });
  });

  it('latest: a failed call counts zero tokens', async () => {
    const harness = new Harness({ semconv: 'latest' });
    harness.play(callEnd(callInfo(), { outcome: 'retries_exhausted', errorType: '500' }));
    expect(await harness.value('gen_ai.client.inference.usage.input_tokens')).toBe(0);
    expect(await harness.histograms('gen_ai.client.inference.operation.input_tokens')).toEqual([]);
  });

  it('latest: embeddings have metrics of their own, other operations none', async () => {
    const harness = new Harness({ semconv: 'latest', detailedHistograms: true });
    harness.play(callEnd(callInfo({ operation: 'moderation' }), { usage: USAGE }));
    expect(await genAi(harness)).toEqual([]);
    harness.play(callEnd(callInfo({ operation: 'embeddings' }), { usage: { ...USAGE, outputTokens: 0 } }));
    expect(await genAi(harness)).toEqual([
      'gen_ai.client.embeddings.duration',
      'gen_ai.client.embeddings.operation.input_tokens',
    ]);
  });

  it('dup: both', async () => {
    const harness = new Harness({ semconv: 'dup', detailedHistograms: true });
    harness.play(...richCall());
    expect(await genAi(harness)).toHaveLength(14);
  });

  it('count no output for operations without one', async () => {
    const harness = new Harness({ detailedHistograms: true });
    harness.play(
      callEnd(callInfo({ operation: 'embeddings' }), { usage: { ...USAGE, outputTokens: 0, reasoningTokens: 0 } }),
    );
    const types = (await harness.histograms('gen_ai.client.token.usage')).map(
      ({ attributes }) => attributes['gen_ai.token.type'],
    );
    expect(types).toEqual(['input']);
    expect(await harness.values('tidegate.tokens', { 'tidegate.token.kind': 'output' })).toEqual([]);
  });
});

describe('metrics: false', () => {
  it('emits spans only', async () => {
    const harness = new Harness({ metrics: false });
    harness.play(...successfulCall(callInfo()));
    expect([...(await harness.collect()).keys()]).toEqual([]);
    expect(harness.spans).toHaveLength(2);
  });
});
