import Anthropic from '@anthropic-ai/sdk';
import Anthropic0 from 'anthropic-0';
import Groq from 'groq-sdk';
import Groq11 from 'groq-1.1';
import OpenAI from 'openai';
import OpenAI5 from 'openai-5';
import OpenAI6 from 'openai-6';

/** What a test needs to drive all supported SDKs alike. */
export interface SdkCase {
  readonly name: string;
  readonly family: 'openai' | 'anthropic' | 'groq';
  readonly Client: new (options: Record<string, unknown>) => AnyClient;
  readonly completion: object;
  readonly chunks: readonly string[];
  readonly errorBody: object;
  readonly path: string;
  readonly requestIdHeader: string;
  create(client: AnyClient, options?: Record<string, unknown>, body?: object): AnyPromise;
  stream(client: AnyClient, options?: Record<string, unknown>, body?: object): AnyPromise;
  text(result: unknown): string;
  chunkText(chunk: unknown): string;
}

// The SDKs' types differ by version; the contract is the same.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyClient = any;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyPromise = any;

const chatBody = { model: 'test-model', messages: [{ role: 'user', content: 'hello' }] };
const chatCompletion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'test-model',
  choices: [{ index: 0, message: { role: 'assistant', content: 'answer' }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
};
const chatChunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'test-model', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const chatChunks = [
  chatChunk({ role: 'assistant', content: '' }),
  chatChunk({ content: 'an' }),
  chatChunk({ content: 'swer' }),
  chatChunk({}, 'stop'),
  'data: [DONE]\n\n',
];
const messageBody = { model: 'test-model', max_tokens: 64, messages: [{ role: 'user', content: 'hello' }] };
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'test-model',
  content: [{ type: 'text', text: 'answer' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 7 },
};
const event = (name: string, data: object): string =>
  `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
const messageChunks = [
  event('message_start', {
    message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 5, output_tokens: 1 } },
  }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  event('ping', {}),
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'an' } }),
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'swer' } }),
  event('content_block_stop', { index: 0 }),
  event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 7 } }),
  event('message_stop', {}),
];

function chatSdk(name: string, family: 'openai' | 'groq', Client: unknown, path: string): SdkCase {
  return {
    name,
    family,
    Client: Client as SdkCase['Client'],
    path,
    completion: chatCompletion,
    chunks: chatChunks,
    requestIdHeader: 'x-request-id',
    errorBody: { error: { message: 'Server error.', type: 'server_error', param: null, code: null } },
    create: (client, options, body) => client.chat.completions.create({ ...chatBody, ...body }, options),
    stream: (client, options, body) => client.chat.completions.create({ ...chatBody, ...body, stream: true }, options),
    text: (result) => (result as typeof chatCompletion).choices[0]!.message.content,
    chunkText: (chunk) =>
      (chunk as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta?.content ?? '',
  };
}

function messagesSdk(name: string, Client: unknown): SdkCase {
  return {
    name,
    family: 'anthropic',
    Client: Client as SdkCase['Client'],
    path: '/v1/messages',
    completion: message,
    chunks: messageChunks,
    requestIdHeader: 'request-id',
    errorBody: { type: 'error', error: { type: 'api_error', message: 'Internal server error' } },
    create: (client, options, body) => client.messages.create({ ...messageBody, ...body }, options),
    stream: (client, options, body) => client.messages.create({ ...messageBody, ...body, stream: true }, options),
    text: (result) => (result as typeof message).content[0]!.text,
    chunkText: (chunk) => (chunk as { delta?: { text?: string } }).delta?.text ?? '',
  };
}

/** Oldest and newest supported versions, and one between. */
export const SDKS: readonly SdkCase[] = [
  chatSdk('openai 7.59', 'openai', OpenAI, '/chat/completions'),
  chatSdk('openai 6.49', 'openai', OpenAI6, '/chat/completions'),
  chatSdk('openai 5.0', 'openai', OpenAI5, '/chat/completions'),
  messagesSdk('anthropic 1.14', Anthropic),
  messagesSdk('anthropic 0.50', Anthropic0),
  chatSdk('groq 1.6', 'groq', Groq, '/openai/v1/chat/completions'),
  chatSdk('groq 1.1', 'groq', Groq11, '/openai/v1/chat/completions'),
];
