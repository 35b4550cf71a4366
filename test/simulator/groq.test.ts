import Groq, { toFile } from 'groq-sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { CHAT, failure, groq, simulator, testClock } from './servers.ts';

const ASK = { ...CHAT, model: 'openai/gpt-oss-20b' };

describe('Groq', () => {
  it('shows requests per day and tokens per minute, whatever is limited', async () => {
    const server = await simulator({ provider: 'groq', preset: 'free', clock: testClock(), replyTokens: 10 });
    const { data, response } = await groq(server)
      .chat.completions.create({ ...ASK, max_tokens: 4_833 })
      .withResponse();
    expect(Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('x-ratelimit')))).toEqual({
      'x-ratelimit-limit-requests': '1000',
      'x-ratelimit-limit-tokens': '8000',
      'x-ratelimit-remaining-requests': '999',
      'x-ratelimit-remaining-tokens': '3164',
      'x-ratelimit-reset-requests': '1m26.4s',
      'x-ratelimit-reset-tokens': '36.27s',
    });
    expect(response.headers.get('x-request-id')).toBe(data.x_groq!.id);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(data.usage).toMatchObject({ completion_tokens: 10, total_tokens: data.usage!.prompt_tokens + 10 });
  });

  it('keeps the nanoseconds of resets', async () => {
    const limits = { requestsPerDay: 500_000, tokensPerMinute: 300_000 };
    const server = await simulator({ provider: 'groq', limits, clock: testClock() });
    const { response } = await groq(server)
      .chat.completions.create({ ...ASK, max_tokens: 432 })
      .withResponse();
    expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('299565');
    expect(response.headers.get('x-ratelimit-reset-tokens')).toBe('87ms');
    // 172.799999ms was captured: the same time, less a floating-point error.
    expect(response.headers.get('x-ratelimit-reset-requests')).toBe('172.8ms');
  });

  it('refuses in its own words; the hidden limit per minute has no header', async () => {
    const clock = testClock();
    const server = await simulator({
      provider: 'groq',
      limits: { requestsPerMinute: 30, requestsPerDay: 1_000 },
      clock,
    });
    const client = groq(server);
    for (let index = 0; index < 30; index += 1) await client.chat.completions.create(ASK);
    const error = await failure(client.chat.completions.create(ASK));
    expect(error).toBeInstanceOf(Groq.RateLimitError);
    expect((error.error as { error: unknown }).error).toEqual({
      message: expect.stringMatching(
        /^Rate limit reached for model `openai\/gpt-oss-20b` in organization `org_01\w{24}` service tier `on_demand` on requests per minute \(RPM\): Limit 30, Used 30, Requested 1\. Please try again in 2s\. Need more tokens\? Upgrade to Dev Tier today at https:\/\/console\.groq\.com\/settings\/billing$/,
      ),
      type: 'requests',
      code: 'rate_limit_exceeded',
    });
    expect(error.headers.get('retry-after')).toBe('2');
    expect(error.headers.get('x-ratelimit-remaining-requests')).toBe('970');
    clock.advance(2_000);
    await client.chat.completions.create(ASK);
  });

  it('goes below zero after long answers', async () => {
    const server = await simulator({
      provider: 'groq',
      limits: { tokensPerMinute: 1_000 },
      clock: testClock(),
      replyTokens: 3_000,
    });
    const client = groq(server);
    await client.chat.completions.create(ASK);
    const error = await failure(client.chat.completions.create(ASK));
    expect(error.message).toMatch(/Limit 1000, Used 30\d\d, Requested 3\. Please try again in 2m0?\d[.\d]*s/);
    expect(Number(error.headers.get('retry-after'))).toBeGreaterThan(120);
    expect(error.headers.get('x-ratelimit-remaining-tokens')).toBe('0');
  });

  it('answers 413 to what is too large, but 429 for output', async () => {
    const limits = { tokensPerMinute: 6_000, inputTokensPerMinute: 1_000, outputTokensPerMinute: 1_000 };
    const server = await simulator({ provider: 'groq', limits, clock: testClock(), replyTokens: 900 });
    const client = groq(server);
    const tokens = await failure(client.chat.completions.create({ ...ASK, max_tokens: 12_325 }));
    expect(tokens).toMatchObject({ status: 413 });
    expect(tokens.message).toContain(
      'on tokens per minute (TPM): Limit 6000, Requested 12328, please reduce your message size and try again.',
    );
    expect(tokens.headers.get('retry-after')).toBeNull();
    const messages = [{ role: 'user' as const, content: 'x'.repeat(4_400) }];
    const input = await failure(client.chat.completions.create({ ...ASK, messages }));
    expect(input).toMatchObject({ status: 413 });
    expect(input.message).toContain('input tokens per minute (ITPM): Limit 1000, Requested 1100');
    // The first long answer teaches the limiter what to expect.
    server.update({ limits: { outputTokensPerMinute: 900 } });
    await client.chat.completions.create(ASK);
    server.update({ limits: { outputTokensPerMinute: 800 } });
    const output = await failure(client.chat.completions.create(ASK));
    expect(output).toMatchObject({ status: 429 });
    expect(output.message).toContain("(OTPM): Limit 800, Requested 900. The request's expected output tokens exceed");
    expect(output.headers.get('retry-after')).toBeNull();
  });

  it('streams with usage in the last chunk', async () => {
    const server = await simulator({ provider: 'groq', replyTokens: 6 });
    const chunks = [];
    for await (const chunk of await groq(server).chat.completions.create({ ...ASK, stream: true })) chunks.push(chunk);
    expect(chunks[0]!.x_groq).toMatchObject({ id: expect.stringMatching(/^req_01/) });
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      x_groq: { id: chunks[0]!.x_groq!.id, usage: { completion_tokens: 6 } },
    });
    expect(chunks.slice(1, -1).every((chunk) => chunk.x_groq === undefined)).toBe(true);
  });

  it('limits audio by its seconds', async () => {
    const server = await simulator({ provider: 'groq', clock: testClock() });
    const client = groq(server);
    const file = await toFile(Buffer.alloc(32_000), 'two-seconds.mp3');
    const model = 'whisper-large-v3-turbo';
    const { data, response } = await client.audio.transcriptions.create({ model, file }).withResponse();
    expect(data).toEqual({ text: expect.any(String), x_groq: { id: response.headers.get('x-request-id') } });
    expect(response.headers.get('x-ratelimit-remaining-audio-seconds')).toBe('7198');
    expect(response.headers.get('x-ratelimit-reset-audio-seconds')).toBe('1s');
    expect(response.headers.get('x-ratelimit-reset-requests')).toBe('43.2s');
    expect(response.headers.get('x-ratelimit-limit-tokens')).toBeNull();
    const long = await toFile(Buffer.alloc(16_000 * 800), 'long.mp3');
    for (let index = 0; index < 8; index += 1) await client.audio.transcriptions.create({ model, file: long });
    const error = await failure(client.audio.transcriptions.create({ model, file: long }));
    expect(error.message).toContain('seconds of audio per hour (ASH): Limit 7200, Used 6402, Requested 800');
  });

  it('lists models, and serves the OpenAI SDK', async () => {
    const server = await simulator({ provider: 'groq' });
    expect((await groq(server).models.list()).data.map((model) => model.id)).toContain('openai/gpt-oss-20b');
    expect(await groq(server).models.retrieve('openai/gpt-oss-20b')).toMatchObject({ id: 'openai/gpt-oss-20b' });
    const client = new OpenAI({ baseURL: `${server.url}/openai/v1`, apiKey: 'key', maxRetries: 0 });
    expect((await client.chat.completions.create(ASK)).object).toBe('chat.completion');
    const keyless = new Groq({ baseURL: server.url, apiKey: '', maxRetries: 0 });
    expect(await failure(keyless.chat.completions.create(ASK))).toMatchObject({ status: 401 });
  });
});
