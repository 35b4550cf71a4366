import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { FaultKind, Simulator, SimulatorFaults, SimulatorProvider } from '../../src/testing.ts';
import { faultKindsOf } from '../../src/testing.ts';
import { anthropic, azure, CHAT, failure, groq, MESSAGE, openai, simulator, testClock } from './servers.ts';

function call(provider: SimulatorProvider, server: Simulator): Promise<unknown> {
  switch (provider) {
    case 'openai':
      return openai(server).chat.completions.create(CHAT);
    case 'azure':
      return azure(server).chat.completions.create(CHAT);
    case 'anthropic':
      return anthropic(server).messages.create(MESSAGE);
    case 'groq':
      return groq(server).chat.completions.create(CHAT);
  }
}

/** Status and part of the body of every fault that is an answer. */
const ANSWERS: Record<SimulatorProvider, Partial<Record<FaultKind, [number, string]>>> = {
  openai: {
    server_error: [500, '"type":"server_error"'],
    bad_gateway: [502, '502 Bad Gateway'],
    gateway_timeout: [504, '504 Gateway Time-out'],
    overloaded: [503, '"type":"service_unavailable_error","param":null,"code":"server_is_overloaded"'],
    slow_down: [429, '"type":"rate_limit_error","param":null,"code":"slow_down"'],
    unknown_429: [429, 'Too Many Requests'],
    retry_after_day: [429, 'rate_limit_exceeded'],
    request_timeout: [408, 'timeout'],
    conflict: [409, 'conflict'],
    auth: [401, 'invalid_api_key'],
    forbidden: [403, 'not allowed'],
    bad_request: [400, 'context_length_exceeded'],
    insufficient_quota: [429, 'You exceeded your current quota, please check your plan and billing details.'],
    credit_balance_exhausted: [429, '"type":"insufficient_quota","param":null,"code":"credit_balance_exhausted"'],
    organization_spend_limit: [429, '"code":"organization_spend_limit_exceeded"'],
    project_spend_limit: [429, '"code":"project_spend_limit_exceeded"'],
    organization_usage_limit: [429, '"code":"organization_usage_limit_exceeded"'],
    billing_hard_limit: [400, '"code":"billing_hard_limit_reached"'],
  },
  azure: {
    server_error: [500, 'InternalServerError'],
    bad_gateway: [502, '502 Bad Gateway'],
    gateway_timeout: [504, '504 Gateway Time-out'],
    overloaded: [503, 'temporarily unable to process'],
    high_demand: [429, 'experiencing high demand and cannot process your request.'],
    unknown_429: [429, 'Rate limit is exceeded.'],
    retry_after_day: [429, 'Please retry after 86400 seconds.'],
    request_timeout: [408, 'Timeout'],
    conflict: [409, 'Conflict'],
    auth: [401, '"code":"401"'],
    forbidden: [403, 'AuthenticationTypeDisabled'],
    bad_request: [400, 'context_length_exceeded'],
    insufficient_quota: [429, '"code":"insufficient_quota"'],
  },
  anthropic: {
    server_error: [500, '"type":"api_error"'],
    bad_gateway: [502, '502 Bad Gateway'],
    gateway_timeout: [504, '"type":"timeout_error"'],
    overloaded: [529, '"error":{"type":"overloaded_error","message":"Overloaded"}'],
    overloaded_500: [500, '"error":{"type":"api_error","message":"Overloaded"}'],
    unknown_429: [429, 'Too Many Requests'],
    retry_after_day: [429, 'rate_limit_error'],
    request_timeout: [408, 'timeout_error'],
    conflict: [409, 'conflict_error'],
    auth: [401, 'authentication_error'],
    forbidden: [403, 'permission_error'],
    bad_request: [400, 'prompt is too long'],
    spend_limit: [
      429,
      'You will regain access on 2026-12-01 at 00:00 UTC.","details":{"error_code":"enforced_spend_limit_reached"}',
    ],
    contract_spend_limit: [429, '"error_code":"contract_spend_limit_reached"'],
    specified_spend_limit: [400, 'You have reached your specified API usage limits.'],
    credit_balance_too_low: [400, 'Your credit balance is too low to access the Anthropic API.'],
    fast_mode_limit: [429, 'rate limit of 0 fast mode input tokens per minute'],
    long_context_limit: [429, 'Extra usage is required for long context requests.'],
    concurrency_limit: [429, 'Number of concurrent connections has exceeded your rate limit.'],
    acceleration_limit: [429, '"error_code":"ramp_limit_exceeded"'],
  },
  groq: {
    server_error: [500, 'Internal Server Error'],
    bad_gateway: [502, '502 Bad Gateway'],
    gateway_timeout: [504, '504 Gateway Time-out'],
    overloaded: [503, 'gpt-4o is currently over capacity. Please try again and back off exponentially.'],
    flex_capacity: [498, 'capacity_exceeded'],
    unknown_429: [429, 'Too Many Requests'],
    retry_after_day: [429, 'rate_limit_exceeded'],
    request_timeout: [408, 'Request Timeout'],
    conflict: [409, 'Conflict'],
    auth: [401, '"code":"invalid_api_key"'],
    forbidden: [403, 'Forbidden'],
    bad_request: [400, 'context_length_exceeded'],
    blocked_api_access: [400, '"code":"blocked_api_access"'],
  },
};

