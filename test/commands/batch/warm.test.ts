import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { promptBeginnings } from '../../../src/commands/batch/prompt-beginnings.ts';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { startSimulator } from '../../../src/testing.ts';
import { socketClock, useSocketClock } from '../../helpers/socket-clock.ts';
import { FakeIo } from '../fake-io.ts';

useSocketClock();

const ROWS = 20;
/** About 2,500 tokens, enough for every provider's cache. */
const SYSTEM = 'You tell spam from ham by all that is known of both. '.repeat(200);
const MODELS = { openai: 'gpt-4o-mini', anthropic: 'claude-sonnet-4-6', groq: 'openai/gpt-oss-20b' };

type Provider = keyof typeof MODELS;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warm-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/**
 * @returns The part of the input that came from the provider's cache, and what the provider counted against its limit.
 */
async function cachedBy(provider: Provider, ...args: string[]): Promise<{ cached: number; counted: number }> {
  const limit = provider === 'anthropic' ? 'inputTokensPerMinute' : 'tokensPerMinute';
  await using simulator = await startSimulator({
    provider,
    limits: { requestsPerMinute: 60_000, [limit]: 400_000 },
    // Continues when all concurrent requests have arrived.
    latency: { baseMs: 1_000 },
    clock: socketClock,
    reply: 'label',
  });
  vi.stubEnv(`${provider.toUpperCase()}_API_KEY`, 'sk-warm-test');
  const out = join(folder, 'out.jsonl');
  const input = join(folder, 'in.txt');
  await writeFile(input, Array.from({ length: ROWS }, (_, index) => `mail ${index}`).join('\n'));
  const io = new FakeIo();
  const fixed = ['--provider', provider, '--base-url', simulator.url, '--model', MODELS[provider], '--system', SYSTEM];
  const known = ['--rpm', '60000', '--tpm', '400000', '--max-tokens', '4', '--json'];
  expect(await dispatch(['batch', input, '--out', out, ...fixed, ...known, ...args], io, '1')).toBe(0);
  await Promise.all([out, `${out}.journal`].map((path) => rm(path)));
  const { usage } = JSON.parse(io.errLines.at(-1)!) as { usage: { inputTokens: number; cacheReadTokens: number } };
  const free = provider === 'openai' ? 0 : usage.cacheReadTokens;
  return { cached: usage.cacheReadTokens / usage.inputTokens, counted: usage.inputTokens - free };
}

describe('rows with a common prefix', () => {
  it.each(['anthropic', 'openai', 'groq'] as const)('hit a warm cache of %s after the first', async (provider) => {
    const cold = await cachedBy(provider, '--no-warm');
    const warm = await cachedBy(provider);
    expect(cold.cached).toBeLessThan(warm.cached / 2);
    // OpenAI and Groq cache the first 1,024 tokens of these, Anthropic what is marked.
    expect(warm.cached).toBeGreaterThan(provider === 'anthropic' ? 0.9 : 0.35);
    // OpenAI counts cached input like any other.
    const share = { anthropic: 0.1, openai: 1, groq: 0.7 }[provider];
    expect(warm.counted).toBeLessThanOrEqual(cold.counted * share);
  });
});

const chat = (content: string, more: object = {}) => ({
  id: '1',
  line: 1,
  url: '/v1/chat/completions',
  body: { model: 'm', messages: [{ role: 'user', content }], ...more },
});

test.each(['openai', 'groq', 'azure'] as const)('%s caches long prefixes, by model and order', (provider) => {
  const of = (content: string, more?: object) => promptBeginnings(provider, chat(content, more));
  expect(of('short')).toEqual([]);
  const long = 'x'.repeat(20_000);
  expect(of(`${long} a`)).toHaveLength(2);
  expect(of(`${long} a`)).toEqual(of(`${long} b`));
  expect(of(`a ${long}`)[0]).not.toBe(of(`b ${long}`)[0]);
  expect(of(long, { model: 'n' })[0]).not.toBe(of(long)[0]);
  expect(of(long, { temperature: 0 })).toEqual(of(long));
  expect(of(long, { tools: [{ type: 'function' }] })[0]).not.toBe(of(long)[0]);
  expect(promptBeginnings(provider, { ...chat(long), url: '/v1/embeddings' })).toEqual([]);
});

test('Anthropic caches what is marked: tools, system and messages are one prompt', () => {
  const mark = { cache_control: { type: 'ephemeral' } };
  const row = (system: unknown, messages: unknown) => ({
    ...chat(''),
    url: '/v1/messages',
    body: { model: 'm', system, messages },
  });
  const of = (system: unknown, ...content: unknown[]) =>
    promptBeginnings('anthropic', row(system, [{ role: 'user', content }]));
  const long = 'x'.repeat(20_000);
  const text = (of: string, more: object = {}) => ({ type: 'text', text: of, ...more });
  expect(of(long, text('a'))).toEqual([]);
  expect(of([text(long, mark)], text('a'))).toHaveLength(1);
  expect(of([text(long, mark)], text('a'))).toEqual(of([text(long, mark)], text('b')));
  const [system, first] = of([text(long, mark)], text('document 1', mark), text('question'));
  const [same, second] = of([text(long, mark)], text('document 2', mark), text('question'));
  expect(same).toBe(system);
  expect(second).not.toBe(first);
});
