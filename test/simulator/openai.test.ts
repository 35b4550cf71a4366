import OpenAI, { toFile } from 'openai';
import { describe, expect, it } from 'vitest';
import { azure, CHAT, failure, openai, simulator, testClock } from './servers.ts';

const TOOL = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } } },
  },
};

describe('OpenAI: chat completions', () => {
  it("answers with usage and rate-limit headers in OpenAI's form", async () => {
    const server = await simulator({ provider: 'openai', preset: 'gpt-4o-tier1', clock: testClock() });
    const { data, response } = await openai(server)
      .chat.completions.create({ ...CHAT, max_tokens: 15 })
      .withResponse();
    expect(data.choices[0]!.finish_reason).toBe('length');
    expect(data.usage!.completion_tokens).toBe(15);
    expect(data.usage!.total_tokens).toBe(data.usage!.prompt_tokens + 15);
    // Captured from the real one: 15 tokens of 200,000 a minute reset in 4 ms; here 15 of 30,000 in 30 ms.
    expect(Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('x-ratelimit')))).toEqual({
      'x-ratelimit-limit-requests': '500',
      'x-ratelimit-limit-tokens': '30000',
      'x-ratelimit-remaining-requests': '499',
      'x-ratelimit-remaining-tokens': '29985',
      'x-ratelimit-reset-requests': '120ms',
      'x-ratelimit-reset-tokens': '30ms',
    });
    expect(response.headers.get('x-request-id')).toMatch(/^req_\w{24}$/);
    expect(response.headers.get('openai-organization')).toMatch(/^org-\w{24}$/);
  });

  it('shows daily requests for models that have such a limit', async () => {
    const clock = testClock();
    const server = await simulator({ provider: 'openai', preset: 'gpt-4o-mini-tier1', clock });
    const { response } = await openai(server)
      .chat.completions.create({ ...CHAT, max_tokens: 3_019 })
      .withResponse();
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('10000');
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('9999');
    expect(response.headers.get('x-ratelimit-reset-requests')).toBe('8.64s');
    expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('196981');
    expect(response.headers.get('x-ratelimit-reset-tokens')).toBe('905ms');
    const minute = await simulator({
      provider: 'openai',
      preset: 'gpt-4o-mini-tier1',
      clock,
      requestsHeader: 'minute',
    });
    const second = await openai(minute).chat.completions.create(CHAT).withResponse();
    expect(second.response.headers.get('x-ratelimit-limit-requests')).toBe('500');
  });

  it("refuses in OpenAI's words, and admits after the stated time", async () => {
    const clock = testClock();
    const server = await simulator({ provider: 'openai', limits: { requestsPerMinute: 3 }, clock });
    const client = openai(server);
    for (let index = 0; index < 3; index += 1) await client.chat.completions.create(CHAT);
    const error = await failure(client.chat.completions.create(CHAT));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, type: 'requests', code: 'rate_limit_exceeded', param: null });
    expect(error.message).toMatch(
      /^429 Rate limit reached for gpt-4o in organization org-\w{24} on requests per min \(RPM\): Limit 3, Used 3, Requested 1\. Please try again in 20s\. Visit https:\/\/platform\.openai\.com\/account\/rate-limits to learn more\.$/,
    );
    expect(error.headers.get('retry-after')).toBe('20');
    expect(error.headers.get('retry-after-ms')).toBeNull();
    clock.advance(20_000);
    await client.chat.completions.create(CHAT);
    expect(server.stats()).toMatchObject({
      requests: 5,
      admitted: 4,
      rejected: 1,
      rejectedBy: { requestsPerMinute: 1 },
    });
  });

  it('states the waiting time for tokens to the millisecond, and the configured hints', async () => {
    const clock = testClock();
    const server = await simulator({
      provider: 'openai',
      limits: { tokensPerMinute: 30_000 },
      clock,
      retryHeader: 'both',
      replyTokens: 5,
    });
    const client = openai(server);
    await client.chat.completions.create({ ...CHAT, max_tokens: 18_928 });
    const error = await failure(client.chat.completions.create({ ...CHAT, max_tokens: 11_159 }));
    expect(error.message).toContain('(TPM): Limit 30000, Used 18928, Requested 11159. Please try again in 174ms.');
    expect(error).toMatchObject({ type: 'tokens' });
    expect([error.headers.get('retry-after'), error.headers.get('retry-after-ms')]).toEqual(['1', '174']);
    clock.advance(174);
    await client.chat.completions.create({ ...CHAT, max_tokens: 11_159 });
    const large = await failure(client.chat.completions.create({ ...CHAT, max_completion_tokens: 30_601 }));
    expect(large.message).toContain('Request too large for gpt-4o');
    expect(large.message).toContain('Limit 30000, Requested 30601. The input or output tokens must be reduced');
    expect(large.headers.get('retry-after')).toBeNull();
    expect(server.stats()).toMatchObject({ rejected: 2, tooLarge: 1 });
  });

  it('streams, with usage on request', async () => {
    const server = await simulator({ provider: 'openai', replyTokens: 8 });
    const client = openai(server);
    const whole = await client.chat.completions.create(CHAT);
    const stream = await client.chat.completions.create({
      ...CHAT,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: unknown;
    const reasons = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
      if (chunk.usage) usage = chunk.usage;
    }
    expect(text).toBe(whole.choices[0]!.message.content);
    expect(reasons).toEqual(['stop']);
    expect(usage).toEqual(whole.usage);
    const silent = await client.chat.completions.create({ ...CHAT, stream: true });
    for await (const chunk of silent) expect(chunk.usage).toBeUndefined();
    expect(server.stats()).toMatchObject({ completed: 3, outputTokens: 24, inFlight: 0, aborted: 0 });
  });

  it('settles a stream whose client disconnects', async () => {
    const server = await simulator({ provider: 'openai', replyTokens: 500, latency: { perTokenMs: 5 } });
    const stream = await openai(server).chat.completions.create({ ...CHAT, stream: true });
    let seen = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content && ++seen === 3) break;
    await expect.poll(() => server.stats()).toMatchObject({ aborted: 1, completed: 0, inFlight: 0 });
    expect(server.stats().outputTokens).toBeLessThan(500);
  });

  it('calls tools: when told to, when forced, and not after a result', async () => {
    const server = await simulator({ provider: 'openai', toolCalls: true, reply: () => 'Paris' });
    const client = openai(server);
    const first = await client.chat.completions.create({ ...CHAT, tools: [TOOL] });
    const call = first.choices[0]!.message.tool_calls![0]!;
    expect(first.choices[0]!.finish_reason).toBe('tool_calls');
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
    expect(JSON.parse((call as { function: { arguments: string } }).function.arguments)).toEqual({
      city: 'Paris',
      days: 2,
    });
    const runnable = {
      name: 'weather',
      description: 'tells the weather',
      parameters: TOOL.function.parameters,
      parse: (text: string) => JSON.parse(text) as { city: string },
      function: ({ city }: { city: string }) => `sun in ${city}`,
    };
    const runner = client.chat.completions.runTools({ ...CHAT, tools: [{ type: 'function', function: runnable }] });
    const results: unknown[] = [];
    runner.on('functionToolCallResult', (result) => results.push(result));
    expect(await runner.finalContent()).toBe('Paris');
    expect(results).toEqual(['sun in Paris']);
    const quiet = openai(await simulator({ provider: 'openai' }));
    const none = await quiet.chat.completions.create({ ...CHAT, tools: [TOOL] });
    expect(none.choices[0]!.finish_reason).toBe('stop');
    const forced = await quiet.chat.completions.create({
      ...CHAT,
      tools: [TOOL],
      tool_choice: 'required',
      stream: true,
    });
    let text = '';
    for await (const chunk of forced) text += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '';
    expect(JSON.parse(text)).toMatchObject({ days: 2 });
  });

  it('satisfies a schema, and chooses the label from an enum', async () => {
    const server = await simulator({ provider: 'openai', reply: 'label' });
    const schema = {
      type: 'object',
      properties: { label: { type: 'string', enum: ['ham', 'spam'] }, score: { type: 'number' } },
    };
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'verdict', schema } };
    const label = async (content: string) => {
      const messages = [{ role: 'user' as const, content }];
      const answer = await openai(server).chat.completions.create({ model: 'gpt-4o', messages, response_format });
      return JSON.parse(answer.choices[0]!.message.content!) as unknown;
    };
    expect(await label('WINNER! Claim your free cash prize now')).toEqual({ label: 'spam', score: 1 });
    expect(await label('Thanks for the kernel patch, see the meeting notes')).toEqual({ label: 'ham', score: 1 });
  });

  it('returns several choices and counts all of them', async () => {
    const server = await simulator({
      provider: 'openai',
      limits: { tokensPerMinute: 1_000 },
      replyTokens: 50,
      clock: testClock(),
    });
    const { data, response } = await openai(server)
      .chat.completions.create({ ...CHAT, n: 3, max_tokens: 20 })
      .withResponse();
    expect(data.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    expect(data.usage!.completion_tokens).toBe(60);
    expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('940');
  });

  it('serves common prefixes of long prompts from a cache, which does not save tokens', async () => {
    const clock = testClock();
    const server = await simulator({ provider: 'openai', limits: { tokensPerMinute: 100_000 }, clock });
    const messages = [{ role: 'user' as const, content: 'word '.repeat(2_000) }];
    const first = await openai(server).chat.completions.create({ model: 'gpt-4o', messages });
    const { data, response } = await openai(server)
      .chat.completions.create({ model: 'gpt-4o', messages })
      .withResponse();
    expect(first.usage!.prompt_tokens_details!.cached_tokens).toBe(0);
    expect(data.usage!.prompt_tokens_details!.cached_tokens).toBe(1_024);
    expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('95000');
  });

  it('refuses invalid requests', async () => {
    const client = openai(await simulator({ provider: 'openai', apiKeys: ['key'] }));
    expect(await failure(client.chat.completions.create({ ...CHAT, messages: [] }))).toMatchObject({
      status: 400,
      param: 'messages',
    });
    expect(await failure(client.chat.completions.create({ messages: CHAT.messages } as never))).toMatchObject({
      status: 400,
      param: 'model',
    });
    expect(await failure(client.post('/nothing', { body: {} }))).toMatchObject({ status: 404 });
    const stranger = client.withOptions({ apiKey: 'other' });
    expect(await failure(stranger.chat.completions.create(CHAT))).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    });
  });
});