describe('faults that are answers', () => {
  const cases = Object.entries(ANSWERS).flatMap(([provider, faults]) =>
    Object.entries(faults).map(([kind, [status, text]]) => [provider, kind, status, text] as const),
  );

  it.each(cases)('%s: %s is %i with %s', async (provider, kind, status, text) => {
    const server = await simulator({
      provider: provider as SimulatorProvider,
      clock: testClock(),
      faults: { script: [kind as FaultKind] },
    });
    const path = provider === 'anthropic' ? '/v1/messages' : '/v1/chat/completions';
    const response = await fetch(server.origin + path, {
      method: 'POST',
      headers: { authorization: 'Bearer key', 'content-type': 'application/json' },
      body: JSON.stringify(MESSAGE_OR_CHAT),
    });
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
    expect(server.stats()).toMatchObject({
      requests: 1,
      admitted: 0,
      faults: { [kind]: 1 },
      statuses: { [status]: 1 },
    });
    await call(provider as SimulatorProvider, server);
    expect(server.stats()).toMatchObject({ requests: 2, admitted: 1 });
  });

  it.each(Object.keys(ANSWERS) as SimulatorProvider[])('%s: every kind is in the table', (provider) => {
    const others = [
      'connection_reset',
      'hang',
      'body_reset',
      'body_hang',
      'garbage',
      'stream_error_first',
      'stream_error_middle',
      'stream_rate_limit',
      'stream_end_early',
    ];
    expect([...Object.keys(ANSWERS[provider]), ...others].sort()).toEqual(faultKindsOf(provider).sort());
  });

  it('sends no hint with a spend cap, and a day with an absurd one', async () => {
    const server = await simulator({ provider: 'anthropic', faults: { script: ['spend_limit', 'retry_after_day'] } });
    expect((await failure(call('anthropic', server))).headers.get('retry-after')).toBeNull();
    expect((await failure(call('anthropic', server))).headers.get('retry-after')).toBe('86400');
  });

  it('counts failed requests at OpenAI only', async () => {
    const faults = { script: ['server_error'] } satisfies SimulatorFaults;
    const limits = { requestsPerMinute: 10 };
    const left = async (provider: 'openai' | 'anthropic', header: string) => {
      const server = await simulator({ provider, limits, faults, clock: testClock() });
      return (await failure(call(provider, server))).headers.get(header);
    };
    expect(await left('openai', 'x-ratelimit-remaining-requests')).toBe('9');
    expect(await left('anthropic', 'anthropic-ratelimit-requests-remaining')).toBe('10');
  });
});

const MESSAGE_OR_CHAT = { ...CHAT, max_tokens: 10 };

