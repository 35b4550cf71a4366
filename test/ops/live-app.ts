import Anthropic from '@anthropic-ai/sdk';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import Groq from 'groq-sdk';
import { setTimeout as wait } from 'node:timers/promises';
import OpenAI from 'openai';
import { createGuard, withCall } from '../../src/index.ts';
import type { GuardOptions } from '../../src/options.ts';
import type { CallOptions } from '../../src/options/call-options.ts';
import { servePrometheus } from '../../src/telemetry/prometheus-server.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/testing.ts';

/** An application with its own metrics endpoint, so that each is a job of its own. */
export interface App {
  readonly simulators: readonly Simulator[];
  /** `host:port` of the metrics. */
  readonly target: string;
  /** Starts calls at a steady rate, however long they take. @returns a function that stops them */
  steady(callsPerSecond: number, modelOf?: () => string, stream?: boolean): () => void;
  /** Keeps a number of calls of one client in flight. @returns a function that stops them */
  saturate(callers: number, how?: CallOptions, client?: number): () => void;
  /** Starts calls of an unguarded client at a steady rate. @returns a function that stops them */
  pastTheGuard(callsPerSecond: number): () => void;
  /** One call of one client. @throws what the call throws */
  call(client?: number, model?: string, stream?: boolean): Promise<void>;
  close(): Promise<void>;
}

type Send = (model: string, stream: boolean) => Promise<void>;

const PROMPT = 'Is this message spam or ham? Dear winner, your prize is waiting for you.';
/** Long enough for a provider's prompt cache. */
const LONG_PROMPT = PROMPT.repeat(80);
const MAX_TOKENS = 60;

let asked = 0;

/** All different: a body that is repeated right after a failure looks like another layer's retry. */
function prompt(): string {
  return `${PROMPT} ${++asked}`;
}

/** One guarded client for each simulated provider, with one guard. */
export async function startApp(
  model: string,
  providers: readonly SimulatorOptions[],
  { genAiMetrics = false, ...options }: Omit<GuardOptions, 'telemetry'> & { readonly genAiMetrics?: boolean } = {},
): Promise<App> {
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const server = await servePrometheus({ host: '127.0.0.1', port: 0, allowedHosts: [] }, (request, response) =>
    exporter.getMetricsRequestHandler(request, response),
  );
  const guard = createGuard({ ...options, telemetry: { meterProvider, genAiMetrics } });
  // Listened to, so that Node does not print them.
  guard.on('warning', () => undefined);
  const simulators = await Promise.all(providers.map((each) => startSimulator(each)));
  const senders = simulators.map(({ url }, index): Send => {
    const access = { apiKey: 'sk-test', baseURL: url };
    const { provider } = providers[index]!;
    if (provider === 'anthropic') return anthropic(guard.wrap(new Anthropic(access)));
    // Its class has OpenAI's methods.
    if (provider === 'groq') return chat(guard.wrap(new Groq(access)) as unknown as OpenAI);
    return chat(guard.wrap(new OpenAI(access)));
  });
  const running = new Set<AbortController>();
  const call = (client = 0, name = model, stream = false): Promise<void> => senders[client]!(name, stream);
  const start = (loop: (signal: AbortSignal) => Promise<void>, count = 1): (() => void) => {
    const controller = new AbortController();
    running.add(controller);
    for (let i = 0; i < count; i++) void loop(controller.signal);
    return () => controller.abort();
  };
  return {
    simulators,
    target: new URL(server.url).host,
    call,
    steady: (callsPerSecond, modelOf = () => model, stream = false) =>
      start(async (signal) => {
        while (!signal.aborted) {
          // Failures are intended; that they are visible is for the metrics to show.
          call(0, modelOf(), stream).catch(() => {});
          await wait(1_000 / callsPerSecond);
        }
      }),
    pastTheGuard: (callsPerSecond) => {
      const bare = chat(new OpenAI({ apiKey: 'sk-test', baseURL: simulators[0]!.url }));
      return start(async (signal) => {
        while (!signal.aborted) {
          await bare(model, false).catch(() => {});
          await wait(1_000 / callsPerSecond);
        }
      });
    },
    saturate: (callers, how = {}, client = 0) =>
      start(async (signal) => {
        while (!signal.aborted) await withCall(how, () => call(client)).catch(() => wait(100));
      }, callers),
    async close() {
      for (const controller of running) controller.abort();
      await guard.close();
      await meterProvider.shutdown();
      await server.close();
      await Promise.all(simulators.map((simulator) => simulator.close()));
    },
  };
}

function chat(client: OpenAI): Send {
  return async (model, stream) => {
    const body = {
      model,
      max_tokens: MAX_TOKENS,
      messages: [{ role: 'user' as const, content: stream ? `${LONG_PROMPT} ${++asked}` : prompt() }],
    };
    if (!stream) await client.chat.completions.create(body);
    else for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) void chunk;
  };
}

function anthropic(client: Anthropic): Send {
  return async (model, stream) => {
    const body = { model, max_tokens: MAX_TOKENS, messages: [{ role: 'user' as const, content: prompt() }] };
    if (!stream) await client.messages.create(body);
    else for await (const event of client.messages.stream(body)) void event;
  };
}
