import Anthropic from '@anthropic-ai/sdk';
import Anthropic0 from 'anthropic-0';
import Groq from 'groq-sdk';
import OpenAI, { AzureOpenAI } from 'openai';
import OpenAI5 from 'openai-5';
import OpenAI6 from 'openai-6';
import { describe, expect, it } from 'vitest';
import type { ErrorDetails } from '../../src/errors.ts';
import { attachDetails } from '../../src/errors.ts';
import { classifyError } from '../../src/providers/errors/classify-error.ts';
import { ANTHROPIC, AZURE, GROQ, OPENAI } from './fixtures/errors.ts';
import { ANTHROPIC_429, headersOf } from './fixtures/headers.ts';

type Fetch = (url: unknown, init?: { signal?: AbortSignal | null }) => Promise<Response>;

const json = (status: number, body: unknown, headers = 'content-type: application/json'): Fetch => {
  const all = headersOf(headers);
  all.set('content-type', 'application/json');
  return () => Promise.resolve(new Response(JSON.stringify(body), { status, headers: all }));
};
const sse = (text: string, headers = 'retry-after: 52'): Fetch => {
  const all = headersOf(headers);
  all.set('content-type', 'text/event-stream');
  return () => Promise.resolve(new Response(`${text}\n\n`, { status: 200, headers: all }));
};
const never: Fetch = (_url, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(new DOMException('This operation was aborted', 'AbortError')));
  });
const refused: Fetch = () =>
  Promise.reject(
    new TypeError('fetch failed', {
      cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    }),
  );

interface CallOptions {
  readonly stream?: boolean;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}
type Call = (fetch: Fetch, options?: CallOptions) => Promise<unknown>;

async function drain(result: unknown): Promise<void> {
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
    for await (const _each of result as AsyncIterable<unknown>);
  }
}

const messages = [{ role: 'user' as const, content: 'hi' }];

function chat(Client: typeof OpenAI | typeof OpenAI5 | typeof OpenAI6 | typeof Groq): Call {
  return async (fetch, { stream = false, ...options } = {}) => {
    const client = new (Client as typeof OpenAI)({
      apiKey: 'k',
      baseURL: 'http://localhost/v1',
      maxRetries: 0,
      fetch: fetch as typeof globalThis.fetch,
    });
    await drain(await client.chat.completions.create({ model: 'm', messages, stream }, options));
  };
}

function claude(Client: typeof Anthropic | typeof Anthropic0): Call {
  return async (fetch, { stream = false, ...options } = {}) => {
    const client = new (Client as typeof Anthropic)({
      apiKey: 'k',
      baseURL: 'http://localhost',
      maxRetries: 0,
      fetch: fetch as typeof globalThis.fetch,
    });
    await drain(await client.messages.create({ model: 'm', max_tokens: 5, messages, stream }, options));
  };
}

const azure: Call = async (fetch) => {
  const client = new AzureOpenAI({
    apiKey: 'k',
    endpoint: 'http://localhost',
    apiVersion: '2024-10-21',
    maxRetries: 0,
    fetch: fetch as typeof globalThis.fetch,
  });
  await client.chat.completions.create({ model: 'm', messages });
};

async function failureOf(promise: Promise<unknown>): Promise<ErrorDetails | undefined> {
  try {
    await promise;
  } catch (error) {
    return classifyError(error);
  }
  throw new Error('the call did not fail');
}

const CLIENTS: readonly (readonly [string, Call])[] = [
  ['openai 7', chat(OpenAI)],
  ['openai 6', chat(OpenAI6)],
  ['openai 5', chat(OpenAI5)],
  ['groq', chat(Groq)],
  ['anthropic 1', claude(Anthropic)],
  ['anthropic 0', claude(Anthropic0)],
];

describe.each(CLIENTS)('the error that %s throws', (_name, call) => {
  it('without an answer', async () => {
    expect(await failureOf(call(refused))).toMatchObject({ outcome: 'connection', attempts: 0, waitedMs: 0 });
  });

  it('after a timeout', async () => {
    expect(await failureOf(call(never, { timeout: 5 }))).toMatchObject({ outcome: 'timeout', attempts: 0 });
  });

  it('when the application aborts', async () => {
    expect(await failureOf(call(never, { signal: AbortSignal.abort() }))).toMatchObject({
      outcome: 'cancelled',
      attempts: 0,
    });
  });

  it('for a response without a body', async () => {
    expect(await failureOf(call(() => Promise.resolve(new Response(null, { status: 500 }))))).toMatchObject({
      outcome: 'server_error',
      attempts: 1,
    });
  });

  it('for a response in plain text', async () => {
    expect(
      await failureOf(call(() => Promise.resolve(new Response('upstream overloaded', { status: 500 })))),
    ).toMatchObject({ outcome: 'overloaded', attempts: 1 });
  });

  it('when the body breaks off', async () => {
    const broken: Fetch = () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            pull: (controller) =>
              controller.error(
                new TypeError('terminated', {
                  cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }),
                }),
              ),
          }),
          { headers: { 'content-type': 'text/event-stream' } },
        ),
      );
    expect(await failureOf(call(broken, { stream: true }))).toMatchObject({ outcome: 'connection', attempts: 0 });
  });
});

