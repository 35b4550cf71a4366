import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler, SamplingDecision, type Sampler } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GuardEvent } from '../../src/core/events.ts';
import { admitted, attemptEnd, callEnd, callInfo, Harness, successfulCall, USAGE } from './harness.ts';
import { VERSION } from '../../src/telemetry/names.ts';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

const started = (call = callInfo()): GuardEvent => ({ type: 'call.start', call });

describe('the span of a call', () => {
  it('is a client span with the request at its start and the result at its end', () => {
    const harness = new Harness({ attributes: { 'tidegate.client': 'search' } });
    const call = callInfo({
      stream: true,
      attributes: { max_tokens: 512, temperature: 0.2, 'reasoning.level': 'high' },
    });
    harness.play(
      { type: 'call.start', call },
      admitted(call, 1),
      { type: 'attempt.start', call, attempt: 1 },
      attemptEnd(call, 1),
      { type: 'stream.first_chunk', call, sinceStartMs: 450 },
      { type: 'stream.end', call, outcome: 'completed' },
      callEnd(call, {
        waitedPacerMs: 12,
        waitedBulkheadMs: 3,
        retryDelayMs: 0,
        usage: USAGE,
        response: { id: 'resp_1', model: 'gpt-5.1-2026-08-01', finishReasons: ['stop'] },
      }),
    );
    const span = harness.span('chat gpt-5.1');
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.instrumentationScope).toMatchObject({ name: 'tidegate', version: VERSION });
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).toEqual({
      'tidegate.client': 'search',
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5.1',
      'gen_ai.request.stream': true,
      'gen_ai.request.max_tokens': 512,
      'gen_ai.request.temperature': 0.2,
      'gen_ai.request.reasoning.level': 'high',
      'server.address': 'api.openai.com',
      'server.port': 443,
      'gen_ai.response.id': 'resp_1',
      'gen_ai.response.model': 'gpt-5.1-2026-08-01',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.time_to_first_chunk': 0.45,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 40,
      'gen_ai.usage.cache_read.input_tokens': 30,
      'gen_ai.usage.cache_creation.input_tokens': 20,
      'gen_ai.usage.reasoning.output_tokens': 10,
      'tidegate.attempts': 1,
      'tidegate.outcome': 'success',
      'tidegate.wait.pacer_ms': 12,
      'tidegate.wait.bulkhead_ms': 3,
    });
    expect(span.events.map(({ name }) => name)).toEqual(['tidegate.stream.first_chunk']);
  });

  it('shows samplers the request', () => {
    let seen: unknown;
    const sampler: Sampler = {
      shouldSample: (_context, _traceId, _name, _kind, attributes) => {
        seen ??= attributes;
        return { decision: SamplingDecision.RECORD_AND_SAMPLED };
      },
    };
    const harness = new Harness({}, sampler);
    harness.play(started());
    expect(seen).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5.1',
      'server.address': 'api.openai.com',
      'server.port': 443,
    });
  });

  it('omits what is unknown', () => {
    const harness = new Harness();
    const call = callInfo({ operation: 'other', model: undefined, serverAddress: undefined, serverPort: 443 });
    harness.play(started(call), callEnd(call));
    expect(Object.keys(harness.span('other').attributes).sort()).toEqual([
      'gen_ai.operation.name',
      'gen_ai.provider.name',
      'tidegate.attempts',
      'tidegate.outcome',
    ]);
  });

  it('is a child of the span that is active when the call starts', () => {
    const harness = new Harness();
    const call = callInfo();
    const parent = harness.tracerProvider.getTracer('app').startSpan('app');
    context.with(trace.setSpan(ROOT_CONTEXT, parent), () => harness.play(started(call)));
    harness.play(callEnd(call));
    expect(harness.span('chat gpt-5.1').parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  });
});

