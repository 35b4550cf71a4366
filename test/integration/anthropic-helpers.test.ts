import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { describe, expect, it } from 'vitest';
import { z } from 'zod/v4';
import type { Simulator } from '../../src/testing.ts';
import { connect, failureOf, healing, MODELS, WAYS } from './connect.ts';

const MESSAGE = {
  model: MODELS.anthropic,
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Which label?' }],
};
/** The first two requests fail. */
const ROUGH = { faults: { script: ['server_error', 'overloaded'] as const, retryAfterSeconds: 0 } };

describe.each(WAYS)('anthropic, $way', (way) => {
  it('messages.create, whole and streamed', async () => {
    const { client, server, drained } = await connect('anthropic', way, { ...ROUGH, reply: () => 'one two' });
    const message = await client.messages.create(MESSAGE);
    expect(message.content).toMatchObject([{ type: 'text', text: 'one two' }]);
    let text = '';
    for await (const event of await client.messages.create({ ...MESSAGE, stream: true })) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    }
    expect(text).toBe('one two');
    expect(server.stats()).toMatchObject({ requests: 4, completed: 2 });
    await drained();
  });

  it('messages.stream: events and finalMessage()', async () => {
    const { client, drained } = await connect('anthropic', way, { ...ROUGH, reply: () => 'one two' });
    const stream = client.messages.stream(MESSAGE);
    const seen: string[] = [];
    let text = '';
    stream.on('text', (delta) => (text += delta));
    for (const name of ['connect', 'message', 'finalMessage', 'end'] as const) stream.on(name, () => seen.push(name));
    const message = await stream.finalMessage();
    await stream.done();
    expect(message).toMatchObject({
      stop_reason: 'end_turn',
      content: [{ text: 'one two' }],
      usage: { output_tokens: 2 },
    });
    expect(text).toBe('one two');
    expect(stream.request_id).toMatch(/^req_/);
    expect(seen).toEqual(['connect', 'message', 'finalMessage', 'end']);
    await drained();
  });

  it('messages.stream: abort()', async () => {
    const { client, server, drained } = await connect('anthropic', way, {
      replyTokens: 500,
      latency: { perTokenMs: 2 },
    });
    const stream = client.messages.stream({ ...MESSAGE, max_tokens: 1_000 });
    stream.on('text', () => stream.abort());
    expect((await failureOf(stream.finalMessage())).constructor.name).toBe('APIUserAbortError');
    expect(stream.aborted).toBe(true);
    await expect.poll(() => server.stats()).toMatchObject({ aborted: 1, inFlight: 0, requests: 1 });
    await drained();
  });

  it('messages.parse', async () => {
    const { client } = await connect('anthropic', way, { ...ROUGH, reply: 'label' });
    const Verdict = z.object({ label: z.enum(['ham', 'spam']) });
    const parsed = await client.messages.parse({ ...MESSAGE, output_config: { format: zodOutputFormat(Verdict) } });
    expect(parsed.parsed_output).toEqual({ label: 'ham' });
  });

  it('beta.messages.toolRunner, whole and streamed', async () => {
    const { client, server, drained } = await connect('anthropic', way, {
      ...ROUGH,
      toolCalls: true,
      reply: () => 'Paris',
    });
    const asked: string[] = [];
    const tool = betaZodTool({
      name: 'weather',
      description: 'tells the weather',
      inputSchema: z.object({ city: z.string() }),
      run: ({ city }) => {
        asked.push(city);
        return 'sunny';
      },
    });
    const runner = client.beta.messages.toolRunner({ ...MESSAGE, tools: [tool] });
    expect((await runner).content).toMatchObject([{ type: 'text', text: 'Paris' }]);
    const texts: string[] = [];
    for await (const stream of client.beta.messages.toolRunner({ ...MESSAGE, tools: [tool], stream: true })) {
      const message = await stream.finalMessage();
      texts.push(message.stop_reason ?? '');
    }
    expect(texts).toEqual(['tool_use', 'end_turn']);
    expect(asked).toEqual(['Paris', 'Paris']);
    expect(server.stats()).toMatchObject({ requests: 6, completed: 4 });
    await drained();
  });

  it('messages.countTokens, in a lane of its own', async () => {
    const { client, server, guard } = await connect('anthropic', way, ROUGH);
    const { max_tokens: _, ...question } = MESSAGE;
    expect((await client.messages.countTokens(question)).input_tokens).toBeGreaterThan(0);
    expect(server.stats().requests).toBe(3);
    if (way.dropIn) return;
    expect(guard.snapshot().map(({ group }) => group)).toEqual([`${MODELS.anthropic}/count_tokens`]);
  });

  it('messages.batches: create, list in pages, results', async () => {
    const target: { server?: Simulator } = {};
    const { client, server } = await connect('anthropic', way, {}, { fetch: healing(() => target.server!) });
    target.server = server;
    const requests = ['a', 'b'].map((custom_id) => ({ custom_id, params: MESSAGE }));
    const batch = await client.messages.batches.create({ requests });
    const second = await client.messages.batches.create({ requests });
    server.update({ faults: { outage: { kind: 'server_error' } } });
    const ids: string[] = [];
    for await (const each of client.messages.batches.list({ limit: 1 })) ids.push(each.id);
    expect(ids).toEqual([second.id, batch.id]);
    const results: string[] = [];
    for await (const each of await client.messages.batches.results(batch.id)) results.push(each.custom_id);
    // Documented as unordered.
    expect(results.toSorted()).toEqual(['a', 'b']);
    expect(server.stats().faults).toEqual({ server_error: 1 });
  });
});
