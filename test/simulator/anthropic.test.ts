import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { anthropic, failure, MESSAGE, simulator, testClock } from './servers.ts';

const TOOL = {
  name: 'weather',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
};

describe('Anthropic: messages', () => {
  it('answers with usage and headers', async () => {
    const clock = testClock();
    const server = await simulator({
      provider: 'anthropic',
      preset: 'tier1',
      clock,
      replyTokens: 30,
      countTokens: () => 5_994,
    });
    const messages = [{ role: 'user' as const, content: 'x'.repeat(24_000) }];
    const { data, response } = await anthropic(server)
      .messages.create({ ...MESSAGE, messages, max_tokens: 500 })
      .withResponse();
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      stop_reason: 'end_turn',
      usage: { input_tokens: 6_000, output_tokens: 30, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    });
    const headers = Object.fromEntries(
      [...response.headers].filter(([name]) => name.startsWith('anthropic-ratelimit')),
    );
    // As captured from the real one: 6,000 of 30,000 tokens are refilled after 12 s.
    expect(headers).toEqual({
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-11-24T12:00:02Z',
      'anthropic-ratelimit-input-tokens-limit': '30000',
      'anthropic-ratelimit-input-tokens-remaining': '24000',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-24T12:00:12Z',
      'anthropic-ratelimit-output-tokens-limit': '8000',
      'anthropic-ratelimit-output-tokens-remaining': '8000',
      'anthropic-ratelimit-output-tokens-reset': '2026-11-24T12:00:04Z',
      'anthropic-ratelimit-tokens-limit': '38000',
      'anthropic-ratelimit-tokens-remaining': '32000',
      'anthropic-ratelimit-tokens-reset': '2026-11-24T12:00:12Z',
    });
    expect(response.headers.get('request-id')).toMatch(/^req_011C\w{24}$/);
    expect(response.headers.get('date')).toBe('Tue, 24 Nov 2026 12:00:00 GMT');
    expect(response.headers.get('retry-after')).toBeNull();
  });

  it('refuses in its own words with retry-after, below zero beyond a minute', async () => {
    const clock = testClock();
    const server = await simulator({
      provider: 'anthropic',
      limits: { requestsPerMinute: 50, inputTokensPerMinute: 30_000, outputTokensPerMinute: 8_000 },
      clock,
      countTokens: () => 38_994,
    });
    const client = anthropic(server);
    const messages = [{ role: 'user' as const, content: 'x'.repeat(80_000) }];
    await client.messages.create({ ...MESSAGE, messages });
    const error = await failure(client.messages.create({ ...MESSAGE, messages }));
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    const organization = error.headers.get('anthropic-organization-id');
    expect(organization).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(error.error).toEqual({
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message:
          "This request would exceed your organization's rate limit of 30,000 input tokens per minute (org: " +
          `${organization}, model: claude-sonnet-5). For details, refer to: https://docs.claude.com/en/api/rate-limits. ` +
          'You can see the response headers for current usage. Please reduce the prompt length or the maximum tokens ' +
          'requested, or try again later. You may also contact sales at https://www.anthropic.com/contact-sales to ' +
          'discuss your options for a rate limit increase.',
      },
      request_id: error.headers.get('request-id'),
    });
    // As captured: retry after 58 s, full again after 78 s, no request counted.
    expect(error.headers.get('retry-after')).toBe('58');
    expect(error.headers.get('x-should-retry')).toBe('true');
    expect(error.headers.get('anthropic-ratelimit-input-tokens-remaining')).toBe('0');
    expect(error.headers.get('anthropic-ratelimit-input-tokens-reset')).toBe('2026-11-24T12:01:18Z');
    expect(error.headers.get('anthropic-ratelimit-requests-remaining')).toBe('49');
    clock.advance(58_000);
    await client.messages.create({ ...MESSAGE, messages });
  });

  it('states 1970 for an untouched bucket, unless told otherwise', async () => {
    const clock = testClock();
    const limits = { outputTokensPerMinute: 8_000 };
    const reset = async (epochResets: boolean) => {
      const server = await simulator({ provider: 'anthropic', limits, clock, epochResets });
      const { response } = await anthropic(server).messages.create(MESSAGE).withResponse();
      return response.headers.get('anthropic-ratelimit-output-tokens-reset');
    };
    expect([await reset(true), await reset(false)]).toEqual(['1970-01-01T00:00:00Z', '2026-11-24T12:00:00Z']);
  });

  it('streams with cumulative usage', async () => {
    const server = await simulator({ provider: 'anthropic', replyTokens: 12 });
    const client = anthropic(server);
    const whole = await client.messages.create(MESSAGE);
    const events = [];
    for await (const event of await client.messages.create({ ...MESSAGE, stream: true })) events.push(event);
    expect(events.map((event) => event.type).filter((type, at, all) => type !== all[at - 1])).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events[0]).toMatchObject({ message: { usage: { output_tokens: 1 }, stop_reason: null, content: [] } });
    const message = await client.messages.stream(MESSAGE).finalMessage();
    expect(message.content).toMatchObject(
      whole.content.map(({ type, ...rest }) => ({ type, ...('text' in rest && { text: rest.text }) })),
    );
    expect(message.content).toHaveLength(1);
    expect(message.usage.output_tokens).toBe(12);
    expect(message.stop_reason).toBe('end_turn');
  });

  it('drains the output limit while it streams, and can cut the stream there', async () => {
    const clock = testClock();
    const options = { provider: 'anthropic', limits: { outputTokensPerMinute: 100 }, clock, replyTokens: 80 } as const;
    const server = await simulator(options);
    const client = anthropic(server);
    await client.messages.stream(MESSAGE).finalMessage();
    await client.messages.stream(MESSAGE).finalMessage();
    const error = await failure(client.messages.create(MESSAGE));
    expect(error.message).toContain('rate limit of 100 output tokens per minute');
    // 61 tokens to one above zero.
    expect(error.headers.get('retry-after')).toBe('37');
    expect(server.stats().outputTokens).toBe(160);

    const cutting = await simulator({ ...options, cutAtOutputLimit: true });
    await anthropic(cutting).messages.stream(MESSAGE).finalMessage();
    const cut = await failure(anthropic(cutting).messages.stream(MESSAGE).finalMessage());
    expect(cut).toMatchObject({ status: undefined, type: 'rate_limit_error' });
    expect(cutting.stats()).toMatchObject({ completed: 1, aborted: 1, outputTokens: 101 });
  });

  it('serves marked prefixes from the cache, outside the input limit', async () => {
    const clock = testClock();
    const server = await simulator({ provider: 'anthropic', limits: { inputTokensPerMinute: 100_000 }, clock });
    const system = [
      { type: 'text' as const, text: 'word '.repeat(3_000), cache_control: { type: 'ephemeral' as const } },
    ];
    const ask = () =>
      anthropic(server)
        .messages.create({ ...MESSAGE, system })
        .withResponse();
    const [first, second] = [await ask(), await ask()];
    expect(first.data.usage.cache_creation_input_tokens).toBeGreaterThan(2_999);
    expect(first.data.usage.cache_read_input_tokens).toBe(0);
    expect(second.data.usage.cache_creation_input_tokens).toBe(0);
    expect(second.data.usage.cache_read_input_tokens).toBe(first.data.usage.cache_creation_input_tokens);
    expect(second.data.usage.input_tokens).toBe(first.data.usage.input_tokens);
    const third = await ask();
    expect(third.response.headers.get('anthropic-ratelimit-input-tokens-remaining')).toBe('97000');
    clock.advance(300_000);
    expect((await ask()).data.usage.cache_read_input_tokens).toBe(0);
  });

  it('limits connections at once', async () => {
    const limits = { maxConcurrent: 1 };
    const server = await simulator({ provider: 'anthropic', limits, latency: { baseMs: 50 } });
    const client = anthropic(server);
    const [first, second] = await Promise.allSettled([
      client.messages.create(MESSAGE),
      client.messages.create(MESSAGE),
    ]);
    const refused = [first, second].filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(1);
    const { message, headers } = refused[0]!.reason as Error & { headers: Headers };
    expect(message).toContain('Number of concurrent connections has exceeded your rate limit.');
    expect(headers.get('retry-after')).toBeNull();
  });

  it('steps an acceleration limit', async () => {
    const clock = testClock();
    const server = await simulator({
      provider: 'anthropic',
      limits: { inputTokensPerMinute: 1_000_000 },
      clock,
      faults: { ramp: { startTokensPerMinute: 58_276, stepTokensPerMinute: 10_000 } },
    });
    const client = anthropic(server);
    const messages = [{ role: 'user' as const, content: 'x'.repeat(200_000) }];
    await client.messages.create({ ...MESSAGE, messages });
    clock.advance(20_000);
    const error = await failure(client.messages.create({ ...MESSAGE, messages }));
    expect(error.message).toContain(
      'Your current limit is 58,276 input tokens per minute, and will increase to 68,276 at the next minute boundary.',
    );
    expect(error.error).toMatchObject({ error: { details: { error_code: 'ramp_limit_exceeded' } } });
    expect(error.headers.get('retry-after')).toBe('40');
  });

  it('calls tools and satisfies schemas', async () => {
    const client = anthropic(await simulator({ provider: 'anthropic', toolCalls: true, reply: () => 'Paris' }));
    const first = await client.messages.create({ ...MESSAGE, tools: [TOOL] });
    expect(first).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', input: { city: 'Paris' } }] });
    const streamed = await client.messages.stream({ ...MESSAGE, tools: [TOOL] }).finalMessage();
    expect(streamed.content).toMatchObject([{ type: 'tool_use', input: { city: 'Paris' } }]);
    const asked: unknown[] = [];
    const run = (input: unknown) => {
      asked.push(input);
      return 'sunny';
    };
    const runner = client.beta.messages.toolRunner({
      ...MESSAGE,
      tools: [{ ...TOOL, description: 'tells the weather', run, parse: (input: unknown) => input }],
    });
    expect((await runner).content[0]).toMatchObject({ type: 'text', text: 'Paris' });
    expect(asked).toEqual([{ city: 'Paris' }]);
    const output_config = { format: { type: 'json_schema' as const, schema: TOOL.input_schema } };
    const shaped = await client.messages.create({ ...MESSAGE, output_config });
    expect(shaped.content[0]).toMatchObject({ type: 'text', text: '{"city":"Paris"}' });
  });

  it('requires what the real one requires', async () => {
    const client = anthropic(await simulator({ provider: 'anthropic' }));
    const { max_tokens: _, ...without } = MESSAGE;
    expect(await failure(client.messages.create(without as never))).toMatchObject({ status: 400 });
    expect(await failure(client.messages.create({ ...MESSAGE, messages: [] }))).toMatchObject({ status: 400 });
    const cut = await client.messages.create({ ...MESSAGE, max_tokens: 3 });
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 3 } });
  });
});

