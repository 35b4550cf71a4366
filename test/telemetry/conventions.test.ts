import Anthropic from '@anthropic-ai/sdk';
import {
  type Attributes,
  type LogRecord,
  logs,
  type MeterProvider as ApiMeterProvider,
  trace,
} from '@opentelemetry/api';
import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { createGuard } from '../../src/create-guard.ts';
import type { Guard } from '../../src/guard.ts';
import { ATTRIBUTES, METRIC_ATTRIBUTES, problem, REQUIRED } from './conventions.ts';
import { VERSION } from '../../src/telemetry/names.ts';

type Semconv = 'compat' | 'latest' | 'dup';
const VERSIONS: readonly Semconv[] = ['compat', 'latest', 'dup'];

/** A guard on an in-memory SDK of OpenTelemetry, with access to the spans of its calls. */
class Recorded {
  readonly guard: Guard;
  readonly #spans = new InMemorySpanExporter();
  readonly #reader = new PrometheusExporter({ preventServerStart: true });

  constructor(semconv: Semconv) {
    this.guard = createGuard({
      retry: { maxAttempts: 1 },
      telemetry: {
        semconv,
        detailedHistograms: true,
        tracerProvider: new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: this.#spans })] }),
        meterProvider: new MeterProvider({ readers: [this.#reader] }) as ApiMeterProvider,
      },
    });
  }

  get spans(): ReadableSpan[] {
    return this.#spans.getFinishedSpans();
  }

  get call(): ReadableSpan {
    const [found, ...more] = this.spans.filter(({ name }) => name !== 'tidegate.attempt');
    if (!found || more.length > 0) throw new Error(`Expected one call, got ${found ? more.length + 1 : 0}`);
    return found;
  }

  /** Attributes of the points of the conventions' metrics. */
  async points(): Promise<[string, Attributes][]> {
    const { resourceMetrics } = await this.#reader.collect();
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .filter(({ descriptor }) => descriptor.name.startsWith('gen_ai.'))
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes }): [string, Attributes] => [descriptor.name, attributes]),
      );
  }
}

const guards: Guard[] = [];
function record(semconv: Semconv): Recorded {
  const recorded = new Recorded(semconv);
  guards.push(recorded.guard);
  return recorded;
}
afterEach(async () => {
  logs.disable();
  await Promise.all(guards.splice(0).map((guard) => guard.close()));
});

const messages = [{ role: 'user' as const, content: 'Hello' }];