describe('classifyError', () => {
  it.each([
    ['openai 7', chat(OpenAI)],
    ['openai 6', chat(OpenAI6)],
    ['openai 5', chat(OpenAI5)],
  ])('reads the inner body of %s', async (_name, call) => {
    expect(await failureOf(call(json(429, OPENAI.rpm)))).toEqual({
      outcome: 'throttled',
      dimension: 'requests',
      attempts: 1,
      waitedMs: 0,
      limit: 3,
      remaining: 0,
      resetMs: 60_000,
      advice: expect.stringContaining('Slow down requests') as string,
    });
    expect(await failureOf(call(json(429, OPENAI.quotaLegacy)))).toMatchObject({
      outcome: 'quota_exhausted',
      dimension: 'quota',
    });
    expect(await failureOf(call(json(400, OPENAI.billingHardLimit)))).toMatchObject({ outcome: 'quota_exhausted' });
    expect(
      await failureOf(call(sse('data: {"error":{"message":"x","type":"server_error"}}'), { stream: true })),
    ).toMatchObject({ outcome: 'server_error', attempts: 1 });
  });

  it.each([
    ['anthropic 1', claude(Anthropic)],
    ['anthropic 0', claude(Anthropic0)],
  ])('reads the envelope of %s', async (_name, call) => {
    expect(await failureOf(call(json(429, ANTHROPIC.itpm, ANTHROPIC_429)))).toMatchObject({
      outcome: 'throttled',
      dimension: 'input_tokens',
      limit: 30_000,
      remaining: 0,
      resetMs: 78_000,
    });
    expect(await failureOf(call(json(400, ANTHROPIC.noCredit)))).toMatchObject({ outcome: 'quota_exhausted' });
    expect(await failureOf(call(json(529, ANTHROPIC.overloaded)))).toMatchObject({ outcome: 'overloaded' });
    const stream = `event: error\ndata: ${JSON.stringify(ANTHROPIC.overloaded)}`;
    expect(await failureOf(call(sse(stream), { stream: true }))).toMatchObject({
      outcome: 'overloaded',
      resetMs: undefined,
    });
  });

  it('reads the envelope of groq', async () => {
    const call = chat(Groq);
    expect(await failureOf(call(json(413, GROQ.tooLarge)))).toMatchObject({
      outcome: 'too_large',
      dimension: 'tokens',
      limit: 6_000,
    });
    expect(await failureOf(call(json(429, GROQ.tpd)))).toMatchObject({ outcome: 'throttled', dimension: 'tokens_day' });
    expect(await failureOf(call(sse('event: error\ndata: {"error":"over capacity"}'), { stream: true }))).toMatchObject(
      { outcome: 'overloaded' },
    );
  });

  it('reads Azure, whose client is OpenAI by its class', async () => {
    expect(await failureOf(azure(json(429, AZURE.never, 'apim-request-id: 1')))).toMatchObject({
      outcome: 'quota_exhausted',
      resetMs: 86_400_000,
    });
    // Whole seconds reveal nothing about the window, whereas OpenAI's format would indicate a day.
    const headers =
      'x-ratelimit-limit-requests: 10000\nx-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 86400s\napim-request-id: 1';
    expect(await failureOf(azure(json(429, {}, headers)))).toMatchObject({ dimension: 'requests' });
    expect(await failureOf(chat(OpenAI)(json(429, {}, headers.replace('apim-request-id', 'x'))))).toMatchObject({
      dimension: 'requests_day',
    });
  });

  it('reads Groq behind the OpenAI client by its headers', async () => {
    const headers = 'x-ratelimit-limit-requests: 10\nx-ratelimit-remaining-requests: 0\nx-groq-region: fra';
    expect(await failureOf(chat(OpenAI)(json(429, {}, headers)))).toMatchObject({ dimension: 'requests_day' });
  });

  it('returns the details that a guarded client attached', () => {
    const details: ErrorDetails = {
      outcome: 'throttled',
      dimension: 'tokens',
      attempts: 4,
      waitedMs: 9,
      limit: 1,
      remaining: 0,
      resetMs: 2,
      advice: 'Wait.',
    };
    const error = new Error('x');
    attachDetails(error, details);
    expect(classifyError(error)).toEqual(details);
  });

  it('recognizes errors whose classes a bundler renamed, and headers in a plain object', () => {
    class a extends Error {}
    const error = Object.assign(new a('429 x'), {
      status: 429,
      headers: { 'retry-after': '7', 'bad header': 'x' },
      error: OPENAI.slowDown,
    });
    expect(classifyError(error)).toMatchObject({ outcome: 'throttled', dimension: 'acceleration', resetMs: 7_000 });
  });

  it.each([
    new Error('boom'),
    new TypeError('x is not a function'),
    'text',
    5,
    null,
    undefined,
    {},
    [],
    new RangeError('Invalid array length'),
  ])('is undefined for %s', (error) => {
    expect(classifyError(error)).toBeUndefined();
  });
});
