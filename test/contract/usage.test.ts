import { expect, it } from 'vitest';
import type OpenAI from 'openai';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const openai = SDKS[0]!;
const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 };

it('does not mistake other calls quoted in an answer for its usage', async () => {
  const guard = testGuard();
  const batch = {
    id: 'batch_1',
    object: 'batch',
    status: 'completed',
    usage: { input_tokens: 9e6, output_tokens: 9e6 },
  };
  const row = JSON.stringify({ id: 'batch_req_1', response: { status_code: 200, body: { usage } }, usage });
  const output = new Response(`${row}\n${row}\n`, { headers: { 'content-type': 'application/jsonl' } });
  const fake = fakeFetch(json(batch), () => output, json(openai.completion));
  const client = guardedClient(openai, guard, fake.fetch) as unknown as OpenAI;
  await client.batches.retrieve('batch_1');
  expect(await (await client.files.content('file_1')).text()).toContain('batch_req_1');
  await openai.create(client as never);
  const ends = eventsOf(guard, 'call.end');
  expect(ends.map((end) => end.usage?.inputTokens)).toEqual([undefined, undefined, 5]);
});

it.each([
  ['an answer', { ...openai.completion, usage }, 12, 1],
  ['an error', { error: { message: 'Overloaded', type: 'server_error' } }, 12, 2],
])('reads %s that its headers call text', async (_what, body, total, attempts) => {
  const guard = testGuard();
  const text = (): Response => new Response(JSON.stringify(body), { headers: { 'content-type': 'text/plain' } });
  const fake = fakeFetch(text, json({ ...openai.completion, usage }));
  const client = guardedClient(openai, guard, fake.fetch);
  await openai.create(client).catch(() => undefined);
  const [end] = eventsOf(guard, 'call.end');
  expect(end).toMatchObject({ attempts, outcome: attempts > 1 ? 'success_after_retry' : 'success' });
  expect(end!.usage!.inputTokens + end!.usage!.outputTokens).toBe(total);
});
