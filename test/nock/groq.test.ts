import Groq from 'groq-sdk';
import { describe, expect, it } from 'vitest';
import { GROQ } from '../providers/fixtures/errors.ts';
import { answers, guarded, interceptNetwork, named, type Row, timed, verdictOf, withoutWait } from './intercepted.ts';

interceptNetwork();

const ORIGIN = 'https://api.groq.com';
const PATH = '/openai/v1/chat/completions';
const CHAT = { model: 'openai/gpt-oss-120b', messages: [{ role: 'user' as const, content: 'Hello' }] };
const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'openai/gpt-oss-120b',
  choices: [{ index: 0, message: { role: 'assistant', content: 'answer' }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  x_groq: { id: 'req_1' },
};
const client = (): Groq => guarded((apiKey) => new Groq({ apiKey }));

describe('groq: success', () => {
  it('returns the completion', async () => {
    answers(ORIGIN, PATH, [200, COMPLETION]);
    expect(await client().chat.completions.create(CHAT)).toMatchObject(COMPLETION);
  });

  it.each([
    ['retry-after', { 'retry-after': '0.15' }, withoutWait(GROQ.tpm), 150],
    [
      'the message',
      {},
      { error: { ...(GROQ.tpm as { error: object }).error, message: messageWithWait('180ms') } },
      180,
    ],
  ])('waits out a 429 for as long as %s says', async (_where, headers, body, waitMs) => {
    answers(ORIGIN, PATH, [429, body, headers], [200, COMPLETION]);
    const { value, ms } = await timed(client().chat.completions.create(CHAT));
    expect(value).toMatchObject(COMPLETION);
    expect(ms).toBeGreaterThanOrEqual(waitMs);
    expect(ms).toBeLessThan(waitMs + 100);
  });

  it.each([
    [498, GROQ.flex],
    [500, GROQ.overCapacity],
    [503, GROQ.overCapacity],
  ])('retries %i', async (status, body) => {
    answers(ORIGIN, PATH, [status, body], [status, body], [200, COMPLETION]);
    expect(await client().chat.completions.create(CHAT)).toMatchObject(COMPLETION);
  });
});

function messageWithWait(wait: string): string {
  const { message } = (GROQ.tpm as { error: { message: string } }).error;
  return message.replace('5.289s', wait);
}

const RETRIED = 2;
const ROWS: readonly Row[] = [
  [
    'requests per minute',
    429,
    GROQ.rpm,
    { outcome: 'throttled', dimension: 'requests', limit: 30, advice: /^Slow down requests/, attempts: 1 },
  ],
  [
    'tokens per minute',
    429,
    GROQ.tpm,
    { outcome: 'throttled', dimension: 'tokens', limit: 15_000, advice: /^Shrink prompts/, attempts: 1 },
  ],
  [
    'tokens per minute, overshot',
    429,
    GROQ.tpmOvershot,
    { outcome: 'throttled', dimension: 'tokens', limit: 30_000, advice: /^Shrink prompts/, attempts: 1 },
  ],
  [
    'tokens per day',
    429,
    GROQ.tpd,
    { outcome: 'throttled', dimension: 'tokens_day', limit: 100_000, advice: /per day/, attempts: 1 },
  ],
  [
    'output tokens',
    429,
    GROQ.otpm,
    { outcome: 'throttled', dimension: 'output_tokens', limit: 1_000, advice: /shorter answers/, attempts: 1 },
  ],
  [
    'too large',
    413,
    GROQ.tooLarge,
    { outcome: 'too_large', dimension: 'tokens', limit: 6_000, advice: /^Shrink tokens/, attempts: 1 },
  ],
  [
    'input too large',
    413,
    GROQ.tooLargeInput,
    { outcome: 'too_large', dimension: 'input_tokens', limit: 7_000, advice: /^Shrink the prompt/, attempts: 1 },
  ],
  [
    'output too large',
    413,
    GROQ.tooLargeOutput,
    { outcome: 'too_large', dimension: 'output_tokens', limit: 1_000, advice: /^Lower max_tokens/, attempts: 1 },
  ],
  [
    'body too big',
    413,
    GROQ.bodyTooBig,
    { outcome: 'too_large', dimension: 'unknown', advice: /^Shrink/, attempts: 1 },
  ],
  [
    'spending cap',
    403,
    GROQ.spendCap,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /spend limit/, attempts: 1 },
  ],
  ['no flex capacity', 498, GROQ.flex, { outcome: 'overloaded', advice: /no capacity/, attempts: RETRIED }],
  ['over capacity', 503, GROQ.overCapacity, { outcome: 'overloaded', advice: /no capacity/, attempts: RETRIED }],
  ['bad key', 401, GROQ.badKey, { outcome: 'auth', advice: /^Fix the key/, attempts: 1 }],
  ['failed tool use', 400, GROQ.toolUse, { outcome: 'bad_request', advice: /^Fix the request/, attempts: 1 }],
  ['failed JSON', 400, GROQ.jsonValidate, { outcome: 'bad_request', advice: /^Fix the request/, attempts: 1 }],
];

describe('groq: failure', () => {
  it.each(named(ROWS))('$name', async ({ row }) => {
    const endpoint = {
      origin: ORIGIN,
      path: PATH,
      guarded: (options: object) => client().chat.completions.create(CHAT, options),
      stock: () => new Groq({ apiKey: 'stock', maxRetries: 0 }).chat.completions.create(CHAT),
    };
    const { got, wanted, advice } = await verdictOf(endpoint, row);
    expect(got).toEqual(wanted);
    expect(advice).toMatch(row[3].advice);
  });
});