describe('faults of connections and bodies', () => {
  it('resets a connection', async () => {
    const server = await simulator({ provider: 'openai', faults: { script: ['connection_reset'] } });
    const error = await failure(call('openai', server));
    expect(error).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(server.stats()).toMatchObject({ faults: { connection_reset: 1 }, statuses: {}, inFlight: 0 });
  });

  it('hangs until the client gives up', async () => {
    const server = await simulator({ provider: 'openai', faults: { script: ['hang'] } });
    const error = await failure(openai(server).chat.completions.create(CHAT, { timeout: 60 }));
    expect(error).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    await expect.poll(() => server.stats().inFlight).toBe(0);
  });

  it('closes although a request hangs', async () => {
    const server = await simulator({ provider: 'openai', faults: { outage: { kind: 'hang' } } });
    const hanging = failure(call('openai', server));
    await expect.poll(() => server.stats().faults).toEqual({ hang: 1 });
    await Promise.all([server.close(), server.close()]);
    expect(await hanging).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(await failure(call('openai', server))).toBeInstanceOf(OpenAI.APIConnectionError);
  });

  it('breaks off in the middle of a body', async () => {
    const server = await simulator({ provider: 'openai', faults: { script: ['body_reset', 'body_reset'] } });
    const reset = await failure(call('openai', server));
    expect(reset).not.toBeInstanceOf(SyntaxError);
    expect(`${reset.message} ${String(reset.cause)}`).toMatch(/terminated|ECONNRESET|Connection error/);
    const stream = await openai(server).chat.completions.create({ ...CHAT, stream: true });
    let chunks = 0;
    await failure(
      (async () => {
        for await (const _ of stream) chunks += 1;
      })(),
    );
    expect(chunks).toBeGreaterThan(2);
    expect(server.stats()).toMatchObject({ faults: { body_reset: 2 }, aborted: 2, completed: 0, statuses: { 200: 2 } });
  });

  it('falls silent in the middle of a body', async () => {
    const server = await simulator({ provider: 'openai', faults: { script: ['body_hang'] } });
    const controller = new AbortController();
    const stream = await openai(server).chat.completions.create(
      { ...CHAT, stream: true },
      { signal: controller.signal },
    );
    let chunks = 0;
    const reading = (async () => {
      for await (const _ of stream) chunks += 1;
    })();
    await expect.poll(() => server.stats().faults).toEqual({ body_hang: 1 });
    await expect.poll(() => chunks).toBeGreaterThan(2);
    expect(server.stats()).toMatchObject({ inFlight: 1, completed: 0, aborted: 0 });
    controller.abort();
    await reading.catch(() => undefined);
    await expect.poll(() => server.stats().inFlight).toBe(0);
  });

  it('answers with something other than JSON', async () => {
    const server = await simulator({ provider: 'openai', faults: { script: ['garbage', 'garbage'] } });
    expect(await failure(call('openai', server))).toBeInstanceOf(SyntaxError);
    const stream = await openai(server).chat.completions.create({ ...CHAT, stream: true });
    expect(
      await failure(
        (async () => {
          for await (const _ of stream);
        })(),
      ),
    ).toBeInstanceOf(SyntaxError);
  });
});

