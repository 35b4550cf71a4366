import Anthropic from '@anthropic-ai/sdk';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, type ViewOptions } from '@opentelemetry/sdk-metrics';
import Groq from 'groq-sdk';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import OpenAI from 'openai';
import { type CallOptions, createGuard, type Guard, type GuardOptions, isTidegateError, withCall } from 'tidegate';
import { mulberry32, type Random } from '../../src/simulator/random.ts';

export type Provider = 'openai' | 'anthropic' | 'groq';

/** How a call is made; default: an ordinary one. */
export interface Ask {
  readonly model?: string;
  readonly stream?: boolean;
  readonly maxTokens?: number;
  readonly prompt?: string;
  readonly tier?: 'flex' | 'priority';
  readonly call?: CallOptions;
}

export interface ServiceOptions {
  readonly provider: Provider;
  readonly url: string;
  readonly guard?: Omit<GuardOptions, 'telemetry'>;
  readonly maxModels?: number;
  readonly views?: ViewOptions[];
  readonly seed: number;
}

/** When a call was made, and how it ended. */
export interface Ended {
  readonly begunMs: number;
  readonly ok: boolean;
  /** Of tidegate's errors. */
  readonly code?: string;
}

/** One process of an application: the built package, a guard and a metrics endpoint of its own. */
export interface Service {
  readonly guard: Guard;
  /** `host:port` of its metrics. */
  readonly target: string;
  readonly ended: readonly Ended[];
  /** Whether it answers scrapes. */
  scraped: boolean;
  /** @throws what the call throws */
  send(ask?: Ask): Promise<void>;
  /** Makes calls at random moments, as independent users do. @returns a function that stops them */
  steady(perSecond: number, ask?: () => Ask): () => void;
  /** Starts callers that each call repeatedly. @returns a function that stops them */
  busy(callers: number, ask?: Ask): () => void;
  /** An unguarded client of the same account. */
  bare(): Promise<void>;
  close(): Promise<void>;
}

export const MODEL: Readonly<Record<Provider, string>> = {
  openai: 'gpt-5.1',
  anthropic: 'claude-haiku-4-5',
  groq: 'llama-3.3-70b-versatile',
};

const MAX_TOKENS = 200;

type Send = (ask: Ask) => Promise<void>;

export async function startService(options: ServiceOptions): Promise<Service> {
  const { provider, url, seed, views = [], maxModels = 20 } = options;
  const random = mulberry32(seed);
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const meterProvider = new MeterProvider({ readers: [exporter], views });
  const service = { scraped: true };
  const server = createServer((request, response) => {
    if (service.scraped) return exporter.getMetricsRequestHandler(request, response);
    response.writeHead(503).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const telemetry = { meterProvider, maxModels, spans: false, genAiMetrics: false };
  const guard = createGuard({ ...options.guard, telemetry });
  // Listened to, so that Node does not print them.
  guard.on('warning', () => undefined);
  const guarded = sender(provider, url, random, (client) => guard.wrap(client));
  const bare = sender(provider, url, random, (client) => client);
  const ended: Ended[] = [];
  const stopped = new AbortController();
  const send = async (ask: Ask = {}): Promise<void> => {
    const begunMs = performance.now();
    try {
      await withCall(ask.call ?? {}, () => guarded(ask));
      ended.push({ begunMs, ok: true });
    } catch (error) {
      ended.push({ begunMs, ok: false, ...(isTidegateError(error) && { code: error.code }) });
      throw error;
    }
  };
  const loop = (once: (signal: AbortSignal) => Promise<unknown>): (() => void) => {
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, stopped.signal]);
    void (async () => {
      while (!signal.aborted) await once(signal);
    })();
    return () => controller.abort();
  };
  return Object.assign(service, {
    guard,
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ended,
    send,
    steady: (perSecond: number, ask: () => Ask = () => ({})) => {
      let next = performance.now();
      return loop(async (signal) => {
        // By the clock, so that a busy machine makes no less traffic.
        next += (-Math.log(1 - random()) * 1_000) / perSecond;
        await pause(Math.max(0, next - performance.now()), signal);
        // Failures are intended; that they are visible is for the metrics to show.
        if (!signal.aborted) send(ask()).catch(() => {});
      });
    },
    busy: (callers: number, ask: Ask = {}) => {
      const ends = Array.from({ length: callers }, () => loop((signal) => send(ask).catch(() => pause(500, signal))));
      return () => {
        for (const end of ends) end();
      };
    },
    bare: () => bare({}),
    async close() {
      stopped.abort();
      await guard.close();
      await meterProvider.shutdown();
      server.close();
      server.closeAllConnections();
    },
  });
}

/** Resolves early, without an error, when it is stopped. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {});
}

type Client = OpenAI | Anthropic | Groq;

function sender(provider: Provider, baseURL: string, random: Random, guard: (client: Client) => unknown): Send {
  const access = { apiKey: 'sk-test', baseURL };
  const chat = (ask: Ask): { model: string; messages: { role: 'user'; content: string }[] } => ({
    model: ask.model ?? MODEL[provider],
    messages: [{ role: 'user', content: ask.prompt ?? prompt(random) }],
  });
  if (provider === 'anthropic') {
    const client = guard(new Anthropic(access)) as Anthropic;
    return async (ask) => {
      const body = { ...chat(ask), max_tokens: ask.maxTokens ?? MAX_TOKENS };
      if (!ask.stream) await client.messages.create(body);
      else for await (const event of client.messages.stream(body)) void event;
    };
  }
  // Both have the same calls for one form.
  const client = guard(provider === 'groq' ? new Groq(access) : new OpenAI(access)) as OpenAI;
  return async (ask) => {
    const tier = ask.tier === undefined ? {} : { service_tier: ask.tier };
    const body = { ...chat(ask), ...tier, max_completion_tokens: ask.maxTokens ?? MAX_TOKENS };
    if (!ask.stream) await client.chat.completions.create(body);
    else for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) void chunk;
  };
}

const WORDS = 'message spam ham winner prize dear account invoice meeting tomorrow free offer team report please'.split(
  ' ',
);

/** Ten to a few hundred words, all different: a body that is repeated after a failure looks like a retry. */
function prompt(random: Random): string {
  const length = 10 + Math.floor(random() ** 3 * 300);
  return Array.from({ length }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');
}
