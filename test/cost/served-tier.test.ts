import { expect, it } from 'vitest';
import { createGuard } from '../../src/index.ts';
import { type Answer, scriptedServer } from '../helpers/scripted-server.ts';

const PRICES = { 'claude*': { input: 4, output: 0, tiers: { priority: { input: 7, output: 0 } } } };

function answerOf(stream: boolean, tier: string): Answer {
  const usage = { input_tokens: 1_000_000, output_tokens: 0, service_tier: tier };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-6', content: [], usage };
  return (response) => {
    response.setHeader('content-type', stream ? 'text/event-stream' : 'application/json');
    if (!stream) return void response.end(JSON.stringify({ ...message, stop_reason: 'end_turn' }));
    const events = [
      { type: 'message_start', message: { ...message, stop_reason: null } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 0 } },
      { type: 'message_stop' },
    ];
    response.end(events.map((each) => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`).join(''));
  };
}

it.each([
  ['standard', 4],
  ['batch', 2],
  ['priority', 7],
  ['of another day', null],
])("costs what Anthropic's tier %s costs if that answered, streamed or not", async (tier, costUsd) => {
  const guard = createGuard({ prices: PRICES });
  const seen: unknown[] = [];
  guard.on('call.end', (event) => void seen.push(event.costUsd));
  for (const stream of [false, true]) {
    const { url } = await scriptedServer(answerOf(stream, tier));
    const body = JSON.stringify({ model: 'claude-sonnet-4-6', max_tokens: 1, stream, messages: [] });
    const headers = { 'content-type': 'application/json', 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };
    await (await guard.fetch(`${url}/v1/messages`, { method: 'POST', headers, body })).text();
  }
  expect(seen).toEqual([costUsd, costUsd]);
  await guard.close();
});
