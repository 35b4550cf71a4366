import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI, { toFile } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/testing.ts';

const started: Simulator[] = [];
afterEach(() => Promise.all(started.splice(0).map((simulator) => simulator.close())));

async function simulate(options: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator({ reply: ({ prompt }) => `re: ${prompt}`, ...options });
  started.push(simulator);
  return simulator;
}

const line = (id: number, body: object = {}): string =>
  JSON.stringify({
    custom_id: `row-${id}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: `mail ${id}` }], ...body },
  });

const jsonl = (text: string): Record<string, any>[] =>
  text
    .split('\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each) as Record<string, any>);

describe('the batch API of OpenAI, through its SDK', () => {
  const client = ({ url }: Simulator): OpenAI => new OpenAI({ baseURL: url, apiKey: 'sk-test', maxRetries: 0 });
  const create = async (openai: OpenAI, lines: string[]) => {
    const file = await openai.files.create({
      file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'),
      purpose: 'batch',
    });
    return openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
  };
  const read = async (openai: OpenAI, id: string | undefined): Promise<Record<string, any>[]> =>
    id === undefined ? [] : jsonl(await (await openai.files.content(id)).text());

  it('answers rows in another order, and lists invalid ones in a separate file', async () => {
    const openai = client(await simulate({ provider: 'openai' }));
    const made = await create(openai, [line(0), line(1, { messages: 'none' }), line(2)]);
    expect(made).toMatchObject({ object: 'batch', status: 'validating' });
    const batch = await openai.batches.retrieve(made.id);
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 3, completed: 2, failed: 1 } });
    const output = await read(openai, batch.output_file_id);
    expect(output.map(({ custom_id }) => custom_id)).toEqual(['row-2', 'row-0']);
    expect(output[1]).toMatchObject({
      error: null,
      response: { status_code: 200, body: { object: 'chat.completion' } },
    });
    expect(output[1]!.response.body.choices[0].message.content).toBe('re: mail 0');
    expect(await read(openai, batch.error_file_id)).toMatchObject([
      { custom_id: 'row-1', error: null, response: { status_code: 400, body: { error: {} } } },
    ]);
  });

  it('takes its time, and can be cancelled', async () => {
    const openai = client(await simulate({ provider: 'openai', batches: { seconds: 60 } }));
    const made = await create(openai, [line(0)]);
    expect((await openai.batches.retrieve(made.id)).status).toBe('in_progress');
    expect((await openai.batches.cancel(made.id)).status).toBe('cancelling');
    const batch = await openai.batches.retrieve(made.id);
    expect(batch.status).toBe('cancelled');
    expect(await read(openai, batch.error_file_id)).toMatchObject([
      { response: null, error: { code: 'batch_cancelled' } },
    ]);
  });

  it('lets rows expire', async () => {
    const openai = client(await simulate({ provider: 'openai', batches: { expired: 0.5 } }));
    const made = await create(
      openai,
      Array.from({ length: 40 }, (_, id) => line(id)),
    );
    const batch = await openai.batches.retrieve(made.id);
    expect(batch.status).toBe('expired');
    const [done, expired] = [await read(openai, batch.output_file_id), await read(openai, batch.error_file_id)];
    expect([done.length + expired.length, done.length > 5, expired.length > 5]).toEqual([40, true, true]);
    expect(expired[0]).toMatchObject({ response: null, error: { code: 'batch_expired' } });
  });

  it.each([
    [[line(0), line(0)], 'duplicate_custom_id'],
    [['{"custom_id"'], 'invalid_json_line'],
    [[line(0).replace('/v1/chat/completions', '/v1/responses')], 'mismatched_url'],
    [[], 'empty_file'],
  ])('fails an invalid file: %j', async (lines, code) => {
    const openai = client(await simulate({ provider: 'openai' }));
    const made = await create(openai, lines);
    expect(await openai.batches.retrieve(made.id)).toMatchObject({ status: 'failed', errors: { data: [{ code }] } });
  });

  it('has a limit on queued tokens, over all batches', async () => {
    const openai = client(await simulate({ provider: 'openai', batches: { seconds: 60, enqueuedTokens: 120 } }));
    // Slightly more than half of what may be queued.
    const rows = Array.from({ length: 10 }, (_, id) => line(id));
    const [first, second] = [await create(openai, rows), await create(openai, rows)];
    expect((await openai.batches.retrieve(first.id)).status).toBe('in_progress');
    const refused = await openai.batches.retrieve(second.id);
    expect(refused).toMatchObject({ status: 'failed', errors: { data: [{ code: 'token_limit_exceeded' }] } });
    await openai.batches.cancel(first.id);
    const third = await create(openai, rows);
    expect((await openai.batches.retrieve(third.id)).status).toBe('in_progress');
  });

  it('returns 404 for an unknown batch', async () => {
    const openai = client(await simulate({ provider: 'openai' }));
    await expect(openai.batches.retrieve('batch_none')).rejects.toMatchObject({ status: 404 });
    await expect(
      openai.batches.create({ input_file_id: 'file-none', endpoint: '/v1/chat/completions', completion_window: '24h' }),
    ).rejects.toMatchObject({ status: 400 });
  });
});

it('the batch API of Groq, through its SDK', async () => {
  const { origin } = await simulate({ provider: 'groq' });
  const groq = new Groq({ baseURL: origin, apiKey: 'gsk-test', maxRetries: 0 });
  const lines = [0, 1].map((id) => line(id, { model: 'llama-3.1-8b-instant' })).join('\n');
  const file = await groq.files.create({ file: await toFile(Buffer.from(lines), 'in.jsonl'), purpose: 'batch' });
  const made = await groq.batches.create({
    input_file_id: file.id!,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  const batch = await groq.batches.retrieve(made.id);
  expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 2, completed: 2, failed: 0 } });
  const output = jsonl(await (await groq.files.content(batch.output_file_id!)).text());
  expect(output.map(({ custom_id }) => custom_id)).toEqual(['row-1', 'row-0']);
});

describe('the message batches of Anthropic, through its SDK', () => {
  const request = (id: string, over: object = {}) => ({
    custom_id: id,
    params: { model: 'claude-haiku-4-5', max_tokens: 20, messages: [{ role: 'user' as const, content: id }], ...over },
  });

  it('take their time, let rows expire and fail, and can be cancelled', async () => {
    const { url } = await simulate({ provider: 'anthropic', batches: { seconds: 60 } });
    const claude = new Anthropic({ baseURL: url, apiKey: 'sk-ant', maxRetries: 0 });
    const made = await claude.messages.batches.create({ requests: [request('a')] });
    expect(made).toMatchObject({ processing_status: 'in_progress', request_counts: { processing: 1 } });
    expect((await claude.messages.batches.retrieve(made.id)).results_url).toBeNull();
    expect((await claude.messages.batches.cancel(made.id)).processing_status).toBe('canceling');
    const ended = await claude.messages.batches.retrieve(made.id);
    expect(ended).toMatchObject({ processing_status: 'ended', request_counts: { processing: 0, canceled: 1 } });
    const results = [];
    for await (const each of await claude.messages.batches.results(made.id)) results.push(each);
    expect(results).toEqual([{ custom_id: 'a', result: { type: 'canceled' } }]);
  });

  it('report what became of each row, in another order', async () => {
    const { url } = await simulate({ provider: 'anthropic', batches: { expired: 0.5 } });
    const claude = new Anthropic({ baseURL: url, apiKey: 'sk-ant', maxRetries: 0 });
    const ids = Array.from({ length: 30 }, (_, index) => `row-${index}`);
    const wrong = request('wrong', { messages: 'none' });
    const made = await claude.messages.batches.create({ requests: [...ids.map((id) => request(id)), wrong] as never });
    const results = [];
    for await (const each of await claude.messages.batches.results(made.id)) results.push(each);
    expect(results.map(({ custom_id }) => custom_id).toReversed()).toEqual([...ids, 'wrong']);
    const types = new Set(results.map(({ result }) => result.type));
    expect([...types].sort()).toEqual(expect.arrayContaining(['expired', 'succeeded']));
    const { request_counts: counts } = await claude.messages.batches.retrieve(made.id);
    expect(counts.succeeded + counts.errored + counts.expired).toBe(31);
  });

  it('refuse invalid ids', async () => {
    const { url } = await simulate({ provider: 'anthropic' });
    const claude = new Anthropic({ baseURL: url, apiKey: 'sk-ant', maxRetries: 0 });
    for (const requests of [[request('a b')], [request('x'.repeat(65))], [request('a'), request('a')], []]) {
      await expect(claude.messages.batches.create({ requests })).rejects.toMatchObject({ status: 400 });
    }
  });
});

it('options are validated', async () => {
  const wrong = { provider: 'openai', batches: { expired: 2 } } as const;
  await expect(startSimulator(wrong)).rejects.toThrow('`batches.expired`');
  await expect(startSimulator({ provider: 'openai', batches: { minutes: 1 } as never })).rejects.toThrow('minutes');
});
