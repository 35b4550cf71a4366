import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { FaultKind, SimulatorOptions } from '../../src/testing.ts';
import { SDK_TIMEOUT_MS, socketClock, socketsQuiet, useSocketClockInSdks } from '../helpers/socket-clock.ts';
import { ask, connect, failureOf, MODELS, type Provider, simulate, WAYS } from './connect.ts';

type Tested = Exclude<Provider, 'azure'>;
const PROVIDERS = ['openai', 'anthropic', 'groq'] as const satisfies readonly Tested[];
const CASES = WAYS.flatMap((way) => PROVIDERS.map((provider) => ({ ...way, provider })));
/** For the long tables: each way in and each pacing once. */
const FEWER = CASES.filter(({ way }) => way === 'wrap' || way === 'drop-in without pacing');

/** Temporary faults: the call succeeds at the second attempt. */
const PASSING: Record<Tested, readonly FaultKind[]> = {
  openai: [
    'server_error',
    'bad_gateway',
    'gateway_timeout',
    'overloaded',
    'slow_down',
    'unknown_429',
    'request_timeout',
    'conflict',
    'connection_reset',
    'body_reset',
    'garbage',
  ],
  anthropic: [
    'server_error',
    'bad_gateway',
    'gateway_timeout',
    'overloaded',
    'overloaded_500',
    'unknown_429',
    'request_timeout',
    'conflict',
    'concurrency_limit',
    'connection_reset',
    'body_reset',
    'garbage',
  ],
  groq: [
    'server_error',
    'bad_gateway',
    'gateway_timeout',
    'overloaded',
    'flex_capacity',
    'connection_reset',
    'body_reset',
    'garbage',
  ],
};

/** Faults that no second attempt can fix, with their outcome. */
const FINAL: Record<Tested, readonly (readonly [FaultKind, string])[]> = {
  openai: [
    ['insufficient_quota', 'quota_exhausted'],
    ['credit_balance_exhausted', 'quota_exhausted'],
    ['organization_spend_limit', 'quota_exhausted'],
    ['billing_hard_limit', 'quota_exhausted'],
    ['auth', 'auth'],
    ['forbidden', 'auth'],
    ['bad_request', 'bad_request'],
    ['retry_after_day', 'throttled'],
  ],
  anthropic: [
    ['spend_limit', 'quota_exhausted'],
    ['contract_spend_limit', 'quota_exhausted'],
    ['specified_spend_limit', 'quota_exhausted'],
    ['credit_balance_too_low', 'quota_exhausted'],
    ['fast_mode_limit', 'too_large'],
    ['long_context_limit', 'too_large'],
    ['auth', 'auth'],
    ['forbidden', 'auth'],
    ['bad_request', 'bad_request'],
    ['retry_after_day', 'throttled'],
  ],
  groq: [
    ['blocked_api_access', 'quota_exhausted'],
    ['auth', 'auth'],
    ['bad_request', 'bad_request'],
  ],
};

/** A streamed call to any provider; what was received before it broke off is in `text`. */
async function stream(provider: Tested, client: unknown): Promise<{ text: string; error: Error | undefined }> {
  const messages = [{ role: 'user' as const, content: 'Hello there' }];
  let text = '';
  try {
    if (provider === 'anthropic') {
      const events = await (client as Anthropic).messages.create({
        model: MODELS.anthropic,
        max_tokens: 100,
        messages,
        stream: true,
      });
      for await (const event of events) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
      }
    } else {
      const chunks = await (client as OpenAI).chat.completions.create({
        model: MODELS[provider],
        messages,
        stream: true,
      });
      for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? '';
    }
  } catch (error) {
    return { text, error: error as Error };
  }
  return { text, error: undefined };
}

/** An unguarded client of the same provider with the same faults, without retries. */
async function stockClient(provider: Tested, options: Partial<SimulatorOptions>): Promise<object> {
  const server = await simulate({ provider, ...options });
  const Client = { openai: OpenAI, anthropic: Anthropic, groq: Groq }[provider] as unknown as new (
    options: object,
  ) => object;
  return new Client({ baseURL: server.url, apiKey: 'stock', maxRetries: 0 });
}

describe.each(FEWER)('$provider, $way', ({ provider, ...way }) => {
  it.each(PASSING[provider])('survives %s', async (kind) => {
    const { client, server, events, drained } = await connect(provider, way, {
      faults: { script: [kind], retryAfterSeconds: 0 },
      reply: () => 'one two',
    });
    expect(await ask(provider, client)).toBe('one two');
    // The server considers half an answer sent.
    const completed = kind === 'garbage' ? 2 : 1;
    expect(server.stats()).toMatchObject({ requests: 2, completed, faults: { [kind]: 1 } });
    await drained();
    if (way.dropIn) return;
    const ends = events.filter((event) => event.type === 'call.end');
    expect(ends).toMatchObject([{ outcome: 'success_after_retry', attempts: 2 }]);
  });

  it.each(FINAL[provider])('gives up at once on %s: %s', async (kind, outcome) => {
    const { client, server } = await connect(provider, way, { faults: { script: [kind] } });
    const error = await failureOf(ask(provider, client));
    const { APIError } = { openai: OpenAI, anthropic: Anthropic, groq: Groq }[provider];
    expect(error).toBeInstanceOf(APIError);
    expect(error.tidegate).toMatchObject({ outcome, attempts: 1 });
    expect(error.tidegate.advice).not.toBe('');
    expect(server.stats()).toMatchObject({ requests: 1, inFlight: 0 });
  });
});