describe('retries and refusals', () => {
  /** Throttled, waited, retried, succeeded. */
  function retried(harness: Harness): void {
    const call = callInfo();
    harness.play(
      { type: 'call.start', call },
      { type: 'queued', call, depth: 9 },
      admitted(call, 1, { waitedMs: 40, stage: 'bulkhead', cause: 'concurrency' }),
      { type: 'attempt.start', call, attempt: 1 },
      {
        type: 'rate_limited',
        call,
        attempt: 1,
        dimension: 'tokens',
        limit: 30_000,
        remaining: 12,
        resetMs: 2_500,
        advice: 'Shrink tokens.',
      },
      {
        type: 'retry',
        call,
        attempt: 1,
        reason: 'rate_limit',
        delayMs: 1_500,
        delaySource: 'retry_after',
        status: 429,
      },
      attemptEnd(call, 1, { outcome: 'throttled', retryable: true, status: 429, code: 'rate_limit_exceeded' }),
      admitted(call, 2, { waitedMs: 1_500, cause: 'tokens' }),
      { type: 'attempt.start', call, attempt: 2 },
      attemptEnd(call, 2),
      callEnd(call, {
        outcome: 'success_after_retry',
        attempts: 2,
        waitedPacerMs: 1_500,
        retryDelayMs: 20,
        usage: USAGE,
      }),
    );
  }

  it('are one call span with an internal span for each attempt', () => {
    const harness = new Harness({ attributes: { team: 'a' } });
    retried(harness);
    const [first, second, call] = harness.spans;
    expect([first!.name, second!.name, call!.name]).toEqual(['tidegate.attempt', 'tidegate.attempt', 'chat gpt-5.1']);
    for (const attempt of [first!, second!]) {
      expect(attempt.kind).toBe(SpanKind.INTERNAL);
      expect(attempt.parentSpanContext?.spanId).toBe(call!.spanContext().spanId);
    }
    expect(first!.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(first!.attributes).toEqual({
      team: 'a',
      'tidegate.attempt.number': 1,
      'http.response.status_code': 429,
      'error.type': 'rate_limit_exceeded',
      'tidegate.request.id': 'req_1',
    });
    expect(second!.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(second!.attributes).toEqual({
      team: 'a',
      'tidegate.attempt.number': 2,
      'http.request.resend_count': 1,
      'http.response.status_code': 200,
      'tidegate.request.id': 'req_2',
    });
  });

  it('are events of the call, which they do not fail', () => {
    const harness = new Harness();
    retried(harness);
    const span = harness.span('chat gpt-5.1');
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes['error.type']).toBeUndefined();
    expect(span.attributes['http.request.resend_count']).toBeUndefined();
    expect(span.attributes['tidegate.outcome']).toBe('success_after_retry');
    expect(span.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['tidegate.bulkhead.wait', { 'tidegate.queue.depth': 9, 'tidegate.delay_ms': 40 }],
      [
        'tidegate.ratelimit.hit',
        {
          'tidegate.limit.dimension': 'tokens',
          'tidegate.limit.value': 30_000,
          'tidegate.limit.remaining': 12,
          'tidegate.limit.reset_s': 2.5,
        },
      ],
      [
        'tidegate.retry',
        {
          'tidegate.attempt.number': 1,
          'tidegate.retry.reason': 'rate_limit',
          'tidegate.delay_ms': 1_500,
          'tidegate.delay.source': 'retry_after',
          'http.response.status_code': 429,
        },
      ],
      ['tidegate.pacer.wait', { 'tidegate.delay_ms': 1_500, 'tidegate.limit.dimension': 'tokens' }],
    ]);
  });

  it('put the number of resends on the call span in dup mode only', () => {
    const harness = new Harness({ semconv: 'dup' });
    retried(harness);
    expect(harness.span('chat gpt-5.1').attributes['http.request.resend_count']).toBe(1);
  });

  it('omit what the provider did not report', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      started(call),
      {
        type: 'rate_limited',
        call,
        attempt: 1,
        dimension: 'overloaded',
        limit: undefined,
        remaining: undefined,
        resetMs: undefined,
        advice: '',
      },
      { type: 'retry', call, attempt: 1, reason: 'connection', delayMs: 5, delaySource: 'backoff', status: undefined },
      callEnd(call),
    );
    expect(harness.span('chat gpt-5.1').events.map(({ attributes }) => attributes)).toEqual([
      { 'tidegate.limit.dimension': 'overloaded' },
      {
        'tidegate.attempt.number': 1,
        'tidegate.retry.reason': 'connection',
        'tidegate.delay_ms': 5,
        'tidegate.delay.source': 'backoff',
      },
    ]);
  });

  it.each([
    ['retries_exhausted', 'rate_limit_exceeded', 'rate_limit_exceeded'],
    ['rejected_circuit', 'circuit_open', 'circuit_open'],
    ['rejected_bulkhead', 'bulkhead_full', 'bulkhead_full'],
    ['timeout', 'deadline_exceeded', 'deadline_exceeded'],
    ['client_error', 'Please say: hello there', '_OTHER'],
    ['client_error', undefined, '_OTHER'],
  ] as const)('end in error as %s (%s)', (outcome, errorType, expected) => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(started(call), callEnd(call, { outcome, errorType, attempts: 0 }));
    const span = harness.span('chat gpt-5.1');
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span.attributes).toMatchObject({
      'error.type': expected,
      'tidegate.outcome': outcome,
      'tidegate.attempts': 0,
    });
  });

  it('name the circuit that refused a call, and why attempts ended', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      started(call),
      { type: 'give_up', call, attempt: 0, reason: 'circuit' },
      callEnd(call, { outcome: 'rejected_circuit', errorType: 'circuit_open', attempts: 0 }),
    );
    const span = harness.span('chat gpt-5.1');
    expect(span.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['tidegate.circuit.rejected', { 'tidegate.circuit': 'openai/gpt-5.1' }],
    ]);
    expect(span.attributes['tidegate.give_up.reason']).toBe('circuit');

    const other = callInfo({ model: 'o5' });
    harness.play(started(other), { type: 'give_up', call: other, attempt: 3, reason: 'budget' }, callEnd(other));
    expect(harness.span('chat o5').attributes['tidegate.give_up.reason']).toBe('budget');
    expect(harness.span('chat o5').events).toEqual([]);
  });

  it('have no status when the caller aborted', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      started(call),
      { type: 'attempt.start', call, attempt: 1 },
      attemptEnd(call, 1, { outcome: 'cancelled', status: undefined, requestId: undefined }),
      callEnd(call, { outcome: 'cancelled' }),
    );
    for (const span of harness.spans) {
      expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
      expect(span.attributes['error.type']).toBeUndefined();
    }
    expect(harness.spans).toHaveLength(2);
  });

  it('say when a stream was interrupted', () => {
    const harness = new Harness();
    const call = callInfo({ stream: true });
    harness.play(
      started(call),
      { type: 'stream.end', call, outcome: 'interrupted' },
      callEnd(call, { outcome: 'retries_exhausted', errorType: 'overloaded_error' }),
    );
    expect(harness.span('chat gpt-5.1').events.map(({ name }) => name)).toEqual(['tidegate.stream.interrupted']);
  });
});

