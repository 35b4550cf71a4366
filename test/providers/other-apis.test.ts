import OpenAI from 'openai';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { guardClass } from '../../src/providers/seam/guarded-class.ts';
import { fakeFetch, json, sse } from '../helpers/fake-fetch.ts';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';

const openai = SDKS.find(({ family }) => family === 'openai')!;
const anthropic = SDKS.find(({ family }) => family === 'anthropic')!;
const LIMITS = { 'x-ratelimit-limit-requests': '50', 'x-ratelimit-remaining-requests': '49' };
let keys = 1;

/** Named like the SDK's own class, which needs AWS credentials. */
const { BedrockOpenAI } = { BedrockOpenAI: class BedrockOpenAI extends OpenAI {} };

/** An answer, an error as first event, a stream: their results when read in their own API. */
async function expectRead(
  guard: ReturnType<typeof testGuard>,
  provider: string,
  calls: { readonly ask: () => Promise<unknown>; readonly stream: () => Promise<unknown> },
): Promise<void> {
  await calls.ask();
  await calls.stream();
  await expect.poll(() => eventsOf(guard, 'call.end').length).toBe(2);
  for (const { call, outcome, usage } of eventsOf(guard, 'call.end')) {
    expect(call.provider).toBe(provider);
    expect({ id: call.id, outcome }).toEqual({
      id: call.id,
      outcome: call.id === 1 ? 'success' : 'success_after_retry',
    });
    expect(usage).toMatchObject({ inputTokens: 5, outputTokens: 7 });
  }
  expect(eventsOf(guard, 'retry')).toMatchObject([{ reason: 'overloaded' }]);
}

/** The chunks of a stream with its usage, as chat streams send it on request. */
function withUsage({ family, chunks }: SdkCase): readonly string[] {
  if (family === 'anthropic') return chunks;
  const usage = { choices: [], usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 } };
  return [...chunks.slice(0, -1), `data: ${JSON.stringify(usage)}\n\n`, chunks.at(-1)!];
}

function answersOf(sdk: SdkCase) {
  const error = { type: 'overloaded_error', message: 'Overloaded' };
  const event = sdk.family === 'anthropic' ? 'event: error\n' : '';
  return [
    json(sdk.completion, 200, LIMITS),
    sse([`${event}data: ${JSON.stringify({ type: 'error', error })}\n\n`]),
    sse(withUsage(sdk), LIMITS),
  ];
}

describe.each([
  ['Anthropic', 'anthropic', 'https://api.anthropic.com/v1/', OpenAI],
  ['Bedrock', 'aws.bedrock', 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1', BedrockOpenAI],
])('OpenAI’s client, answered by %s', (_name, provider, baseURL, Client) => {
  it.each(['wrap', 'drop-in'] as const)('is read in OpenAI’s API, by %s', async (way) => {
    expect.hasAssertions();
    const guard = testGuard(FAST);
    const options = { apiKey: `other-${keys++}`, baseURL, fetch: fakeFetch(...answersOf(openai)).fetch };
    const Guarded = guardClass(Client, (each) => void guard.wrap(each));
    const client = way === 'wrap' ? guard.wrap(new Client(options)) : new Guarded(options);
    await expectRead(guard, provider, {
      ask: () => openai.create(client) as Promise<unknown>,
      stream: async () => {
        for await (const _ of await openai.stream(client));
      },
    });
  });
});

describe.each([
  ['anthropic', 'https://api.anthropic.com/v1/chat/completions', openai],
  ['anthropic', 'https://api.anthropic.com/v1/messages', anthropic],
  ['deepseek', 'https://api.deepseek.com/anthropic/v1/messages', anthropic],
  ['openrouter', 'https://openrouter.ai/api/v1/messages', anthropic],
  ['openrouter', 'https://openrouter.ai/api/v1/chat/completions', openai],
] as const)('guarded fetch of %s at %s', (provider, url, sdk) => {
  it('is read in the API of its path', async () => {
    expect.hasAssertions();
    const guard = testGuard(FAST);
    vi.stubGlobal('fetch', fakeFetch(...answersOf(sdk)).fetch);
    onTestFinished(() => void vi.unstubAllGlobals());
    const key = `other-${keys++}`;
    const post = async (stream: boolean): Promise<string> =>
      (
        await guard.fetch(url, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [], stream }),
        })
      ).text();
    await expectRead(guard, provider, { ask: () => post(false), stream: () => post(true) });
  });
});

it('learns the limits in the headers of Anthropic’s endpoint for OpenAI’s clients', async () => {
  const guard = testGuard(FAST);
  const { fetch } = fakeFetch(json(openai.completion, 200, LIMITS));
  const client = guard.wrap(new OpenAI({ apiKey: 'other-limits', baseURL: 'https://api.anthropic.com/v1', fetch }));
  await openai.create(client);
  const [lane] = guard.snapshot();
  expect(lane!.dimensions).toMatchObject([{ dimension: 'requests', limit: 50, source: 'header' }]);
});