describe.each(CASES)('$provider, $way', ({ provider, ...way }) => {
  it('ends a hang by its timeout', async () => {
    useSocketClockInSdks();
    const { client, server, drained } = await connect(
      provider,
      way,
      { faults: { script: ['hang'] } },
      { timeout: SDK_TIMEOUT_MS },
    );
    expect(await ask(provider, client)).not.toBe('');
    expect(server.stats()).toMatchObject({ requests: 2, completed: 1 });
    await drained();
  });

  it('replaces a stream that fails before its first content', async () => {
    const { client, server, events, drained } = await connect(provider, way, {
      faults: { script: ['stream_error_first', 'stream_error_first'] },
      reply: () => 'one two',
    });
    expect(await stream(provider, client)).toEqual({ text: 'one two', error: undefined });
    expect(server.stats()).toMatchObject({ requests: 3, completed: 1 });
    await drained();
    if (way.dropIn) return;
    const ends = events.filter((event) => event.type === 'call.end');
    expect(ends).toMatchObject([{ outcome: 'success_after_retry', attempts: 3 }]);
    // OpenAI reports a stream's usage only on request.
    expect(ends[0]!.usage?.outputTokens).toBe(provider === 'openai' ? undefined : 2);
  });

  it.each(['stream_error_middle', 'stream_rate_limit', 'stream_end_early', 'body_reset'] as const)(
    'ends a stream as the SDK does on %s, and does not retry',
    async (kind) => {
      const options = { faults: { script: [kind] }, reply: () => 'one two three four', seed: 3 };
      const expected = await stream(provider, await stockClient(provider, options));
      const { client, server, drained } = await connect(provider, way, options);
      const got = await stream(provider, client);
      expect(got.text).toBe(expected.text);
      expect(got.text).toMatch(/^one/);
      expect(got.error?.constructor.name).toBe(expected.error?.constructor.name);
      expect(withoutIds(got.error?.message)).toBe(withoutIds(expected.error?.message));
      expect(server.stats().requests).toBe(1);
      await drained();
    },
  );

  it.each(['body_reset', 'garbage'] as const)('throws what the SDK throws if every answer ends in %s', async (kind) => {
    const faults = { script: [kind, kind] };
    const expected = await thrownBy(ask(provider, await stockClient(provider, { faults })));
    const { client, server, drained } = await connect(provider, way, { faults }, { maxRetries: 1 });
    const error = await thrownBy(ask(provider, client));
    expect(error?.constructor.name).toBe(expected?.constructor.name);
    expect(error?.message).toBe(expected?.message);
    expect(server.stats().requests).toBe(2);
    await drained();
  });

  it('waits out a rate limit for as long as the server says', async () => {
    const { client, server } = await connect(provider, way, {
      limits: { requestsPerMinute: 240 },
      bucketSeconds: 0.25,
      retryHeader: 'milliseconds',
    });
    const startedAt = socketClock.now();
    const answers = await Promise.all([1, 2, 3].map(() => ask(provider, client)));
    expect(answers).toHaveLength(3);
    // Four a second, one of them at once.
    expect(socketClock.now() - startedAt).toBeGreaterThan(490);
    expect(server.stats()).toMatchObject({ admitted: 3, completed: 3 });
  });

  it('refuses what the limit can never admit', async () => {
    const limits = provider === 'anthropic' ? { inputTokensPerMinute: 100 } : { tokensPerMinute: 100 };
    const { client, server } = await connect(provider, way, { limits });
    const error = await failureOf(ask(provider, client, 'word '.repeat(2_000)));
    // Anthropic only says that the request does not fit now, with a wait longer than any caller should wait.
    const outcome = provider === 'anthropic' ? 'throttled' : 'too_large';
    expect(error).toMatchObject({ tidegate: { outcome, attempts: 1 } });
    expect(server.stats()).toMatchObject({ requests: 1, rejected: 1 });
    if (provider === 'anthropic' || way.guard.pacing === false) return;
    // One refusal may be wrong. After the second the pacer knows the limit, and does not try again.
    const second = await failureOf(ask(provider, client, 'word '.repeat(2_000)));
    expect(second).toMatchObject({ tidegate: { outcome, attempts: 1 } });
    const again = await failureOf(ask(provider, client, 'word '.repeat(2_000)));
    expect(again).toMatchObject({ code: 'too_large', tidegate: { outcome: 'too_large', attempts: 0, limit: 100 } });
    expect(server.stats().requests).toBe(2);
  });
});

async function thrownBy(promise: Promise<unknown>): Promise<Error | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function withoutIds(message: string | undefined): string | undefined {
  return message?.replaceAll(/req_\w+/g, 'req');
}

describe('a body that stalls', () => {
  it.each(WAYS)('is requested again by openai, $way', async (way) => {
    useSocketClockInSdks();
    const { client, server, drained } = await connect(
      'openai',
      way,
      { faults: { script: ['body_hang'] } },
      { timeout: SDK_TIMEOUT_MS },
    );
    expect(await ask('openai', client)).not.toBe('');
    expect(server.stats()).toMatchObject({ requests: 2, completed: 1 });
    await drained();
  });

  it.each(CASES)('frees its slot when the caller gives up: $provider, $way', async ({ provider, ...way }) => {
    const { client, server, drained } = await connect(provider, way, { faults: { script: ['body_hang'] } });
    const controller = new AbortController();
    const messages = [{ role: 'user' as const, content: 'Hello there' }];
    const body = { model: MODELS[provider], max_tokens: 50, messages };
    const options = { signal: controller.signal };
    const pending =
      provider === 'anthropic'
        ? (client as Anthropic).messages.create(body, options)
        : (client as OpenAI).chat.completions.create(body, options);
    const failing = failureOf(pending);
    await expect.poll(() => server.stats().admitted).toBe(1);
    await socketsQuiet();
    controller.abort();
    await failing;
    await expect.poll(() => server.stats()).toMatchObject({ inFlight: 0, aborted: 1 });
    await drained();
  });
});
