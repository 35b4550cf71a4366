import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI, { AzureOpenAI } from 'openai';
import { expect } from 'vitest';
import GuardedAnthropic from '../../src/anthropic.ts';
import type { GuardEvent } from '../../src/core/events.ts';
import GuardedGroq from '../../src/groq.ts';
import { GuardCore } from '../../src/guard.ts';
import GuardedOpenAI, { AzureOpenAI as GuardedAzure } from '../../src/openai.ts';
import type { GuardOptions } from '../../src/options.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/testing.ts';
import { afterTest } from '../helpers/after-test.ts';
import { FAST } from '../helpers/guarded.ts';
import { recordEvents } from '../helpers/record-events.ts';
import { socketClock, useSocketClock } from '../helpers/socket-clock.ts';

useSocketClock();

/** The two ways into tidegate, with and without pacing. All must behave alike. */
export interface Way {
  readonly way: string;
  readonly dropIn: boolean;
  readonly guard: GuardOptions;
}

export const WAYS: readonly Way[] = [
  { way: 'wrap', dropIn: false, guard: FAST },
  { way: 'wrap without pacing', dropIn: false, guard: { ...FAST, pacing: false } },
  { way: 'drop-in', dropIn: true, guard: FAST },
  { way: 'drop-in without pacing', dropIn: true, guard: { ...FAST, pacing: false } },
];

export const MODELS = {
  openai: 'gpt-4o',
  azure: 'my-deployment',
  anthropic: 'claude-sonnet-5',
  groq: 'openai/gpt-oss-120b',
};

interface Clients {
  readonly openai: OpenAI;
  readonly azure: AzureOpenAI;
  readonly anthropic: Anthropic;
  readonly groq: Groq;
}

export type Provider = keyof Clients;

export interface Connected<C> {
  readonly client: C;
  readonly server: Simulator;
  /** The events of `client`'s guard with `wrap`; empty for a drop-in, which has its own guard. */
  readonly events: GuardEvent[];
  readonly guard: GuardCore;
  /** Waits until every slot of the model's lane is free again, and nothing is queued. */
  drained(): Promise<void>;
}

/** A simulator that is closed after the test. */
export async function simulate(options: SimulatorOptions): Promise<Simulator> {
  // Limits that no test with one client reaches: the default tiers would make tests wait.
  const started = await startSimulator({
    limits: { requestsPerMinute: 60_000, tokensPerMinute: 60_000_000 },
    clock: socketClock,
    ...options,
  });
  afterTest(() => started.close());
  return started;
}

/** A guard that is closed after the test, and all of its events. */
export function observedGuard(options: GuardOptions): { guard: GuardCore; events: GuardEvent[] } {
  const guard = new GuardCore(options);
  const events = recordEvents(guard);
  afterTest(() => guard.close());
  return { guard, events };
}

/** A guarded client that talks to a simulator of its provider over real HTTP. */
export async function connect<P extends Provider>(
  provider: P,
  { dropIn, guard: guardOptions }: Pick<Way, 'dropIn' | 'guard'>,
  simulator: Partial<SimulatorOptions> = {},
  clientOptions: Record<string, unknown> = {},
): Promise<Connected<Clients[P]>> {
  const server = await simulate({ provider, ...simulator });
  const apiKey = `key-${server.port}`;
  const options = { ...addressOf(provider, server), apiKey, ...clientOptions };
  const { guard, events } = observedGuard(guardOptions);
  const stock = (): Clients[P] => new (STOCK[provider] as unknown as new (options: object) => Clients[P])(options);
  const client = dropIn
    ? new (GUARDED[provider] as unknown as new (options: object) => Clients[P])({ ...options, tidegate: guardOptions })
    : guard.wrap(stock());
  // Lanes belong to the account: a second guard with equal options sees the drop-in's lane once it has called.
  const observer = dropIn ? guard.wrap(stock()) : undefined;
  return {
    client,
    server,
    events,
    guard,
    async drained() {
      if (observer) await ask(provider, observer);
      await expect.poll(() => guard.snapshot().every((lane) => lane.inFlight === 0 && lane.queued === 0)).toBe(true);
      expect(guard.snapshot().map((lane) => lane.group)).toContain(MODELS[provider]);
    },
  };
}

/** One plain call to any provider. */
export async function ask(provider: Provider, client: unknown, content = 'Hello there'): Promise<string> {
  const messages = [{ role: 'user' as const, content }];
  if (provider === 'anthropic') {
    const message = await (client as Anthropic).messages.create({ model: MODELS.anthropic, max_tokens: 100, messages });
    return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  }
  const answer = await (client as OpenAI).chat.completions.create({ model: MODELS[provider], messages });
  return answer.choices[0]!.message.content!;
}

/** The reason of a rejected promise. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<Failed> {
  try {
    await promise;
  } catch (error) {
    return error as Failed;
  }
  throw new Error('did not fail');
}

export type Failed = Error & {
  readonly status?: number;
  readonly code?: string;
  readonly tidegate: {
    readonly outcome: string;
    readonly attempts: number;
    readonly dimension?: string;
    readonly advice: string;
  };
};

/**
 * A fetch that leaves the first request to the fault that the server is set to, and then heals the server:
 * for endpoints whose requests are under no limit, which no scripted fault touches.
 */
export function healing(server: () => Simulator): typeof fetch {
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } finally {
      // The SDKs also fetch `data:` to see whether forms are supported.
      if (String(input).startsWith('http')) server().update({ faults: {} });
    }
  };
}

function addressOf(provider: Provider, server: Simulator): object {
  return provider === 'azure' ? { endpoint: server.origin, apiVersion: '2024-10-21' } : { baseURL: server.url };
}

const STOCK = { openai: OpenAI, azure: AzureOpenAI, anthropic: Anthropic, groq: Groq };
const GUARDED = { openai: GuardedOpenAI, azure: GuardedAzure, anthropic: GuardedAnthropic, groq: GuardedGroq };
