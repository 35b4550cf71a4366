import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  activeContext,
  MEMBER,
  registeredApi,
  runInContext,
  traceHeaders,
  withSpan,
} from '../../src/telemetry/otel-api.ts';

const span: Span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
const TRACEPARENT = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;

afterEach(() => {
  context.disable();
  propagation.disable();
  trace.disable();
});

describe("OpenTelemetry's globals, read without its API", () => {
  it('agree with the API', () => {
    expect(MEMBER).toEqual({ client: SpanKind.CLIENT, internal: SpanKind.INTERNAL, error: SpanStatusCode.ERROR });
    expect(trace.getSpan(withSpan(ROOT_CONTEXT, span))).toBe(span);
    expect(trace.getSpan(withSpan(activeContext(), span))).toBe(span);
    expect(registeredApi().context).toBeUndefined();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const active = trace.setSpan(ROOT_CONTEXT, span);
    context.with(active, () => expect(activeContext()).toBe(active));
    let seen: unknown;
    runInContext(active, () => (seen = context.active()));
    expect(seen).toBe(active);
  });

  it('include a context that holds values even without a context manager', () => {
    const key = Symbol('key');
    const one = activeContext().setValue(key, 1);
    expect([one.getValue(key), activeContext().getValue(key)]).toEqual([1, undefined]);
    expect(one.deleteValue(key).getValue(key)).toBeUndefined();
    let ran = 0;
    runInContext(one, () => ran++);
    expect(ran).toBe(1);
  });

  it('carry the trace to a provider, and no baggage', () => {
    const withBaggage = propagation.setBaggage(
      withSpan(activeContext(), span),
      propagation.createBaggage({ user: { value: 'secret' } }),
    );
    expect(traceHeaders(withBaggage)).toEqual({});
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    expect(traceHeaders(withBaggage)).toEqual({ traceparent: TRACEPARENT });
  });

  it('are found whichever version of the API has registered them', () => {
    const API = Symbol.for('opentelemetry.js.api.1');
    const own = Object.getOwnPropertyDescriptor(globalThis, API);
    const provider = { getMeter: () => ({}) };
    Object.defineProperty(globalThis, API, { value: { version: '1.4.0', metrics: provider }, configurable: true });
    try {
      expect(registeredApi().metrics).toBe(provider);
    } finally {
      if (own) Object.defineProperty(globalThis, API, own);
      else Reflect.deleteProperty(globalThis, API);
    }
  });
});
