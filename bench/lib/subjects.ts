import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { type Answer, memoryFetch } from './memory-fetch.ts';

/** An SDK as a benchmark drives it: a client over a given fetch, and calls that read their answer to the end. */
export interface Subject {
  readonly name: string;
  /** `account` is the API key: clients with different ones share no lane. */
  client(account: string): object;
  call(client: object): Promise<unknown>;
  /** Reads the whole stream; resolves to the number of its events. */
  stream(client: object): Promise<number>;
  /** Requests a stream and abandons it. */
  unread(client: object): Promise<void>;
}

const QUESTION =
  'Summarise the attached quarterly report for the board in three short paragraphs. Name the two largest changes ' +
  'against the previous quarter, say what caused them, and end with the one decision that the board has to make. ';
const ANSWER =
  'Revenue grew by four percent against the previous quarter, mostly because two large contracts began. '.repeat(8);
/** Words of the answer, a few per chunk, as the providers send them. */
const PIECES = ANSWER.match(/(?:\S+\s+){4}/g) ?? [];

const messages = [{ role: 'user' as const, content: QUESTION.repeat(3) }];

// Limits that no benchmark reaches, in the headers of every answer.
const X_RATE_LIMIT = {
  'x-request-id': 'req_0123456789abcdef0123456789abcdef',
  'x-ratelimit-limit-requests': '1000000000',
  'x-ratelimit-remaining-requests': '999999999',
  'x-ratelimit-reset-requests': '6ms',
  'x-ratelimit-limit-tokens': '1000000000000',
  'x-ratelimit-remaining-tokens': '999999999000',
  'x-ratelimit-reset-tokens': '6ms',
};
const ANTHROPIC_RATE_LIMIT = {
  'request-id': 'req_011CSHoEeqs5C35K2UUqR7Fy',
  ...Object.fromEntries(
    ['requests', 'input-tokens', 'output-tokens'].flatMap((name) => [
      [`anthropic-ratelimit-${name}-limit`, '1000000000000'],
      [`anthropic-ratelimit-${name}-remaining`, '999999999000'],
      [`anthropic-ratelimit-${name}-reset`, '2026-01-01T00:00:00Z'],
    ]),
  ),
};

const usage = { prompt_tokens: 180, completion_tokens: 160, total_tokens: 340 };
const completion = {
  id: 'chatcmpl-0123456789abcdef',
  object: 'chat.completion',
  created: 1_767_225_600,
  model: 'bench-model',
  choices: [{ index: 0, message: { role: 'assistant', content: ANSWER }, logprobs: null, finish_reason: 'stop' }],
  usage,
};

function chatChunks(): string[] {
  const chunk = (choices: object[], more: object = {}): string =>
    `data: ${JSON.stringify({ id: completion.id, object: 'chat.completion.chunk', created: completion.created, model: completion.model, choices, ...more })}\n\n`;
  const delta = (content: object, finish: string | null = null): object[] => [
    { index: 0, delta: content, logprobs: null, finish_reason: finish },
  ];
  return [
    chunk(delta({ role: 'assistant', content: '' })),
    ...PIECES.map((piece) => chunk(delta({ content: piece }))),
    chunk(delta({}, 'stop')),
    chunk([], { usage }),
    'data: [DONE]\n\n',
  ];
}

const message = {
  id: 'msg_0123456789abcdef',
  type: 'message',
  role: 'assistant',
  model: 'bench-model',
  content: [{ type: 'text', text: ANSWER }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 180, output_tokens: 160, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
};

function messageChunks(): string[] {
  const event = (type: string, data: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  return [
    event('message_start', { message: { ...message, content: [], stop_reason: null } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...PIECES.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 160 } }),
    event('message_stop', {}),
  ];
}

/** What the APIs of the subjects answer. */
export const ANSWERS = {
  chat: { body: completion, chunks: chatChunks(), headers: X_RATE_LIMIT },
  message: { body: message, chunks: messageChunks(), headers: ANTHROPIC_RATE_LIMIT },
} satisfies Record<string, Answer>;

export type FetchOf = (name: keyof typeof ANSWERS) => typeof fetch;

export const inMemory: FetchOf = (name) => memoryFetch(ANSWERS[name]);

async function drain(stream: AsyncIterable<unknown>): Promise<number> {
  let events = 0;
  for await (const _ of stream) events++;
  return events;
}

const chat = { model: 'bench-model', messages, temperature: 0.2, max_completion_tokens: 512 };
const prompt = { model: 'bench-model', messages, temperature: 0.2, max_tokens: 512 };

/** Any version and build of openai. */
export function openaiSubject(name: string, Client: OpenAIClass, fetchOf: FetchOf): Subject {
  return {
    name,
    client: (account) => new Client({ apiKey: account, fetch: fetchOf('chat') }),
    call: (client) => (client as OpenAI).chat.completions.create(chat),
    stream: async (client) => drain(await (client as OpenAI).chat.completions.create({ ...chat, stream: true })),
    unread: async (client) => void (await (client as OpenAI).chat.completions.create({ ...chat, stream: true })),
  };
}

export type OpenAIClass = new (options: { apiKey: string; fetch: typeof fetch }) => object;

const anthropic = (fetchOf: FetchOf): Subject => ({
  name: 'anthropic',
  client: (account) => new Anthropic({ apiKey: account, fetch: fetchOf('message') }),
  call: (client) => (client as Anthropic).messages.create(prompt),
  stream: async (client) => drain(await (client as Anthropic).messages.create({ ...prompt, stream: true })),
  unread: async (client) => void (await (client as Anthropic).messages.create({ ...prompt, stream: true })),
});

const groq = (fetchOf: FetchOf): Subject => ({
  name: 'groq',
  client: (account) => new Groq({ apiKey: account, fetch: fetchOf('chat') }),
  call: (client) => (client as Groq).chat.completions.create(chat),
  stream: async (client) => drain(await (client as Groq).chat.completions.create({ ...chat, stream: true })),
  unread: async (client) => void (await (client as Groq).chat.completions.create({ ...chat, stream: true })),
});

export const subjects = (fetchOf: FetchOf): readonly Subject[] => [
  openaiSubject('openai', OpenAI, fetchOf),
  anthropic(fetchOf),
  groq(fetchOf),
];