describe('every started span is ended, once', () => {
  it('even for an attempt that the breaker rejected, which has no end event', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      started(call),
      { type: 'attempt.start', call, attempt: 1 },
      { type: 'attempt.start', call, attempt: 2 },
      callEnd(call, { attempts: 2 }),
    );
    expect(harness.spans.map(({ attributes }) => attributes['tidegate.attempt.number'])).toEqual([1, 2, undefined]);
  });

  it('and late events change nothing', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(...successfulCall(call));
    harness.play(attemptEnd(call, 1), callEnd(call), { type: 'attempt.start', call, attempt: 2 });
    expect(harness.spans).toHaveLength(2);
    expect(harness.instrumentation.propagationHeaders(call, 2)).toEqual({});
  });

  it('and a late end of an earlier attempt does not end the current one', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(
      started(call),
      { type: 'attempt.start', call, attempt: 1 },
      { type: 'attempt.start', call, attempt: 2 },
      attemptEnd(call, 1, { outcome: 'server_error', status: 500 }),
      attemptEnd(call, 2),
      callEnd(call),
    );
    expect(harness.spans[1]!.attributes).toMatchObject({
      'tidegate.attempt.number': 2,
      'http.response.status_code': 200,
    });
    expect(harness.spans[1]!.status).toEqual({ code: SpanStatusCode.UNSET });
  });
});

