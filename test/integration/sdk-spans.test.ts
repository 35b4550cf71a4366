import type Anthropic from '@anthropic-ai/sdk';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GuardOptions } from '../../src/options.ts';
import { FAST } from '../helpers/guarded.ts';
import { ask, connect, MODELS } from './connect.ts';
import { eventsOf } from '../helpers/record-events.ts';

/** OpenTelemetry as an application sets it up: global provider, context manager and W3C propagator. */
const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
  logRecordProcessors: [],
  metricReaders: [],
  resourceDetectors: [],
});

beforeAll(() => {
  sdk.start();
});
beforeEach(() => {
  exporter.reset();
});
afterAll(async () => {
  await sdk.shutdown();
  trace.disable();
  context.disable();
  propagation.disable();
});

const OURS = `chat ${MODELS.anthropic}`;
const THEIRS = 'anthropic.messages.create';

async function connected(
  telemetry: GuardOptions['telemetry'],
  openTelemetry?: Anthropic['openTelemetry'] | false,
  dropIn = false,
): Promise<{ client: Anthropic; headers: Headers[]; warnings: string[] }> {
  const headers: Headers[] = [];
  const guard: GuardOptions = { ...FAST, pacing: false, ...(telemetry === undefined ? {} : { telemetry }) };
  const faults = { script: ['server_error'] as const };
  const { client, events } = await connect(
    'anthropic',
    { dropIn, guard },
    { faults },
    {
      ...(openTelemetry === undefined ? {} : { openTelemetry }),
      fetch: (input: string, init: RequestInit) => {
        headers.push(new Headers(init.headers));
        return fetch(input, init);
      },
    },
  );
  return { client, headers, warnings: eventsOf(events, 'warning').map(({ message }) => message) };
}

function spans(kind: SpanKind): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.kind === kind);
}

const names = (kind: SpanKind): string[] =>
  spans(kind)
    .map((span) => span.name)
    .sort();

const traceOf = (headers: Headers): (string | undefined)[] => headers.get('traceparent')?.split('-').slice(1, 3) ?? [];

describe.each([false, true])('spans of the Anthropic SDK, drop-in %s', (dropIn) => {
  it('are left out by default: one client span per call, one internal span per attempt', async () => {
    const { client } = await connected(undefined, undefined, dropIn);
    await ask('anthropic', client);
    expect(names(SpanKind.CLIENT)).toEqual([OURS]);
    expect(names(SpanKind.INTERNAL)).toEqual(['tidegate.attempt', 'tidegate.attempt']);
    expect(spans(SpanKind.CLIENT)[0]!.instrumentationScope.name).toBe('tidegate');
  });

  it('are left out of streams, of helpers and of clones', async () => {
    const { client } = await connected(undefined, undefined, dropIn);
    const request = {
      model: MODELS.anthropic,
      max_tokens: 50,
      messages: [{ role: 'user' as const, content: 'Hello' }],
    };
    await client.messages.stream(request).finalMessage();
    await client.withOptions({ timeout: 10_000 }).messages.create(request);
    await client.beta.messages.toolRunner({ ...request, tools: [] });
    await expect.poll(() => names(SpanKind.CLIENT)).toEqual([OURS, OURS, OURS]);
  });

  it('are kept with `nest`, one per call', async () => {
    const { client } = await connected({ sdkSpans: 'nest' }, undefined, dropIn);
    await ask('anthropic', client);
    await expect.poll(() => names(SpanKind.CLIENT)).toEqual([THEIRS, OURS]);
    const [theirs, ours] = [THEIRS, OURS].map((name) => spans(SpanKind.CLIENT).find((span) => span.name === name)!);
    expect(ours!.parentSpanContext?.spanId).toBe(theirs!.spanContext().spanId);
    expect(theirs!.attributes['http.request.resend_count']).toBe(1);
  });

  it('are kept if ours are off', async () => {
    const { client } = await connected({ spans: false }, undefined, dropIn);
    await ask('anthropic', client);
    await expect.poll(() => names(SpanKind.CLIENT)).toEqual([THEIRS]);
    expect(names(SpanKind.INTERNAL)).toEqual([]);
  });

  it('are kept, with a warning, if the application records content in them', async () => {
    const traces = { contentMode: 'content' as const };
    const { client, warnings } = await connected(undefined, { traces } as never, dropIn);
    await ask('anthropic', client);
    await expect.poll(() => names(SpanKind.CLIENT)).toEqual([THEIRS, OURS]);
    expect(warnings).toEqual([expect.stringContaining('Set telemetry.sdkSpans to choose.')]);
    exporter.reset();
    const chosen = await connected({ sdkSpans: 'suppress' }, { traces } as never, dropIn);
    await ask('anthropic', chosen.client);
    expect(names(SpanKind.CLIENT)).toEqual([OURS]);
    expect(chosen.warnings).toEqual([]);
  });
});

describe('trace propagation', () => {
  it('works as in the SDK: each attempt carries the trace, in its own span', async () => {
    const { client, headers } = await connected(undefined);
    await ask('anthropic', client);
    const { traceId } = spans(SpanKind.CLIENT)[0]!.spanContext();
    const attempts = spans(SpanKind.INTERNAL).map((span) => span.spanContext().spanId);
    expect(headers.map(traceOf)).toEqual(attempts.map((spanId) => [traceId, spanId]));
  });

  it("continues the application's trace, and does not send its baggage", async () => {
    const { client, headers } = await connected(undefined);
    const baggage = propagation.createBaggage({ user: { value: 'somebody' } });
    const outer = trace.getTracer('app').startSpan('outer');
    await context.with(propagation.setBaggage(trace.setSpan(context.active(), outer), baggage), () =>
      ask('anthropic', client),
    );
    outer.end();
    expect(headers.map((each) => traceOf(each)[0])).toEqual([outer.spanContext().traceId, outer.spanContext().traceId]);
    expect(headers.some((each) => each.has('baggage'))).toBe(false);
  });

  it.each([
    ['propagation is off', { propagation: false }],
    ['tracing is off', false],
  ] as const)('does not go out where %s', async (_where, openTelemetry) => {
    const { client, headers } = await connected(undefined, openTelemetry as never);
    await ask('anthropic', client);
    expect(headers).toHaveLength(2);
    expect(headers.some((each) => each.has('traceparent'))).toBe(false);
    expect(names(SpanKind.CLIENT)).toEqual([OURS]);
  });

  it('is never added to requests to OpenAI and Groq', async () => {
    for (const provider of ['openai', 'groq'] as const) {
      const seen: Headers[] = [];
      const { client } = await connect(
        provider,
        { dropIn: false, guard: FAST },
        {},
        {
          fetch: (input: string, init: RequestInit) => {
            seen.push(new Headers(init.headers));
            return fetch(input, init);
          },
        },
      );
      await ask(provider, client);
      expect(seen).toHaveLength(1);
      expect(seen[0]!.has('traceparent')).toBe(false);
    }
    expect(names(SpanKind.CLIENT)).toHaveLength(2);
  });
});