describe('OpenAI: other endpoints', () => {
  it('responses, whole and streamed', async () => {
    const client = openai(await simulator({ provider: 'openai', replyTokens: 8 }));
    const whole = await client.responses.create({ model: 'gpt-4o', input: 'Hello', instructions: 'Be kind' });
    expect(whole.status).toBe('completed');
    expect(whole.output_text.split(' ')).toHaveLength(8);
    expect(whole.usage).toMatchObject({ output_tokens: 8 });
    const types = [];
    let text = '';
    for await (const event of await client.responses.create({ model: 'gpt-4o', input: 'Hello', stream: true })) {
      types.push(event.type);
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(types.slice(0, 4)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
    ]);
    expect(types.at(-1)).toBe('response.completed');
    expect(text).toBe((await client.responses.create({ model: 'gpt-4o', input: 'Hello' })).output_text);
    const cut = await client.responses.create({ model: 'gpt-4o', input: 'Hello', max_output_tokens: 4 });
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  });

  it('responses with tools and a schema', async () => {
    const client = openai(await simulator({ provider: 'openai', toolCalls: true }));
    const { type, function: tool } = TOOL;
    const tools = [{ type, name: tool.name, parameters: tool.parameters, strict: false }];
    const called = await client.responses.create({ model: 'gpt-4o', input: 'Hello', tools });
    expect(called.output[0]).toMatchObject({ type: 'function_call', name: 'weather' });
    const stream = client.responses.stream({ model: 'gpt-4o', input: 'Hello', tools });
    expect((await stream.finalResponse()).output[0]).toMatchObject({ type: 'function_call', name: 'weather' });
    const text = { format: { type: 'json_schema' as const, name: 'x', schema: TOOL.function.parameters } };
    const shaped = await client.responses.create({ model: 'gpt-4o', input: 'Hello', text });
    expect(JSON.parse(shaped.output_text)).toMatchObject({ days: 2 });
  });

  it('completions, embeddings, moderations, images', async () => {
    const client = openai(await simulator({ provider: 'openai' }));
    const completion = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Say' });
    expect(completion).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 16 } });
    let streamed = '';
    const stream = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Say', stream: true });
    for await (const chunk of stream) streamed += chunk.choices[0]?.text ?? '';
    expect(streamed).toBe(completion.choices[0]!.text);

    const input = ['one', 'two'];
    const base64 = await client.embeddings.create({ model: 'text-embedding-3-small', input });
    const floats = await client.embeddings.create({ model: 'text-embedding-3-small', input, encoding_format: 'float' });
    expect(base64.data).toHaveLength(2);
    expect(base64.data[0]!.embedding).toHaveLength(1_536);
    expect(Math.hypot(...floats.data[0]!.embedding)).toBeCloseTo(1, 5);
    expect(base64.data[1]!.embedding[7]).toBeCloseTo(floats.data[1]!.embedding[7]!, 6);
    expect(base64.usage.total_tokens).toBe(2);

    const moderation = await client.moderations.create({ input: ['free casino cash', 'hello'] });
    expect(moderation.results.map((each) => each.flagged)).toEqual([true, false]);
    const image = await client.images.generate({ prompt: 'a cat', n: 2 });
    expect(image.data).toHaveLength(2);
    expect(Buffer.from(image.data![0]!.b64_json!, 'base64').toString('latin1')).toContain('PNG');
  });

  it('limits images by the minute', async () => {
    const server = await simulator({ provider: 'openai', limits: { imagesPerMinute: 3 }, clock: testClock() });
    const client = openai(server);
    await client.images.generate({ prompt: 'a cat', n: 2 });
    const error = await failure(client.images.generate({ prompt: 'a cat', n: 2 }));
    expect(error.message).toContain('(IPM): Limit 3, Used 2, Requested 2. Please try again in 20s.');
  });

  it('speech and transcriptions, by form', async () => {
    const client = openai(await simulator({ provider: 'openai' }));
    const speech = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'three little words' });
    const wav = Buffer.from(await speech.arrayBuffer());
    expect(speech.headers.get('content-type')).toBe('audio/wav');
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    const file = await toFile(wav, 'words.wav');
    const transcription = await client.audio.transcriptions.create({ model: 'whisper-1', file });
    expect(transcription).toMatchObject({ text: expect.any(String), usage: { type: 'duration', seconds: 1 } });
  });

  it('models and files, in pages', async () => {
    const client = openai(await simulator({ provider: 'openai' }));
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    expect(names).toContain('gpt-4o');
    expect(await client.models.retrieve('gpt-4o')).toMatchObject({ id: 'gpt-4o', object: 'model' });
    expect(await failure(client.models.retrieve('gpt-0'))).toMatchObject({ status: 404 });
    for (let index = 0; index < 5; index += 1) {
      const file = await toFile(Buffer.from('x'.repeat(index + 1)), `f${index}.jsonl`);
      await client.files.create({ file, purpose: 'batch' });
    }
    const files = [];
    for await (const file of client.files.list({ limit: 2 })) files.push(`${file.filename} ${file.bytes}`);
    expect(files).toEqual(['f4.jsonl 5', 'f3.jsonl 4', 'f2.jsonl 3', 'f1.jsonl 2', 'f0.jsonl 1']);
  });

  it('accepts base URLs with and without the version', async () => {
    const server = await simulator({ provider: 'openai' });
    for (const baseURL of [server.origin, `${server.origin}/`, `${server.origin}/v1`, `${server.origin}/v1/`]) {
      const client = new OpenAI({ baseURL, apiKey: 'key', maxRetries: 0 });
      expect((await client.chat.completions.create(CHAT)).object).toBe('chat.completion');
    }
  });
});