const json = (body: object, status = 200): typeof fetch => {
  return () => Promise.resolve(Response.json(body, { status, headers: { 'x-request-id': 'req_1' } }));
};
const sse = (...events: object[]): typeof fetch => {
  const text = events.map((event) => `${eventName(event)}data: ${JSON.stringify(event)}\n\n`).join('');
  return () => Promise.resolve(new Response(text, { headers: { 'content-type': 'text/event-stream' } }));
};
const eventName = (event: object): string => ('type' in event ? `event: ${String(event.type)}\n` : '');

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-5.1-2026-08-01',
  service_tier: 'default',
  system_fingerprint: 'fp_44709d6fcb',
  choices: [0, 1].map((index) => ({ index, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' })),
  usage: {
    prompt_tokens: 10,
    completion_tokens: 4,
    prompt_tokens_details: { cached_tokens: 3, cache_write_tokens: 2 },
    completion_tokens_details: { reasoning_tokens: 1 },
  },
};

const openai = (recorded: Recorded, answer: typeof fetch): OpenAI =>
  recorded.guard.wrap(new OpenAI({ apiKey: 'k', fetch: answer }));

const askForEverything = (client: OpenAI): Promise<unknown> =>
  client.chat.completions.create({
    model: 'gpt-5.1',
    messages,
    max_completion_tokens: 64,
    temperature: 0.5,
    top_p: 0.9,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    seed: 7,
    n: 2,
    stop: ['END', 'STOP'],
    reasoning_effort: 'low',
    service_tier: 'flex',
    response_format: { type: 'json_object' },
  });

function problemsOf(attributes: Attributes, version: Semconv): string[] {
  return Object.entries(attributes)
    .filter(([key]) => !/^(?:tidegate|http)\./.test(key))
    .flatMap(([key, value]) => problem(key, value, version) ?? []);
}

describe.each(VERSIONS)('conventions (%s)', (version) => {
  it('define every attribute of a full call, with its type', async () => {
    const recorded = record(version);
    await askForEverything(openai(recorded, json(CHAT)));
    const { attributes, name } = recorded.call;
    expect(name).toBe('chat gpt-5.1');
    expect(problemsOf(attributes, version)).toEqual([]);
    for (const key of REQUIRED) expect(attributes).toHaveProperty([key]);
    expect(attributes).toMatchObject({
      'gen_ai.output.type': 'json',
      'gen_ai.request.choice.count': 2,
      'gen_ai.request.stop_sequences': ['END', 'STOP'],
      'gen_ai.response.finish_reasons': ['stop', 'stop'],
      'openai.api.type': 'chat_completions',
      'openai.request.service_tier': 'flex',
      'openai.response.service_tier': 'default',
      'openai.response.system_fingerprint': 'fp_44709d6fcb',
    });
    expect(attributes).not.toHaveProperty(['gen_ai.request.stream']);
    const writes = Object.keys(attributes).filter((key) => /cache_(?:write|creation)/.test(key));
    expect(writes).toEqual(
      {
        compat: ['gen_ai.usage.cache_creation.input_tokens'],
        latest: ['gen_ai.usage.cache_write.input_tokens'],
        dup: ['gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cache_write.input_tokens'],
      }[version],
    );
  });

  it('match the schema of spans', async () => {
    const recorded = record(version);
    await askForEverything(openai(recorded, json(CHAT)));
    for (const { instrumentationScope } of recorded.spans) {
      expect(instrumentationScope.schemaUrl).toBe(
        {
          compat: 'https://opentelemetry.io/schemas/1.41.0',
          latest: 'https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev',
          dup: undefined,
        }[version],
      );
    }
  });

  it('name the API and the previous response for the Responses API', async () => {
    const recorded = record(version);
    const body = { id: 'resp_2', object: 'response', status: 'completed', model: 'gpt-5.1', output: [], usage: null };
    await openai(recorded, json(body)).responses.create({
      model: 'gpt-5.1',
      input: 'Hello',
      previous_response_id: 'resp_1',
      text: { format: { type: 'text' } },
      service_tier: 'auto',
    });
    const { attributes } = recorded.call;
    expect(problemsOf(attributes, version)).toEqual([]);
    expect(attributes).toMatchObject({
      'gen_ai.request.previous_response.id': 'resp_1',
      'gen_ai.output.type': 'text',
      'openai.api.type': 'responses',
    });
    expect(attributes).not.toHaveProperty(['openai.request.service_tier']);
  });

  it('hold for streams, failures and other providers, in spans, events and metrics', async () => {
    const recorded = record(version);
    const { guard } = recorded;
    const chunk = (delta: object, finish_reason: string | null = null): object => ({
      id: 'c',
      object: 'chat.completion.chunk',
      model: 'm-1',
      choices: [{ index: 0, delta, finish_reason }],
    });
    const streamed = await openai(
      recorded,
      sse(chunk({ content: 'a' }), chunk({ content: 'b' }, 'stop')),
    ).chat.completions.create({ model: 'm', messages, stream: true });
    for await (const _ of streamed);
    await expect(
      openai(recorded, json({ error: { message: 'no', code: 'invalid_api_key' } }, 401)).embeddings.create({
        model: 'e',
        input: 'Hello',
      }),
    ).rejects.toThrow('no');
    await guard
      .wrap(new Groq({ apiKey: 'k', fetch: json(CHAT) }))
      .chat.completions.create({ model: 'm', messages, service_tier: 'flex' });
    const anthropic = guard.wrap(
      new Anthropic({
        apiKey: 'k',
        fetch: sse(
          { type: 'message_start', message: { id: 'msg_1', model: 'claude-5', usage: { input_tokens: 3 } } },
          { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
          { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
          { type: 'message_stop' },
        ),
      }),
    );
    const answer = await anthropic.messages.create({
      model: 'claude-5',
      messages,
      max_tokens: 9,
      stop_sequences: ['E'],
      stream: true,
    });
    for await (const _ of answer);

    const calls = recorded.spans.filter(({ name }) => name !== 'tidegate.attempt');
    expect(calls).toHaveLength(4);
    const events = recorded.spans.flatMap((span) => span.events);
    expect([...recorded.spans, ...events].flatMap((each) => problemsOf(each.attributes ?? {}, version))).toEqual([]);
    // Keys of events are namespaced: one without a namespace is not ours.
    for (const { attributes } of events) for (const key in attributes) expect(key).toContain('.');
    for (const { attributes } of calls) {
      const streams = attributes['gen_ai.request.stream'];
      expect(streams).toBe('gen_ai.response.time_to_first_chunk' in attributes ? true : undefined);
      if (attributes['gen_ai.provider.name'] !== 'openai') {
        expect(Object.keys(attributes).filter((key) => key.startsWith('openai.'))).toEqual([]);
      }
    }
    const points = await recorded.points();
    expect(points.length).toBeGreaterThan(10);
    for (const [name, attributes] of points) {
      for (const key in attributes) expect([name, key, METRIC_ATTRIBUTES.has(key)]).toEqual([name, key, true]);
      expect(attributes).toMatchObject({ 'server.address': expect.any(String), 'server.port': 443 });
    }
    // Every answered call names the model that answered, on each of its metrics.
    const answered = points.filter(([, { 'gen_ai.operation.name': operation }]) => operation === 'chat');
    for (const [name, attributes] of answered) {
      expect([name, attributes]).toEqual([name, { ...attributes, 'gen_ai.response.model': expect.any(String) }]);
    }
    const between = points.filter(([name]) => name.endsWith('.time_per_output_chunk'));
    expect(between.length).toBe(version === 'dup' ? 4 : 2);
  });
});

describe('a missing finish reason is an error', () => {
  const reasons = (recorded: Recorded): unknown => recorded.call.attributes['gen_ai.response.finish_reasons'];
  const chunk = (index: number, finish_reason: string | null): object => ({
    id: 'c',
    model: 'm',
    choices: [{ index, delta: { content: 'a' }, finish_reason }],
  });

  it('for every choice of a failed call', async () => {
    const recorded = record('latest');
    await expect(askForEverything(openai(recorded, json({ error: { message: 'x' } }, 500)))).rejects.toThrow('x');
    expect(reasons(recorded)).toEqual(['error', 'error']);
  });

  it('for the choice of a stream that broke off, in its place', async () => {
    const recorded = record('latest');
    const stream = await openai(recorded, sse(chunk(0, null), chunk(1, 'stop'))).chat.completions.create({
      model: 'm',
      messages,
      n: 3,
      stream: true,
    });
    for await (const _ of stream);
    expect(reasons(recorded)).toEqual(['error', 'stop', 'error']);
  });

  it('for a stream that was left, and not for one that ended', async () => {
    for (const [events, expected] of [
      [[chunk(0, null), chunk(0, null)], ['error']],
      [[chunk(0, null), chunk(0, 'length')], ['length']],
    ] as const) {
      const recorded = record('compat');
      const stream = await openai(recorded, sse(...events)).chat.completions.create({
        model: 'm',
        messages,
        stream: true,
      });
      let seen = 0;
      for await (const _ of stream) if (++seen === 1 && expected[0] === 'error') break;
      expect(reasons(recorded)).toEqual(expected);
    }
  });

  it('for a response that the provider says has failed', async () => {
    const recorded = record('latest');
    const failed = { id: 'resp_1', object: 'response', status: 'cancelled', model: 'm', output: [], error: null };
    await openai(recorded, json(failed)).responses.create({ model: 'm', input: 'Hello' });
    expect(reasons(recorded)).toEqual(['error']);
  });

  it('but not for a request that was never sent, nor an operation without one', async () => {
    const recorded = record('latest');
    const embeddings = openai(recorded, json({ error: { message: 'x' } }, 400)).embeddings;
    await expect(embeddings.create({ model: 'e', input: 'Hello' })).rejects.toThrow('x');
    expect(reasons(recorded)).toBeUndefined();
    const other = record('latest');
    const client = openai(other, json(CHAT));
    const signal = AbortSignal.abort();
    await expect(client.chat.completions.create({ model: 'm', messages }, { signal })).rejects.toThrow('aborted');
    for (const span of other.spans) expect(span.attributes).not.toHaveProperty(['gen_ai.response.finish_reasons']);
  });
});

it('embeddings report no output', async () => {
  const recorded = record('latest');
  const usage = { prompt_tokens: 7, total_tokens: 7 };
  const answer = { object: 'list', model: 'e', data: [{ object: 'embedding', index: 0, embedding: [0] }], usage };
  await openai(recorded, json(answer)).embeddings.create({ model: 'e', input: 'Hello' });
  expect(recorded.call.attributes).toHaveProperty(['gen_ai.usage.input_tokens'], 7);
  expect(recorded.call.attributes).not.toHaveProperty(['gen_ai.usage.output_tokens']);
});

describe('an exception of a call', () => {
  const failing = (recorded: Recorded): Promise<unknown> =>
    askForEverything(openai(recorded, json({ error: { message: 'SECRET', code: 'invalid_api_key' } }, 401))).catch(
      (error: unknown) => error,
    );

  /** Log records from now on, with their scope. */
  function startLogs(): { readonly scope: unknown; readonly record: LogRecord }[] {
    const logged: { scope: unknown; record: LogRecord }[] = [];
    logs.setGlobalLoggerProvider({
      getLogger: (...scope) => ({
        emit: (record) => void logged.push({ scope, record }),
        enabled: () => true,
      }),
    });
    return logged;
  }

  it('is an event of the span by 1.41, without its message', async () => {
    const logged = startLogs();
    const recorded = record('compat');
    const error = await failing(recorded);
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(recorded.call.events).toMatchObject([
      { name: 'exception', attributes: { 'exception.type': 'AuthenticationError' } },
    ]);
    expect(JSON.stringify(recorded.call.events)).not.toContain('SECRET');
    expect(logged).toEqual([]);
  });

  it('is a log record of the call by the newest version', async () => {
    const logged = startLogs();
    const recorded = record('latest');
    await failing(recorded);
    expect(recorded.call.events).toEqual([]);
    expect(logged).toHaveLength(1);
    const [{ scope, record: written }] = logged as [(typeof logged)[number]];
    expect(scope).toEqual([
      'tidegate',
      VERSION,
      { schemaUrl: 'https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev' },
    ]);
    expect(written).toMatchObject({
      eventName: 'gen_ai.client.inference.exception',
      severityNumber: 13,
      severityText: 'WARN',
      attributes: { 'exception.type': 'AuthenticationError' },
    });
    expect(trace.getSpan(written.context!)?.spanContext()).toEqual(recorded.call.spanContext());
  });

  it('is not recorded without a log provider, nor without an exception', async () => {
    const recorded = record('latest');
    await failing(recorded);
    expect(recorded.call.events).toEqual([]);
    const fetched = record('compat');
    const answer = await fetched.guard
      .fetch('http://127.0.0.1:1/v1/chat/completions', {
        method: 'POST',
        body: '{}',
        signal: AbortSignal.abort(),
      })
      .catch((error: unknown) => error);
    expect(answer).toBeInstanceOf(Error);
    expect(fetched.spans.flatMap(({ events }) => events)).toEqual([]);
  });

  it('is named by its class if it is our own', async () => {
    const recorded = record('compat');
    const client = recorded.guard.wrap(
      new OpenAI({
        apiKey: 'k',
        fetch: (_, init) =>
          new Promise((_resolve, reject) =>
            init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error)),
          ),
      }),
    );
    const { withCall } = await import('../../src/with-call.ts');
    const failed = withCall({ deadlineMs: 20 }, () => client.chat.completions.create({ model: 'm', messages }));
    await expect(failed).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(recorded.call.events.map(({ attributes }) => attributes)).toEqual([
      { 'exception.type': 'TidegateCallError' },
    ]);
  });
});

it('the attribute table matches the published package where it knows them', () => {
  const constants: Readonly<Record<string, unknown>> = { ...incubating };
  const names = Object.keys(constants).filter((name) => /^ATTR_(?:GEN_AI|OPENAI)_/.test(name));
  const published = new Set(names.map((name) => constants[name]));
  const unpublished = Object.keys(ATTRIBUTES).filter((key) => /^(?:gen_ai|openai)\./.test(key) && !published.has(key));
  expect(unpublished.sort()).toEqual([
    'gen_ai.request.previous_response.id',
    'gen_ai.request.reasoning.level',
    'gen_ai.usage.cache_write.input_tokens',
  ]);
});
