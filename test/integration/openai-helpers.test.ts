import { toFile } from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Simulator } from '../../src/testing.ts';
import { connect, failureOf, healing, MODELS, WAYS } from './connect.ts';

const messages = [{ role: 'user' as const, content: 'Which label?' }];
const CHAT = { model: MODELS.openai, messages };
const Verdict = z.object({ label: z.enum(['ham', 'spam']), score: z.number() });

/** Whatever a helper does, its first two requests fail. */
const ROUGH = { faults: { script: ['server_error', 'overloaded'] as const } };
const ONE_FAILURE = { faults: { script: ['server_error'] as const } };

const weather = {
  name: 'weather',
  description: 'tells the weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  parse: (text: string) => JSON.parse(text) as { city: string },
  function: ({ city }: { city: string }) => `sun in ${city}`,
};

describe.each(WAYS)('openai, $way', (way) => {
  it('chat.completions.parse', async () => {
    const { client, server, drained } = await connect('openai', way, { ...ROUGH, reply: 'label' });
    const completion = await client.chat.completions.parse({
      ...CHAT,
      response_format: zodResponseFormat(Verdict, 'verdict'),
    });
    expect(completion.choices[0]!.message.parsed).toEqual({ label: 'ham', score: 1 });
    expect(server.stats()).toMatchObject({ requests: 3, completed: 1 });
    await drained();
  });

  it('chat.completions.stream: events and final result', async () => {
    const { client, drained } = await connect('openai', way, { ...ROUGH, reply: () => 'one two three' });
    const stream = client.chat.completions.stream({ ...CHAT, stream_options: { include_usage: true } });
    const seen: string[] = [];
    let deltas = '';
    stream.on('content.delta', ({ delta }) => (deltas += delta));
    for (const name of ['connect', 'content.done', 'end'] as const) stream.on(name, () => seen.push(name));
    expect(await stream.finalContent()).toBe('one two three');
    expect(deltas).toBe('one two three');
    expect((await stream.totalUsage()).completion_tokens).toBe(3);
    expect((await stream.finalChatCompletion()).choices[0]!.finish_reason).toBe('stop');
    expect(seen).toEqual(['connect', 'content.done', 'end']);
    await drained();
  });

  it('chat.completions.stream: abort()', async () => {
    const { client, server, drained } = await connect('openai', way, {
      replyTokens: 500,
      latency: { perTokenMs: 2 },
    });
    const stream = client.chat.completions.stream(CHAT);
    let aborted: Error | undefined;
    stream.on('abort', (error) => (aborted = error));
    stream.on('content', () => stream.abort());
    const error = await failureOf(stream.finalContent());
    expect(error.name === 'Error' && error.constructor.name).toBe('APIUserAbortError');
    expect(aborted?.constructor.name).toBe('APIUserAbortError');
    await expect.poll(() => server.stats()).toMatchObject({ aborted: 1, inFlight: 0, requests: 1 });
    await drained();
  });

  it('chat.completions.runTools, whole and streamed', async () => {
    const { client, drained } = await connect('openai', way, { ...ROUGH, toolCalls: true, reply: () => 'Paris' });
    const tools = [{ type: 'function' as const, function: weather }];
    const runner = client.chat.completions.runTools({ ...CHAT, tools });
    const results: string[] = [];
    runner.on('functionToolCallResult', (result) => results.push(result));
    expect(await runner.finalContent()).toBe('Paris');
    const streamed = client.chat.completions.runTools({ ...CHAT, tools, stream: true });
    streamed.on('functionToolCallResult', (result) => results.push(result));
    expect(await streamed.finalContent()).toBe('Paris');
    expect(results).toEqual(['sun in Paris', 'sun in Paris']);
    await drained();
  });

  it('responses.create, streamed and not, responses.stream and responses.parse', async () => {
    const { client, server } = await connect('openai', way, { ...ONE_FAILURE, reply: () => 'spam' });
    const request = { model: MODELS.openai, input: 'Which label?' };
    expect((await client.responses.create(request)).output_text).toBe('spam');
    server.update({ faults: ONE_FAILURE.faults });
    let text = '';
    for await (const event of await client.responses.create({ ...request, stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(text).toBe('spam');
    server.update({ faults: ONE_FAILURE.faults });
    const stream = client.responses.stream(request);
    const types: string[] = [];
    stream.on('event', ({ type }) => types.push(type));
    expect((await stream.finalResponse()).output_text).toBe('spam');
    expect(types.at(-1)).toBe('response.completed');
    server.update({ faults: ONE_FAILURE.faults });
    const parsed = await client.responses.parse({ ...request, text: { format: zodTextFormat(Verdict, 'verdict') } });
    expect(parsed.output_parsed).toEqual({ label: 'spam', score: 1 });
    expect(server.stats()).toMatchObject({ requests: 8, completed: 4, inFlight: 0 });
  });

  it('files.create sends its form again after a failure', async () => {
    const target: { server?: Simulator } = {};
    const { client, server } = await connect(
      'openai',
      way,
      { faults: { outage: { kind: 'server_error' } } },
      { fetch: healing(() => target.server!) },
    );
    target.server = server;
    const file = await client.files.create({
      file: await toFile(Buffer.from('12345'), 'five.jsonl'),
      purpose: 'batch',
    });
    expect(file).toMatchObject({ filename: 'five.jsonl', bytes: 5 });
    expect(server.stats()).toMatchObject({ requests: 2, faults: { server_error: 1 }, maxRetryCount: 1 });
  });

  it('pages of files and models', async () => {
    const target: { server?: Simulator } = {};
    const { client, server } = await connect('openai', way, {}, { fetch: healing(() => target.server!) });
    target.server = server;
    for (const name of ['a', 'b']) {
      await client.files.create({ file: await toFile(Buffer.from(name), name), purpose: 'batch' });
    }
    const names: string[] = [];
    for await (const file of client.files.list({ limit: 1 })) {
      names.push(file.filename);
      // The second page fails once.
      if (names.length === 1) server.update({ faults: { outage: { kind: 'server_error' } } });
    }
    expect(names).toEqual(['b', 'a']);
    expect(server.stats()).toMatchObject({ requests: 5, faults: { server_error: 1 } });
    expect((await client.models.list()).data.length).toBeGreaterThan(3);
  });

  it('embeddings, moderations, images and legacy completions', async () => {
    const { client, server } = await connect('openai', way, ROUGH);
    const embeddings = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] });
    expect(embeddings.data.map(({ embedding }) => embedding.length)).toEqual([1_536, 1_536]);
    expect((await client.moderations.create({ input: 'hello' })).results).toHaveLength(1);
    expect((await client.images.generate({ prompt: 'a cat' })).data).toHaveLength(1);
    const completion = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Say' });
    expect(completion.choices[0]!.text).not.toBe('');
    expect(server.stats()).toMatchObject({ requests: 6, completed: 4 });
  });

  it('audio: a binary response and a form', async () => {
    const { client, server } = await connect('openai', way, ROUGH);
    const speech = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'three little words' });
    expect(speech).toBeInstanceOf(Response);
    const wav = Buffer.from(await speech.arrayBuffer());
    expect(wav.toString('latin1', 0, 4)).toBe('RIFF');
    server.update({ faults: ROUGH.faults });
    const chunks: Uint8Array[] = [];
    const streamed = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'three little words' });
    for await (const chunk of streamed.body!) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(wav)).toBe(true);
    server.update({ faults: ROUGH.faults });
    const file = await toFile(wav, 'words.wav');
    expect((await client.audio.transcriptions.create({ model: 'whisper-1', file })).text).not.toBe('');
    expect(server.stats()).toMatchObject({ requests: 9, completed: 3, inFlight: 0 });
  });
});

describe.each(WAYS)('azure, $way', (way) => {
  it('chat, parse and stream by deployment', async () => {
    const rough = { faults: { script: ['server_error', 'high_demand'] as const, retryAfterSeconds: 0 } };
    const { client, server, drained } = await connect('azure', way, { ...rough, reply: 'label' });
    const azure = { ...CHAT, model: MODELS.azure };
    const completion = await client.chat.completions.parse({
      ...azure,
      response_format: zodResponseFormat(Verdict, 'v'),
    });
    expect(completion.choices[0]!.message.parsed?.label).toBe('ham');
    expect(completion.model).toBe(MODELS.azure);
    expect(await client.chat.completions.stream(azure).finalContent()).toBe('ham');
    expect(server.stats()).toMatchObject({ requests: 4, completed: 2 });
    await drained();
  });
});