describe('Azure', () => {
  it('takes the deployment from the path and writes its own headers and refusals', async () => {
    const clock = testClock();
    const server = await simulator({ provider: 'azure', preset: 'quota-30k', clock, replyTokens: 5 });
    const client = azure(server);
    const { data, response } = await client.chat.completions
      .create({ ...CHAT, model: 'my-deployment', max_tokens: 14_997 })
      .withResponse();
    expect(data.model).toBe('my-deployment');
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('180');
    expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('15000');
    expect(response.headers.get('x-ratelimit-reset-tokens')).toBe('30');
    const error = await failure(
      client.chat.completions.create({ ...CHAT, model: 'my-deployment', max_tokens: 20_000 }),
    );
    expect(error).toMatchObject({ status: 429, code: '429' });
    expect(error.type).toBeUndefined();
    expect(error.message).toBe(
      '429 Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded ' +
        'token rate limit of your current OpenAI S0 pricing tier. Please retry after 11 seconds. Please go here: ' +
        'https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.',
    );
    expect([error.headers.get('retry-after'), error.headers.get('retry-after-ms')]).toEqual(['11', '10006']);
    const large = await failure(client.chat.completions.create({ ...CHAT, max_tokens: 30_000 }));
    expect(large.message).toContain('Please retry after 86400 seconds');
    expect(large.headers.get('retry-after')).toBe('86400');
  });

  it('enforces requests in windows of ten seconds', async () => {
    const server = await simulator({ provider: 'azure', limits: { requestsPerMinute: 60 }, clock: testClock() });
    const client = azure(server);
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => client.chat.completions.create(CHAT)));
    expect(results.filter((each) => each.status === 'fulfilled')).toHaveLength(10);
    expect((await failure(client.chat.completions.create(CHAT))).message).toContain('exceeded call rate limit');
  });

  it('begins a stream with a chunk without choices', async () => {
    const server = await simulator({ provider: 'azure', replyTokens: 3 });
    const stream = await azure(server).chat.completions.create({ ...CHAT, stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]).toMatchObject({ choices: [], id: '' });
    expect(
      chunks
        .map((chunk) => chunk.choices[0]?.delta.content ?? '')
        .join('')
        .split(' '),
    ).toHaveLength(3);
    const direct = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'key', maxRetries: 0 });
    expect((await direct.chat.completions.create(CHAT)).model).toBe('gpt-4o');
  });
});
