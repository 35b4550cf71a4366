import { inspect } from 'node:util';
import type { MeterProvider as ApiMeterProvider } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GuardOptions } from '../../src/options.ts';
import type { TelemetryOptions } from '../../src/options/telemetry-options.ts';
import { classifyError } from '../../src/providers/errors/classify-error.ts';
import { json } from '../helpers/fake-fetch.ts';
import { FAST } from '../helpers/guarded.ts';
import { connect, MODELS, type Provider } from './connect.ts';

type Tested = Exclude<Provider, 'azure'>;

/**
 * Everything that must stay between the application and its provider. Stop sequences are a parameter, by the
 * conventions.
 */
const SECRETS = {
  prompt: 'MARKED-PROMPT',
  system: 'MARKED-SYSTEM',
  answer: 'MARKED-ANSWER',
  key: 'MARKED-KEY',
  header: 'MARKED-HEADER',
  user: 'MARKED-USER',
  tool: 'MARKED-TOOL',
};

interface Recorder {
  readonly telemetry: TelemetryOptions;
  /** Everything recorded by telemetry, as text. */
  recorded(): Promise<string>;
}

function recorder(options: TelemetryOptions): Recorder {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return {
    telemetry: { ...options, tracerProvider, meterProvider: meterProvider as ApiMeterProvider },
    async recorded() {
      const { resourceMetrics } = await reader.collect();
      const spans = exporter.getFinishedSpans();
      // Proves that the search can find something.
      expect(spans.length).toBeGreaterThan(5);
      const metrics = new PrometheusSerializer().serialize(resourceMetrics);
      expect(metrics).toContain('tidegate_calls_total');
      return (
        metrics +
        everythingOf(
          spans.map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
        )
      );
    },
  };
}

/** As text, including non-enumerable and deeply nested properties. */
function everythingOf(value: unknown): string {
  return inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity });
}

function bodyFor(provider: Tested): object {
  const tool = {
    name: 'look_up',
    description: SECRETS.tool,
    parameters: { type: 'object', properties: { [SECRETS.tool]: { type: 'string' } } },
  };
  if (provider === 'anthropic') {
    return {
      model: MODELS.anthropic,
      max_tokens: 100,
      system: SECRETS.system,
      messages: [{ role: 'user', content: `say ${SECRETS.prompt}` }],
      metadata: { user_id: SECRETS.user },
      stop_sequences: ['END'],
      tools: [{ name: tool.name, description: tool.description, input_schema: tool.parameters }],
    };
  }
  return {
    model: MODELS[provider],
    messages: [
      { role: 'system', content: SECRETS.system },
      { role: 'user', content: `say ${SECRETS.prompt}` },
    ],
    user: SECRETS.user,
    stop: ['END'],
    tools: [{ type: 'function', function: tool }],
  };
}

/** An answer that quotes the request, as servers' errors do. */
function echo(provider: Tested, code: string): object {
  const text = `Invalid value ${Object.values(SECRETS).join(' ')}`;
  return provider === 'anthropic'
    ? { type: 'error', error: { type: code, message: text, details: { echo: text } } }
    : { error: { message: text, type: 'invalid_request_error', param: text, code } };
}

afterEach(() => {
  vi.restoreAllMocks();
});

const CASES = (['openai', 'anthropic', 'groq'] as const).flatMap((provider) =>
  (['compat', 'latest', 'dup'] as const).map((semconv) => ({ provider, semconv })),
);

describe.each(CASES)('$provider, $semconv', ({ provider, semconv }) => {
  it('keeps content, keys and header values out of everything recorded', async () => {
    const logged: unknown[] = [];
    for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, level).mockImplementation((...args) => logged.push(args));
    }
    const { telemetry, recorded } = recorder({ semconv });
    const options: GuardOptions = {
      ...FAST,
      telemetry,
      pacing: {
        countTokens: (body) =>
          JSON.parse((body as { messages: { content: string }[] }).messages.at(-1)!.content) as number,
      },
      limitGroup: (model) => model!,
    };
    const sent: string[] = [];
    let reply: Response | undefined;
    const faults = {
      script: ['server_error', 'none', 'overloaded', 'stream_error_first', 'none', 'stream_error_middle'] as const,
    };
    const { client, guard, events } = await connect(
      provider,
      { dropIn: false, guard: options },
      { reply: () => `${SECRETS.answer} and more words`, faults },
      {
        apiKey: SECRETS.key,
        defaultHeaders: { 'x-mine': SECRETS.header },
        fetch: (input: string, init: RequestInit) => {
          sent.push(everythingOf([...new Headers(init.headers)]), init.body as string);
          const answer = reply ? Promise.resolve(reply.clone()) : fetch(input, init);
          return answer;
        },
      },
    );
    const create = (more: object = {}): Promise<unknown> =>
      provider === 'anthropic'
        ? (client as Anthropic).messages.create({ ...bodyFor(provider), ...more } as never)
        : (client as OpenAI).chat.completions.create({ ...bodyFor(provider), ...more } as never);
    const read = async (): Promise<string> => {
      let text = '';
      for await (const chunk of (await create({ stream: true })) as AsyncIterable<unknown>)
        text += JSON.stringify(chunk);
      return text;
    };
    const failures: unknown[] = [];
    const failing = async (call: () => Promise<unknown>): Promise<void> => {
      await call().then(
        () => expect.fail('did not fail'),
        (error: unknown) => failures.push(error),
      );
    };

    expect(JSON.stringify(await create())).toContain(SECRETS.answer);
    expect(await read()).toContain('MARKED');
    await failing(read);
    const answers: [number, object][] = [
      [400, echo(provider, 'invalid_request_error')],
      [401, echo(provider, 'invalid_api_key')],
      [429, echo(provider, 'insufficient_quota')],
    ];
    for (const [status, body] of answers) {
      reply = await json(body, status)({ url: '', init: {}, headers: new Headers(), attempt: 1 });
      await failing(create);
    }
    await guard.close();
    await failing(create);

    const text = sent.join('\n');
    for (const secret of [SECRETS.prompt, SECRETS.system, SECRETS.key, SECRETS.header, SECRETS.user, SECRETS.tool]) {
      expect(text).toContain(secret);
    }
    expect(failures).toHaveLength(5);
    expect(events.some(({ type }) => type === 'warning')).toBe(true);
    const told = [
      await recorded(),
      everythingOf(events),
      everythingOf(guard.snapshot()),
      everythingOf(failures.map((error) => (error as { tidegate: unknown }).tidegate)),
      everythingOf(failures.map((error) => classifyError(error))),
      everythingOf(logged),
    ].join('\n');
    expect(told.match(/.{0,80}MARKED.{0,20}/g) ?? []).toEqual([]);
  });
});

describe.each(['openai', 'anthropic', 'groq'] as const)('%s', (provider) => {
  it('records no code that is not an identifier', async () => {
    const { telemetry, recorded } = recorder({});
    const { client } = await connect(
      provider,
      { dropIn: false, guard: { ...FAST, telemetry } },
      {},
      {
        fetch: json(echo(provider, `${SECRETS.prompt} in a code`), 400),
      },
    );
    const create = (): Promise<unknown> =>
      provider === 'anthropic'
        ? (client as Anthropic).messages.create(bodyFor(provider) as never)
        : (client as OpenAI).chat.completions.create(bodyFor(provider) as never);
    await Promise.allSettled([1, 2, 3, 4].map(create));
    expect(await recorded()).not.toContain('MARKED');
  });
});
