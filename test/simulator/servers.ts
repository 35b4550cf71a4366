import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI, { AzureOpenAI } from 'openai';
import type { Simulator, SimulatorOptions } from '../../src/testing.ts';
import { startSimulator } from '../../src/testing.ts';
import { afterTest } from '../helpers/after-test.ts';

/** A simulator that is closed after the test. */
export async function simulator(options: SimulatorOptions): Promise<Simulator> {
  const started = await startSimulator(options);
  afterTest(() => started.close());
  return started;
}

/** A clock that only the test moves; starts on 2026-11-24 at 12:00:00 UTC. */
export function testClock(): { now(): number; wall(): number; advance(ms: number): void } {
  let now = 1_000_000;
  const origin = Date.UTC(2026, 10, 24, 12) - now;
  return {
    now: () => now,
    wall: () => origin + now,
    advance: (ms) => {
      now += ms;
    },
  };
}

export function openai(server: Simulator, apiKey = 'key'): OpenAI {
  return new OpenAI({ baseURL: server.url, apiKey, maxRetries: 0 });
}

export function azure(server: Simulator): AzureOpenAI {
  return new AzureOpenAI({ endpoint: server.origin, apiKey: 'key', apiVersion: '2024-10-21', maxRetries: 0 });
}

export function anthropic(server: Simulator): Anthropic {
  return new Anthropic({ baseURL: server.url, apiKey: 'key', maxRetries: 0 });
}

export function groq(server: Simulator): Groq {
  return new Groq({ baseURL: server.url, apiKey: 'key', maxRetries: 0 });
}

export const CHAT = {
  model: 'gpt-4o',
  messages: [{ role: 'user' as const, content: 'Hello there' }],
};

export const MESSAGE = { ...CHAT, model: 'claude-sonnet-5', max_tokens: 100 };

/** The reason of a rejected promise. */
export async function failure(
  promise: PromiseLike<unknown>,
): Promise<Record<string, unknown> & Error & { headers: Headers }> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown> & Error & { headers: Headers };
  }
  throw new Error('did not fail');
}
