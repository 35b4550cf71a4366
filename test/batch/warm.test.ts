import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { batch } from '../../src/batch.ts';
import { createGuard, type Guard } from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/testing.ts';
import { socketClock, useSocketClock } from '../helpers/socket-clock.ts';

useSocketClock();

const ITEMS = 20;
/** About two thousand tokens, enough for every provider's cache. */
const SYSTEM = 'You tell spam from ham by all that is known of both. '.repeat(200);

let simulator: Simulator;
let guard: Guard;
afterEach(() => Promise.all([guard.close(), simulator.close()]));

interface Taken {
  /** Share of the input read from the provider's cache. */
  readonly cached: number;
  /** Used part of the token limit, or input token limit, as the pacer has it at the end. */
  readonly taken: number;
  readonly requests: number;
}

async function run(provider: 'openai' | 'anthropic' | 'groq', warm: boolean): Promise<Taken> {
  const limit = provider === 'anthropic' ? 'inputTokensPerMinute' : 'tokensPerMinute';
  simulator = await startSimulator({
    provider,
    limits: { requestsPerMinute: 60_000, [limit]: 200_000 },
    // Continues when all concurrent requests have arrived.
    latency: { baseMs: 700 },
    clock: socketClock,
    reply: 'label',
  });
  guard = createGuard();
  const user = (content: string) => ({ role: 'user' as const, content });
  const system = (content: string) => ({ role: 'system' as const, content });
  const { url, origin } = simulator;
  const claude = guard.wrap(new Anthropic({ baseURL: url, apiKey: 'k' }));
  const openai = guard.wrap(new OpenAI({ baseURL: url, apiKey: 'k' }));
  const groq = guard.wrap(new Groq({ baseURL: origin, apiKey: 'k' }));
  const ask = (item: string, beginning: string, options: { signal?: AbortSignal } = {}): PromiseLike<unknown> => {
    const messages = [system(beginning), user(item)];
    switch (provider) {
      case 'anthropic': {
        const marked = [{ type: 'text' as const, text: beginning, cache_control: { type: 'ephemeral' as const } }];
        const body = { model: 'claude-sonnet-4-6', max_tokens: 4, system: marked, messages: [user(item)] };
        return claude.messages.create(body, options);
      }
      case 'openai':
        return openai.chat.completions.create({ model: 'gpt-4o-mini', max_tokens: 4, messages }, options);
      case 'groq':
        return groq.chat.completions.create({ model: 'openai/gpt-oss-20b', max_tokens: 4, messages }, options);
    }
  };
  // The limits are known, so that all may go at once; a new lane would start with a few.
  await ask('first', 'Another beginning.');
  const items = Array.from({ length: ITEMS }, (_, index) => `mail ${index}`);
  const rows = await batch(items, (item, { signal }) => ask(item, SYSTEM, { signal }), {
    guard,
    ...(warm && { prefix: () => SYSTEM }),
  });
  expect(rows.map(({ status }) => status)).toEqual(items.map(() => 'ok'));
  const sum = (of: 'inputTokens' | 'cacheReadTokens'): number => rows.reduce((all, { usage }) => all + usage![of], 0);
  const counted = guard
    .snapshot()
    .flatMap(({ dimensions }) => dimensions)
    .find(({ dimension }) => dimension === (provider === 'anthropic' ? 'input_tokens' : 'tokens'))!;
  return {
    cached: sum('cacheReadTokens') / sum('inputTokens'),
    taken: counted.limit - counted.remaining!,
    requests: simulator.stats().requests,
  };
}

describe('prompts with a common prefix', () => {
  it.each(['anthropic', 'openai', 'groq'] as const)('hit a warm cache of %s after the first one', async (provider) => {
    const cold = await run(provider, false);
    await Promise.all([guard.close(), simulator.close()]);
    const warm = await run(provider, true);
    expect([cold.requests, warm.requests]).toEqual([ITEMS + 1, ITEMS + 1]);
    // Sent together, none finds a cache: the provider fills it with its first answer. Groq does not state its request
    // limit, so the lane starts with a few calls, which warm the cache for the others.
    expect(cold.cached).toBeLessThan(provider === 'groq' ? 0.32 : 0.05);
    // OpenAI and Groq cache the first 1,024 tokens of these, Anthropic what is marked.
    expect(warm.cached).toBeGreaterThan(provider === 'anthropic' ? 0.9 : 0.35);
    // OpenAI counts cached input like any other; the others do not, and the pacer follows them.
    if (provider === 'openai') expect(warm.taken).toBeGreaterThan(cold.taken * 0.8);
    else expect(warm.taken).toBeLessThan(cold.taken * (provider === 'groq' ? 0.95 : 0.5));
  });
});
