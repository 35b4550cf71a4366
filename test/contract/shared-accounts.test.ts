import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { settle, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';

const CHAT = {
  id: 'c',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 },
};
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 7, output_tokens: 3 },
};

const messages = [{ role: 'user' as const, content: 'Hello' }];
const answer = (url: string): object => (url.includes('/messages') ? MESSAGE : CHAT);
const fetched: typeof fetch = (input) => Promise.resolve(Response.json(answer(String(input))));

const chatAt = (baseURL: string, apiKey: string, more: object = {}): OpenAI =>
  new OpenAI({ baseURL, apiKey, fetch: fetched, ...more });
const ask = (client: OpenAI): Promise<unknown> => client.chat.completions.create({ model: 'm', messages });

type Guarded = ReturnType<typeof testGuard>;
const lanesOf = (guard: Guarded): string[] => guard.snapshot().map(({ lane }) => lane);
const usagesOf = (guard: Guarded): unknown[] =>
  eventsOf(guard.events, 'call.end').map(({ usage }) => [usage?.inputTokens, usage?.outputTokens]);

const post = (guard: Guarded, url: string, headers: Record<string, string> = {}): Promise<Response> =>
  guard.fetch(url, { method: 'POST', headers, body: JSON.stringify({ model: 'm', max_tokens: 9, messages }) });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('one account is one lane, however it is called', () => {
  it('clients of both APIs at Anthropic’s host, each answer read by its own API', async () => {
    const guard = testGuard();
    await ask(guard.wrap(chatAt('https://api.anthropic.com/v1/', 'sk-ant')));
    await guard
      .wrap(new Anthropic({ apiKey: 'sk-ant', fetch: fetched }))
      .messages.create({ model: 'm', max_tokens: 9, messages });
    await ask(guard.wrap(chatAt('https://api.anthropic.com/v1', 'sk-ant')));
    await settle();
    expect(lanesOf(guard)).toEqual(['anthropic/m']);
    expect(guard.snapshot()[0]!.counts).toMatchObject({ calls: 3, succeeded: 3 });
    expect(usagesOf(guard)).toEqual([
      [11, 2],
      [7, 3],
      [11, 2],
    ]);
  });

  it.each([
    ['api.openai.com', 'https://api.openai.com/v1', '/v1/chat/completions', 'openai/m'],
    ['api.groq.com', 'https://api.groq.com/openai/v1', '/openai/v1/chat/completions', 'groq/m'],
    ['openrouter.ai', 'https://openrouter.ai/api/v1', '/api/v1/chat/completions', 'openrouter/m'],
  ])('a client and guarded fetch at %s', async (host, baseURL, path, lane) => {
    vi.stubGlobal('fetch', fetched);
    const guard = testGuard();
    await ask(guard.wrap(chatAt(baseURL, 'sk-1')));
    await (await post(guard, `https://${host}${path}`, { authorization: 'Bearer sk-1' })).json();
    await settle();
    expect(lanesOf(guard)).toEqual([lane]);
    expect(guard.snapshot()[0]!.counts).toMatchObject({ calls: 2, succeeded: 2 });
  });

  it('Anthropic’s client and guarded fetch', async () => {
    vi.stubGlobal('fetch', fetched);
    const guard = testGuard();
    const client = guard.wrap(new Anthropic({ apiKey: 'sk-1', fetch: fetched }));
    await client.messages.create({ model: 'm', max_tokens: 9, messages });
    await (await post(guard, 'https://api.anthropic.com/v1/messages', { 'x-api-key': 'sk-1' })).json();
    await settle();
    expect(lanesOf(guard)).toEqual(['anthropic/m']);
  });

  it('both APIs of one host through guarded fetch, each answer read by its own', async () => {
    vi.stubGlobal('fetch', fetched);
    const guard = testGuard();
    const headers = { authorization: 'Bearer sk-1' };
    for (const path of ['chat/completions', 'messages', 'chat/completions']) {
      await (await post(guard, `https://openrouter.ai/api/v1/${path}`, headers)).json();
    }
    await settle();
    expect(lanesOf(guard)).toEqual(['openrouter/m']);
    expect(usagesOf(guard)).toEqual([
      [11, 2],
      [7, 3],
      [11, 2],
    ]);
  });
});

describe('another account is another lane', () => {
  it.each([
    ['another key', chatAt('https://api.openai.com/v1', 'sk-2')],
    ['another organization', chatAt('https://api.openai.com/v1', 'sk-1', { organization: 'org-2' })],
    ['another project', chatAt('https://api.openai.com/v1', 'sk-1', { project: 'proj-2' })],
    ['a gateway', chatAt('https://gateway.test/team-a', 'sk-1')],
  ])('%s', async (_name, client) => {
    const guard = testGuard();
    await ask(guard.wrap(chatAt('https://api.openai.com/v1', 'sk-1')));
    await ask(guard.wrap(client));
    expect(guard.snapshot()).toHaveLength(2);
  });

  it('paths of a gateway', async () => {
    const guard = testGuard();
    for (const team of ['a', 'b']) await ask(guard.wrap(chatAt(`https://gateway.test/${team}`, 'sk-1')));
    expect(guard.snapshot()).toHaveLength(2);
  });

  it('guarded fetch at a gateway, which has no base URL', async () => {
    vi.stubGlobal('fetch', fetched);
    const guard = testGuard();
    await ask(guard.wrap(chatAt('https://gateway.test/v1', 'sk-1')));
    await (await post(guard, 'https://gateway.test/v1/chat/completions', { authorization: 'Bearer sk-1' })).json();
    await settle();
    expect(guard.snapshot()).toHaveLength(2);
  });

  it('an organization that guarded fetch names in its header', async () => {
    vi.stubGlobal('fetch', fetched);
    const guard = testGuard();
    const url = 'https://api.openai.com/v1/chat/completions';
    await post(guard, url, { authorization: 'Bearer sk-1' });
    await post(guard, url, { authorization: 'Bearer sk-1', 'openai-organization': 'org-2' });
    await ask(guard.wrap(chatAt('https://api.openai.com/v1', 'sk-1', { organization: 'org-2' })));
    expect(guard.snapshot().map(({ counts }) => counts.calls)).toEqual([1, 2]);
  });
});

it.each([
  ['/v1/messages', {}, 'anthropic/m'],
  ['/proxy/anthropic/v1/messages?beta=true', {}, 'anthropic/m'],
  ['/v1/other', { 'anthropic-version': '2023-06-01' }, 'anthropic/m'],
  ['/v1/chat/completions', {}, 'openai/m'],
] as const)('guarded fetch takes %s of a server that nobody knows for what it is', async (path, headers, lane) => {
  vi.stubGlobal('fetch', fetched);
  const guard = testGuard();
  await (await post(guard, `https://unknown.test${path}`, { 'x-api-key': 'k', ...headers })).json();
  await settle();
  const [ended] = eventsOf(guard.events, 'call.end');
  expect(ended!.call.provider).toBe(lane.split('/')[0]);
  if (path.includes('other')) return;
  expect(lanesOf(guard)).toEqual([lane]);
  expect(ended!.usage?.inputTokens).toBe(lane === 'openai/m' ? 11 : 7);
});