describe('runAttempt', () => {
  it("makes the attempt's span active for lower layers", async () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(started(call), { type: 'attempt.start', call, attempt: 1 });
    const result = await harness.instrumentation.runAttempt(call, 1, async () => {
      await Promise.resolve();
      harness.tracerProvider.getTracer('http').startSpan('POST').end();
      return 'answer';
    });
    expect(result).toBe('answer');
    harness.play(attemptEnd(call, 1), callEnd(call));
    const attempt = harness.span('tidegate.attempt');
    expect(harness.span('POST').parentSpanContext?.spanId).toBe(attempt.spanContext().spanId);
    expect(context.active()).toBe(ROOT_CONTEXT);
  });

  it('runs once and rethrows', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(started(call), { type: 'attempt.start', call, attempt: 1 });
    let runs = 0;
    const failing = (): never => {
      runs++;
      throw new RangeError('mine');
    };
    expect(() => harness.instrumentation.runAttempt(call, 1, failing)).toThrow(new RangeError('mine'));
    expect(runs).toBe(1);
  });
});

describe('propagationHeaders', () => {
  afterEach(() => propagation.disable());

  it("are the attempt's trace context, without the application's baggage", () => {
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    const harness = new Harness();
    const call = callInfo();
    const baggage = propagation.createBaggage({ user: { value: 'ann@example.com' } });
    context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () => harness.play(started(call)));
    harness.play({ type: 'attempt.start', call, attempt: 1 });
    const headers = harness.instrumentation.propagationHeaders(call, 1);
    harness.play(attemptEnd(call, 1), callEnd(call));
    const { traceId, spanId } = harness.span('tidegate.attempt').spanContext();
    expect(headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  });

  it('are empty without a propagator, or without spans', () => {
    const harness = new Harness();
    const call = callInfo();
    harness.play(started(call), { type: 'attempt.start', call, attempt: 1 });
    expect(harness.instrumentation.propagationHeaders(call, 1)).toEqual({});
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const without = new Harness({ spans: false });
    without.play(started(call), { type: 'attempt.start', call, attempt: 1 });
    expect(without.instrumentation.propagationHeaders(call, 1)).toEqual({});
  });
});

describe('disabled spans', () => {
  it('are not created with spans: false', async () => {
    const harness = new Harness({ spans: false });
    harness.play(...successfulCall(callInfo()));
    expect(harness.spans).toEqual([]);
    expect(await harness.value('tidegate.calls', { 'tidegate.outcome': 'success' })).toBe(1);
  });

  it('are not recorded when the sampler drops them; lower layers inherit that', () => {
    const harness = new Harness({}, new AlwaysOffSampler());
    const call = callInfo();
    harness.play(started(call), { type: 'attempt.start', call, attempt: 1 });
    const active = harness.instrumentation.runAttempt(call, 1, () => trace.getActiveSpan());
    expect(active?.spanContext().traceFlags).toBe(0);
    harness.play(attemptEnd(call, 1), callEnd(call));
    expect(harness.spans).toEqual([]);
    expect(harness.instrumentation.runAttempt(call, 1, () => trace.getActiveSpan())).toBeUndefined();
  });
});