describe('faults of streams', () => {
  async function chatTexts(
    server: Simulator,
  ): Promise<{ texts: string[]; error: (Error & Record<string, unknown>) | undefined }> {
    const texts: string[] = [];
    try {
      for await (const chunk of await openai(server).chat.completions.create({ ...CHAT, stream: true })) {
        const text = chunk.choices[0]?.delta.content;
        if (text) texts.push(text);
      }
    } catch (error) {
      return { texts, error: error as Error & Record<string, unknown> };
    }
    return { texts, error: undefined };
  }

  it.each<[FaultKind, number, string | undefined]>([
    ['stream_error_first', 0, 'server_error'],
    ['stream_error_middle', 5, 'server_error'],
    ['stream_rate_limit', 5, 'tokens'],
    ['stream_end_early', 5, undefined],
  ])('OpenAI chat: %s after %i tokens', async (kind, tokens, type) => {
    const server = await simulator({ provider: 'openai', replyTokens: 10, faults: { script: [kind] } });
    const { texts, error } = await chatTexts(server);
    expect(texts).toHaveLength(tokens);
    expect(error?.type).toBe(type);
    expect(server.stats()).toMatchObject({ faults: { [kind]: 1 }, outputTokens: tokens, aborted: 1 });
    expect((await chatTexts(server)).texts).toHaveLength(10);
  });

  it('OpenAI responses: error, then response.failed', async () => {
    const server = await simulator({ provider: 'openai', replyTokens: 10, faults: { script: ['stream_error_first'] } });
    const response = await openai(server).responses.create({ model: 'gpt-4o', input: 'Hi', stream: true }).asResponse();
    const text = await response.text();
    expect(text.match(/^event: .*$/gm)).toEqual(['event: error', 'event: response.failed']);
    expect(text).toContain('"code":"server_is_overloaded","headers":{"x-retry-metadata":"NO_MORE_RETRY"}');
    server.update({ faults: { script: ['stream_rate_limit'] } });
    const flat = await (
      await openai(server).responses.create({ model: 'gpt-4o', input: 'Hi', stream: true }).asResponse()
    ).text();
    expect(flat).toContain('data: {"type":"error","code":"rate_limit_exceeded"');
    expect(flat.match(/output_text\.delta/g)).toHaveLength(10);
  });

  it('Anthropic: overloaded as the first event', async () => {
    const server = await simulator({
      provider: 'anthropic',
      replyTokens: 10,
      faults: { script: ['stream_error_first', 'stream_error_middle'] },
    });
    const first = await failure(anthropic(server).messages.stream(MESSAGE).finalMessage());
    expect(first).toBeInstanceOf(Anthropic.APIError);
    expect(first).toMatchObject({ status: undefined, type: 'overloaded_error' });
    const stream = anthropic(server).messages.stream(MESSAGE);
    let text = '';
    stream.on('text', (delta) => (text += delta));
    expect(await failure(stream.finalMessage())).toMatchObject({ type: 'overloaded_error' });
    expect(text.split(' ')).toHaveLength(5);
  });

  it('Groq: a named error event', async () => {
    const server = await simulator({ provider: 'groq', replyTokens: 10, faults: { script: ['stream_error_middle'] } });
    const response = await groq(server)
      .chat.completions.create({ ...CHAT, stream: true })
      .asResponse();
    expect((await response.text()).split('\n\n').at(-2)).toBe(
      'event: error\ndata: {"error":{"message":"over capacity","type":"internal_server_error","code":"over_capacity"}}',
    );
  });

  it('keeps a scripted stream fault for the next stream', async () => {
    const server = await simulator({ provider: 'openai', replyTokens: 10, faults: { script: ['stream_end_early'] } });
    await call('openai', server);
    expect(server.stats().faults).toEqual({});
    expect((await chatTexts(server)).texts).toHaveLength(5);
  });
});

