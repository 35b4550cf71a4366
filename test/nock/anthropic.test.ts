import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { ANTHROPIC } from '../providers/fixtures/errors.ts';
import { ANTHROPIC_429, headersOf } from '../providers/fixtures/headers.ts';
import { answers, guarded, interceptNetwork, named, type Row, thrownBy, timed, verdictOf } from './intercepted.ts';

interceptNetwork();

const ORIGIN = 'https://api.anthropic.com';
const PATH = '/v1/messages';
const ASK = { model: 'claude-sonnet-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'Hello' }] };
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5',
  content: [{ type: 'text', text: 'answer' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 7 },
};
const client = (): Anthropic => guarded((apiKey) => new Anthropic({ apiKey }));
/** As captured, except for the length of the body and the wait. */
const LIMITED = Object.fromEntries(
  [...headersOf(ANTHROPIC_429)].filter(
    ([name]) => !['content-length', 'content-type', 'date', 'retry-after'].includes(name),
  ),
);

describe('anthropic: success', () => {
  it('returns the message', async () => {
    answers(ORIGIN, PATH, [200, MESSAGE, { 'request-id': 'req_1' }]);
    const message = await client().messages.create(ASK);
    expect(message).toMatchObject(MESSAGE);
    expect(message._request_id).toBe('req_1');
  });

  it.each([
    ['retry-after-ms', { 'retry-after-ms': '120' }, 120],
    ['retry-after', { 'retry-after': '0.2' }, 200],
  ])('waits out a 429 for as long as %s says', async (_where, hint, waitMs) => {
    answers(ORIGIN, PATH, [429, ANTHROPIC.itpm, { ...LIMITED, ...hint }], [200, MESSAGE]);
    const { value, ms } = await timed(client().messages.create(ASK));
    expect(value).toMatchObject(MESSAGE);
    expect(ms).toBeGreaterThanOrEqual(waitMs);
    expect(ms).toBeLessThan(waitMs + 100);
  });

  it.each([
    [500, ANTHROPIC.api],
    [500, ANTHROPIC.overloaded500],
    [504, ANTHROPIC.timeout],
    [529, ANTHROPIC.overloaded],
    [409, ANTHROPIC.conflict],
  ])('retries %i', async (status, body) => {
    answers(ORIGIN, PATH, [status, body], [status, body], [200, MESSAGE]);
    expect(await client().messages.create(ASK)).toMatchObject(MESSAGE);
  });

  it('retries what the server says to retry, and nothing that it says not to', async () => {
    answers(ORIGIN, PATH, [400, ANTHROPIC.notFound, { 'x-should-retry': 'true' }], [200, MESSAGE]);
    expect(await client().messages.create(ASK)).toMatchObject(MESSAGE);
    answers(ORIGIN, PATH, [529, ANTHROPIC.overloaded, { 'x-should-retry': 'false' }]);
    expect(await thrownBy(() => client().messages.create(ASK))).toMatchObject({ status: 529 });
  });
});

const RETRIED = 2;
const ROWS: readonly Row[] = [
  [
    'input tokens',
    429,
    ANTHROPIC.itpm,
    { outcome: 'throttled', dimension: 'input_tokens', limit: 30_000, advice: /cache prompts/, attempts: 1 },
    { ...LIMITED, 'retry-after': '58' },
  ],
  [
    'output tokens',
    429,
    ANTHROPIC.otpm,
    { outcome: 'throttled', dimension: 'output_tokens', limit: 8_000, advice: /shorter answers/, attempts: 1 },
  ],
  [
    'requests',
    429,
    ANTHROPIC.rpm,
    { outcome: 'throttled', dimension: 'requests', limit: 50, advice: /^Slow down requests/, attempts: 1 },
  ],
  [
    'input tokens, as of 2025',
    429,
    ANTHROPIC.itpm2025,
    { outcome: 'throttled', dimension: 'input_tokens', limit: 20_000, advice: /cache prompts/, attempts: 1 },
  ],
  [
    'connections',
    429,
    ANTHROPIC.concurrency,
    { outcome: 'throttled', dimension: 'concurrency', advice: /in flight/, attempts: 1 },
  ],
  [
    'acceleration',
    429,
    ANTHROPIC.acceleration2026,
    { outcome: 'throttled', dimension: 'acceleration', advice: /gradually/, attempts: 1 },
  ],
  [
    'spend limit of the tier',
    429,
    ANTHROPIC.tierSpend,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /spend limit/, attempts: 1 },
  ],
  [
    'spend limit of the tier, no code',
    429,
    ANTHROPIC.tierSpendWithoutCode,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /spend limit/, attempts: 1 },
  ],
  [
    'own spend limit',
    400,
    ANTHROPIC.selfSetSpend,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /spend limit/, attempts: 1 },
  ],
  [
    'no credit',
    400,
    ANTHROPIC.noCredit,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /credit/, attempts: 1 },
  ],
  [
    'billing',
    402,
    ANTHROPIC.billing402,
    { outcome: 'quota_exhausted', dimension: 'quota', advice: /credit/, attempts: 1 },
  ],
  ['on hold', 400, ANTHROPIC.onHold, { outcome: 'auth', advice: /on hold/, attempts: 1 }],
  [
    'long context',
    429,
    ANTHROPIC.longContext,
    { outcome: 'too_large', dimension: 'long_context', advice: /^Shorten the prompt/, attempts: 1 },
  ],
  [
    'fast mode',
    429,
    ANTHROPIC.fastMode,
    { outcome: 'too_large', dimension: 'input_tokens', limit: 0, advice: /another model or mode/, attempts: 1 },
  ],
  [
    'too large',
    413,
    ANTHROPIC.tooLarge,
    { outcome: 'too_large', dimension: 'unknown', advice: /^Shrink/, attempts: 1 },
  ],
  ['overloaded', 529, ANTHROPIC.overloaded, { outcome: 'overloaded', advice: /no capacity/, attempts: RETRIED }],
  [
    'overloaded as 500',
    500,
    ANTHROPIC.overloaded500,
    { outcome: 'overloaded', advice: /no capacity/, attempts: RETRIED },
  ],
  ['server error', 500, ANTHROPIC.api, { outcome: 'server_error', advice: /provider failed/, attempts: RETRIED }],
  ['timeout', 504, ANTHROPIC.timeout, { outcome: 'timeout', advice: /^Raise the timeout/, attempts: RETRIED }],
  ['conflict', 409, ANTHROPIC.conflict, { outcome: 'conflict', advice: /^Retry/, attempts: RETRIED }],
  ['bad key', 401, ANTHROPIC.authentication, { outcome: 'auth', advice: /^Fix the key/, attempts: 1 }],
  ['no permission', 403, ANTHROPIC.permission, { outcome: 'auth', advice: /^Fix the key/, attempts: 1 }],
  ['not found', 404, ANTHROPIC.notFound, { outcome: 'bad_request', advice: /^Fix the request/, attempts: 1 }],
];

describe('anthropic: failure', () => {
  it.each(named(ROWS))('$name', async ({ row }) => {
    const endpoint = {
      origin: ORIGIN,
      path: PATH,
      guarded: (options: object) => client().messages.create(ASK, options),
      stock: () => new Anthropic({ apiKey: 'stock', maxRetries: 0 }).messages.create(ASK),
    };
    const { got, wanted, advice } = await verdictOf(endpoint, row);
    expect(got).toEqual(wanted);
    expect(advice).toMatch(row[3].advice);
  });
});
