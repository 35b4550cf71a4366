import OpenAI, { AzureOpenAI } from 'openai';
import { describe, expect, it } from 'vitest';
import { AZURE, OPENAI } from '../providers/fixtures/errors.ts';
import {
  answers,
  guarded,
  interceptNetwork,
  named,
  type Row,
  thrownBy,
  timed,
  verdictOf,
  withoutWait,
} from './intercepted.ts';

interceptNetwork();

const ORIGIN = 'https://api.openai.com';
const PATH = '/v1/chat/completions';
const CHAT = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Hello' }] };
const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'answer' }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
};
const client = (): OpenAI => guarded((apiKey) => new OpenAI({ apiKey }));
const content = (completion: OpenAI.ChatCompletion): string | null => completion.choices[0]!.message.content;

describe('openai: success', () => {
  it('returns the completion', async () => {
    answers(ORIGIN, PATH, [200, COMPLETION]);
    expect(await client().chat.completions.create(CHAT)).toMatchObject(COMPLETION);
  });

  it.each([
    ['retry-after-ms', { 'retry-after-ms': '120' }, OPENAI.tpm, 120],
    ['the message', {}, OPENAI.tpm, 174],
    ['retry-after', { 'retry-after': '0.2' }, withoutWait(OPENAI.rpm), 200],
  ])('waits out a 429 for as long as %s says', async (_where, headers, body, waitMs) => {
    answers(ORIGIN, PATH, [429, body, headers], [200, COMPLETION]);
    const { value, ms } = await timed(client().chat.completions.create(CHAT));
    expect(content(value)).toBe('answer');
    expect(ms).toBeGreaterThanOrEqual(waitMs);
    expect(ms).toBeLessThan(waitMs + 100);
  });

  it.each([500, 502, 503, 504, 408, 409])('retries %i', async (status) => {
    answers(ORIGIN, PATH, [status, OPENAI.server], [status, '<html>proxy</html>'], [200, COMPLETION]);
    expect(content(await client().chat.completions.create(CHAT))).toBe('answer');
  });

  it('retries what the server says to retry, and nothing that it says not to', async () => {
    answers(ORIGIN, PATH, [400, OPENAI.invalid, { 'x-should-retry': 'true' }], [200, COMPLETION]);
    expect(content(await client().chat.completions.create(CHAT))).toBe('answer');
    answers(ORIGIN, PATH, [500, OPENAI.server, { 'x-should-retry': 'false' }]);
    expect(await thrownBy(() => client().chat.completions.create(CHAT))).toMatchObject({ status: 500 });
  });
});

const RETRIED = 2;
const ROWS: readonly Row[] = [
  [
    'requests per minute',
    429,
    OPENAI.rpm,
    { outcome: 'throttled', dimension: 'requests', limit: 3, advice: /^Slow down requests/, attempts: 1 },
  ],
  [
    'requests per day',
    429,
    OPENAI.rpdSlow,
    { outcome: 'throttled', dimension: 'requests_day', limit: 1_000, advice: /day/, attempts: 1 },
  ],
  [
    'tokens per minute',
    429,
    OPENAI.tpm,
    { outcome: 'throttled', dimension: 'tokens', limit: 30_000, advice: /^Shrink prompts/, attempts: 1 },
  ],
  [
    'too large',
    429,
    OPENAI.tooLarge,
    { outcome: 'too_large', dimension: 'tokens', limit: 30_000, advice: /^Shrink tokens/, attempts: 1 },
  ],
  [
    'quota, legacy',
    429,
    OPENAI.quotaLegacy,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /credit/, attempts: 1 },
  ],
  ['no credit', 429, OPENAI.credit, { outcome: 'quota_exhausted', dimension: 'quota', advice: /credit/, attempts: 1 }],
  [
    'no credit, typed as a rate limit',
    429,
    OPENAI.creditTypedRequests,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /credit/, attempts: 1 },
  ],
  [
    'spend limit',
    429,
    OPENAI.spend('project_spend_limit_exceeded'),
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /spend limit/, attempts: 1 },
  ],
  [
    'billing hard limit',
    400,
    OPENAI.billingHardLimit,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /spend limit/, attempts: 1 },
  ],
  ['overloaded', 503, OPENAI.overloaded, { outcome: 'overloaded', advice: /no capacity/, attempts: RETRIED }],
  ['server error', 500, OPENAI.server, { outcome: 'server_error', advice: /provider failed/, attempts: RETRIED }],
  ['context length', 400, OPENAI.contextLength, { outcome: 'bad_request', advice: /context window/, attempts: 1 }],
  ['bad request', 400, OPENAI.invalid, { outcome: 'bad_request', advice: /^Fix the request/, attempts: 1 }],
  ['bad key', 401, OPENAI.badKey, { outcome: 'auth', advice: /^Fix the key/, attempts: 1 }],
  ['unknown model', 404, OPENAI.modelNotFound, { outcome: 'bad_request', advice: /model name/, attempts: 1 }],
];

describe('openai: failure', () => {
  it.each(named(ROWS))('$name', async ({ row }) => {
    const endpoint = {
      origin: ORIGIN,
      path: PATH,
      guarded: (options: object) => client().chat.completions.create(CHAT, options),
      stock: () => new OpenAI({ apiKey: 'stock', maxRetries: 0 }).chat.completions.create(CHAT),
    };
    const { got, wanted, advice } = await verdictOf(endpoint, row);
    expect(got).toEqual(wanted);
    expect(advice).toMatch(row[3].advice);
  });
});

describe('azure', () => {
  const azureClient = (): AzureOpenAI =>
    guarded(
      (apiKey) => new AzureOpenAI({ apiKey, endpoint: 'https://mine.openai.azure.com', apiVersion: '2024-10-21' }),
    );
  const path = '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21';
  const origin = 'https://mine.openai.azure.com';

  it('waits out a 429 for as long as its headers say', async () => {
    answers(
      origin,
      path,
      [429, withoutWait(AZURE.calls), { 'retry-after-ms': '1130', 'retry-after': '2' }],
      [200, COMPLETION],
    );
    const { value, ms } = await timed(azureClient().chat.completions.create(CHAT));
    expect(content(value)).toBe('answer');
    expect(ms).toBeGreaterThanOrEqual(1_129);
    expect(ms).toBeLessThan(1_900);
  });

  it.each(
    named([
      [
        'tokens',
        429,
        AZURE.tokens,
        { outcome: 'throttled', dimension: 'tokens', advice: /^Shrink prompts/, attempts: 1 },
      ],
      [
        'calls',
        429,
        AZURE.calls,
        { outcome: 'throttled', dimension: 'requests', advice: /^Slow down requests/, attempts: 1 },
      ],
      [
        'a day of waiting',
        429,
        AZURE.never,
        { outcome: 'quota_exhausted', dimension: 'quota', advice: /./, attempts: 1 },
      ],
    ]),
  )('$name', async ({ row }) => {
    const options = { apiKey: 'stock', endpoint: origin, apiVersion: '2024-10-21', maxRetries: 0 };
    const endpoint = {
      origin,
      path,
      guarded: (request: object) => azureClient().chat.completions.create(CHAT, request),
      stock: () => new AzureOpenAI(options).chat.completions.create(CHAT),
    };
    const { got, wanted, advice } = await verdictOf(endpoint, row);
    expect(got).toEqual(wanted);
    expect(advice).toMatch(row[3].advice);
  });
});