describe('Anthropic: other endpoints', () => {
  it('counts tokens under a limit of its own', async () => {
    const server = await simulator({
      provider: 'anthropic',
      limits: { requestsPerMinute: 50 },
      modelLimits: { '@count_tokens': { requestsPerMinute: 1 } },
      clock: testClock(),
    });
    const client = anthropic(server);
    const message = await client.messages.create(MESSAGE);
    const { max_tokens: _, ...question } = MESSAGE;
    expect(await client.messages.countTokens(question)).toEqual({ input_tokens: message.usage.input_tokens });
    expect(await failure(client.messages.countTokens(question))).toMatchObject({ status: 429 });
    await client.messages.create(MESSAGE);
  });

  it('runs batches and returns their results', async () => {
    const server = await simulator({ provider: 'anthropic' });
    const client = anthropic(server);
    const requests = ['a', 'b'].map((custom_id) => ({ custom_id, params: MESSAGE }));
    const batch = await client.messages.batches.create({ requests });
    expect(batch).toMatchObject({ processing_status: 'in_progress', request_counts: { processing: 2 } });
    expect(await client.messages.batches.retrieve(batch.id)).toMatchObject({ processing_status: 'ended' });
    const results = [];
    for await (const each of await client.messages.batches.results(batch.id)) results.push(each);
    // In any order, here different from the requests.
    expect(results.map((each) => each.custom_id)).toEqual(['b', 'a']);
    expect(results[0]).toMatchObject({ result: { type: 'succeeded', message: { role: 'assistant' } } });
    await client.messages.batches.create({ requests });
    const ids = [];
    for await (const each of client.messages.batches.list({ limit: 1 })) ids.push(each.id);
    expect(ids).toHaveLength(2);
    expect(ids[1]).toBe(batch.id);
    expect(await failure(client.messages.batches.retrieve('msgbatch_0'))).toMatchObject({ status: 404 });
  });

  it('lists models in pages, in both directions', async () => {
    const client = anthropic(await simulator({ provider: 'anthropic' }));
    const names = [];
    for await (const model of client.models.list({ limit: 2 })) names.push(model.id);
    expect(names.length).toBeGreaterThan(4);
    expect(new Set(names).size).toBe(names.length);
    const back = [];
    for await (const model of client.models.list({ limit: 2, before_id: names[4]! })) back.push(model.id);
    expect(back.sort()).toEqual(names.slice(0, 4).sort());
    expect(await client.models.retrieve(names[0]!)).toMatchObject({ id: names[0] });
  });

  it('answers the beta path', async () => {
    const client = anthropic(await simulator({ provider: 'anthropic' }));
    expect(await client.beta.messages.create(MESSAGE)).toMatchObject({ type: 'message' });
  });
});
