import OpenAI from 'openai';
import { onTestFinished, describe, expect, it, vi } from 'vitest';
import type { ProviderName } from '../../src/core/provider.ts';
import { inferProvider } from '../../src/providers/seam/infer-provider.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { guardClass } from '../../src/providers/seam/guarded-class.ts';
import { fakeFetch, json, sse } from '../helpers/fake-fetch.ts';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import {
  FIREWORKS_200,
  headersOf,
  MISTRAL_200,
  OPENAI_200,
  OPENROUTER_429,
  OPENROUTER_429_OF_A_DAY,
  TOGETHER_200,
} from './fixtures/headers.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
// A local clock that is far off: the server's own date decides.
const WALL = Date.parse('2030-01-01T00:00:00Z');

interface Case {
  readonly provider: ProviderName;
  /** As its documentation shows it for OpenAI's client. */
  readonly baseURL: string;
  readonly model: string;
  readonly block: string;
  /** Limits learned from its answer, by dimension. */
  readonly limits: Readonly<Record<string, number>>;
}

const CASES: readonly Case[] = [
  {
    provider: 'mistral_ai',
    baseURL: 'https://api.mistral.ai/v1',
    model: 'mistral-large-latest',
    block: MISTRAL_200,
    limits: { requests: 720, tokens: 5_000_000 },
  },
  {
    provider: 'gcp.gemini',
    baseURL: 'https://generativelanguage.googleapis.com/v1beta/openai/',
    model: 'gemini-3-flash',
    block: 'server-timing: gfet4t7; dur=612',
    limits: {},
  },
  {
    provider: 'deepseek',
    baseURL: 'https://api.deepseek.com',
    model: 'deepseek-chat',
    block: 'x-ds-trace-id: 1',
    limits: {},
  },
  {
    provider: 'x_ai',
    baseURL: 'https://api.x.ai/v1',
    model: 'grok-4.6',
    block: OPENAI_200.replace('content-type: application/json\n', ''),
    limits: { requests: 500, tokens: 200_000 },
  },
  {
    provider: 'together_ai',
    baseURL: 'https://api.together.xyz/v1',
    model: 'moonshotai/Kimi-K2',
    block: TOGETHER_200,
    limits: { requests: 600, tokens: 180_000 },
  },
  {
    provider: 'fireworks_ai',
    baseURL: 'https://api.fireworks.ai/inference/v1',
    model: 'accounts/fireworks/models/glm-5',
    block: FIREWORKS_200,
    limits: { requests: 6_000, input_tokens: 3_600_000, output_tokens: 36_000 },
  },
  {
    provider: 'openrouter',
    baseURL: 'https://openrouter.ai/api/v1',
    model: 'z-ai/glm-5:free',
    block: 'x-generation-id: gen-1',
    limits: {},
  },
];

const openai = SDKS[0]!;
const body = (model: string): object => ({ model, messages: [{ role: 'user', content: 'hello' }] });
let keys = 0;

describe.each(CASES)('$provider', ({ provider, baseURL, model, block, limits }) => {
  const headers = {
    ...Object.fromEntries(headersOf(block)),
    'x-request-id': 'req-1',
    'mistral-correlation-id': 'req-1',
  };
  const answers = [json(openai.completion, 200, headers), sse(openai.chunks, headers)];

  function expectKnown(guard: ReturnType<typeof testGuard>): void {
    const [lane, ...others] = guard.snapshot();
    expect(others).toEqual([]);
    expect(lane).toMatchObject({ provider, lane: `${provider}/${model}` });
    const told = lane!.dimensions.filter(({ source }) => source === 'header');
    expect(Object.fromEntries(told.map(({ dimension, limit }) => [dimension, limit]))).toEqual(limits);
    expect(eventsOf(guard, 'call.end')).toMatchObject([
      { call: { provider, model, operation: 'chat', lane: `${provider}/${model}` }, outcome: 'success' },
      { call: { provider, model, stream: true }, outcome: 'success' },
    ]);
    expect(eventsOf(guard, 'call.end')[0]!.usage).toMatchObject({ inputTokens: 5, outputTokens: 7 });
    expect(eventsOf(guard, 'attempt.end').map(({ requestId }) => requestId)).toEqual(['req-1', 'req-1']);
  }

  it.each(['wrap', 'drop-in'] as const)('is recognized behind OpenAI’s client by %s', async (way) => {
    const guard = testGuard(FAST);
    const { fetch, requests } = fakeFetch(...answers);
    const options = { apiKey: `compatible-${keys++}`, baseURL, fetch };
    const Guarded = guardClass(OpenAI, (client) => void guard.wrap(client));
    const client = way === 'wrap' ? guard.wrap(new OpenAI(options)) : new Guarded(options);
    await client.chat.completions.create(body(model) as never);
    for await (const chunk of await openai.stream(client, undefined, { model })) void chunk;
    expectKnown(guard);
    expect(requests[0]!.url).toBe(`${baseURL.replace(/\/$/, '')}/chat/completions`);
  });

  it('is recognized behind guarded fetch', async () => {
    const guard = testGuard(FAST);
    vi.stubGlobal('fetch', fakeFetch(...answers).fetch);
    onTestFinished(() => void vi.unstubAllGlobals());
    const key = `compatible-${keys++}`;
    const post = (more: object): Promise<Response> =>
      guard.fetch(`${baseURL.replace(/\/$/, '')}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...body(model), ...more }),
      });
    await (await post({})).json();
    expect(await (await post({ stream: true })).text()).toContain('swer');
    expectKnown(guard);
  });
});

describe('limits in headers', () => {
  const read = (provider: ProviderName, block: string): object[] =>
    adapterFor(provider)
      .readLimits(headersOf(block), WALL)
      .map(({ source, ...reading }) => {
        expect(source).toBe('header');
        return reading;
      });

  it('are those that name their window, without a reset if none is sent', () => {
    expect(read('mistral_ai', MISTRAL_200)).toEqual([
      { dimension: 'requests', limit: 720, remaining: 717, resetMs: undefined, windowMs: MINUTE },
      { dimension: 'tokens', limit: 5_000_000, remaining: 4_999_911, resetMs: undefined, windowMs: MINUTE },
    ]);
  });

  it('state no level if they are per second', () => {
    expect(read('together_ai', TOGETHER_200)).toEqual([
      { dimension: 'requests', limit: 600, remaining: undefined, resetMs: undefined, windowMs: MINUTE },
      { dimension: 'tokens', limit: 180_000, remaining: undefined, resetMs: undefined, windowMs: MINUTE },
    ]);
  });

  it('are per minute or per day by the date of OpenRouter’s refusal', () => {
    expect(read('openrouter', OPENROUTER_429)).toEqual([
      { dimension: 'requests', limit: 20, remaining: 0, resetMs: MINUTE, windowMs: MINUTE },
    ]);
    expect(read('openrouter', OPENROUTER_429_OF_A_DAY)).toEqual([
      { dimension: 'requests_day', limit: 50, remaining: 0, resetMs: DAY / 2, windowMs: DAY },
    ]);
  });

  it('are none if nothing says so', () => {
    for (const { provider } of CASES) expect(read(provider, 'content-type: application/json')).toEqual([]);
    for (const provider of ['gcp.gemini', 'deepseek'] as const) expect(read(provider, OPENAI_200)).toEqual([]);
  });

  it('identify Mistral by its correlation id alone', () => {
    expect(inferProvider(['APIError', 'OpenAIError'], headersOf(MISTRAL_200), undefined)).toBe('mistral_ai');
  });
});