describe('rates, times and headers', () => {
  it('occur at their rates, the same for the same seed', async () => {
    const run = async (seed: number) => {
      const faults = { rates: { server_error: 0.2, overloaded: 0.1 } };
      const server = await simulator({ provider: 'groq', limits: { requestsPerMinute: 10_000 }, seed, faults });
      const statuses = [];
      for (let index = 0; index < 200; index += 1) {
        const response = await groq(server)
          .chat.completions.create(CHAT)
          .asResponse()
          .catch((error: { status: number }) => error);
        statuses.push(response.status);
      }
      return { statuses, faults: server.stats().faults };
    };
    const [first, second, other] = await Promise.all([run(7), run(7), run(8)]);
    expect(first.statuses).toEqual(second.statuses);
    expect(first.statuses).not.toEqual(other.statuses);
    expect(first.faults.server_error).toBeGreaterThan(25);
    expect(first.faults.server_error).toBeLessThan(60);
    expect(first.faults.overloaded).toBeGreaterThan(8);
    expect(first.faults.overloaded).toBeLessThan(35);
  });

  it('makes answers, ids and usage follow the seed', async () => {
    const run = async (seed: number) => {
      const client = openai(await simulator({ provider: 'openai', seed, clock: testClock() }));
      return [await client.chat.completions.create(CHAT), await client.chat.completions.create(CHAT)];
    };
    expect(await run(3)).toEqual(await run(3));
    expect(await run(3)).not.toEqual(await run(4));
  });

  it('affects named models only', async () => {
    const server = await simulator({ provider: 'openai', faults: { rates: { server_error: 1 }, models: ['gpt-4o'] } });
    expect(await failure(call('openai', server))).toMatchObject({ status: 500 });
    await openai(server).chat.completions.create({ ...CHAT, model: 'gpt-4o-mini' });
  });

  it('is down for a time, with the given kind', async () => {
    const clock = testClock();
    const outage = { fromMs: 1_000, untilMs: 2_000 };
    const server = await simulator({ provider: 'anthropic', clock, faults: { outage } });
    await call('anthropic', server);
    clock.advance(1_000);
    expect(await failure(call('anthropic', server))).toMatchObject({ status: 529 });
    expect(await failure(anthropic(server).models.list())).toMatchObject({ status: 529 });
    clock.advance(1_000);
    await call('anthropic', server);
    expect(server.stats().faults).toEqual({ overloaded: 2 });
  });

  it('changes the tier at a given time', async () => {
    const clock = testClock();
    const faults = { tierChange: { atMs: 5_000, preset: 'tier2' } } as const;
    const server = await simulator({ provider: 'openai', preset: 'tier1', clock, faults });
    const limit = async () => {
      const create = openai(server).chat.completions.create({ ...CHAT, model: 'gpt-5-mini' });
      return (await create.asResponse()).headers.get('x-ratelimit-limit-tokens');
    };
    expect(await limit()).toBe('500000');
    clock.advance(4_999);
    expect(await limit()).toBe('500000');
    clock.advance(1);
    expect(await limit()).toBe('2000000');
    server.update({ preset: 'tier3' });
    expect(await limit()).toBe('4000000');
  });

  it('has a neighbour that spends the same limits', async () => {
    const clock = testClock();
    const server = await simulator({
      provider: 'openai',
      limits: { tokensPerMinute: 6_000 },
      clock,
      replyTokens: 1,
      faults: { neighbour: { share: 0.5, untilMs: 60_000 } },
    });
    const ask = (max_tokens: number) => openai(server).chat.completions.create({ ...CHAT, max_tokens });
    await ask(6_000);
    // The provider cannot foresee the neighbour's requests: its waiting time is too short.
    expect((await failure(ask(1_000))).message).toContain('Please try again in 10s.');
    clock.advance(10_000);
    expect((await failure(ask(1_000))).message).toContain('Please try again in 5s.');
    clock.advance(10_000);
    await ask(1_000);
    clock.advance(40_000);
    await ask(2_000);
    clock.advance(10_000);
    await ask(1_000);
  });

  it.each<[NonNullable<SimulatorFaults['headers']>, string | null, string | null]>([
    ['normal', '499', '499'],
    ['success_only', '499', null],
    ['missing', null, null],
    ['negative', '-1', '-1'],
  ])('with %s headers: %s on success, %s on an error', async (headers, success, error) => {
    const options = { provider: 'openai', preset: 'gpt-4o-tier1', clock: testClock() } as const;
    const server = await simulator({ ...options, faults: { headers, script: ['none', 'bad_request'] } });
    const response = await openai(server).chat.completions.create(CHAT).asResponse();
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe(success);
    const failed = await failure(openai(server).chat.completions.create(CHAT));
    const remaining = failed.headers.get('x-ratelimit-remaining-requests');
    expect(remaining).toBe(error === '499' ? '498' : error);
  });

  it('hides the hints together with -1, and overrides them', async () => {
    const server = await simulator({
      provider: 'azure',
      limits: { requestsPerMinute: 1 },
      faults: { headers: 'negative' },
    });
    await call('azure', server);
    expect((await failure(call('azure', server))).headers.get('retry-after')).toBeNull();
    server.update({ faults: { retryAfterSeconds: 86_400 } });
    expect((await failure(call('azure', server))).headers.get('retry-after')).toBe('86400');
  });

  it('sends retry-after on successes', async () => {
    const server = await simulator({
      provider: 'anthropic',
      clock: testClock(),
      faults: { retryAfterOnSuccess: true },
    });
    const { response } = await anthropic(server)
      .messages.create({ ...MESSAGE, max_tokens: 4_000 })
      .withResponse();
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('refuses growth that is too fast with slow_down', async () => {
    const server = await simulator({
      provider: 'openai',
      limits: { requestsPerMinute: 1_000 },
      clock: testClock(),
      faults: { ramp: { startTokensPerMinute: 100, growthFactor: 1.5 } },
    });
    const messages = [{ role: 'user' as const, content: 'x'.repeat(4_000) }];
    const ask = () => openai(server).chat.completions.create({ model: 'gpt-4o', messages });
    await ask();
    expect(await failure(ask())).toMatchObject({ status: 429, code: 'slow_down', type: 'rate_limit_error' });
    expect(server.stats().rejectedBy).toEqual({ acceleration: 1 });
  });

  it('detects retries by the SDK', async () => {
    const server = await simulator({ provider: 'openai', faults: { script: ['server_error', 'none'] } });
    const client = openai(server).withOptions({ maxRetries: 1 });
    await client.chat.completions.create(CHAT);
    expect(server.stats()).toMatchObject({ requests: 2, maxRetryCount: 1 });
  });
});
