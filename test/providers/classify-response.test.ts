import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/outcome.ts';
import type { ProviderName } from '../../src/core/provider.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import { ANTHROPIC, AZURE, GROQ, OPENAI } from './fixtures/errors.ts';
import { ANTHROPIC_429, GROQ_200, headersOf, OPENAI_429_WITHOUT_LIMITS } from './fixtures/headers.ts';

const WALL = Date.parse('2026-02-27T12:52:07Z');
const DAY = 86_400_000;

type Row = readonly [
  name: string,
  provider: ProviderName,
  status: number | undefined,
  body: unknown,
  expected: Partial<Failure>,
  headers?: string,
];

const throttled = { outcome: 'throttled', retryable: true } as const;
const tooLarge = { outcome: 'too_large', retryable: false } as const;
const quota = { outcome: 'quota_exhausted', dimension: 'quota', retryable: false } as const;

const ROWS: readonly Row[] = [
  // OpenAI
  [
    'RPM',
    'openai',
    429,
    OPENAI.rpm,
    {
      ...throttled,
      dimension: 'requests',
      code: 'rate_limit_exceeded',
      limit: 3,
      remaining: 0,
      requested: 1,
      windowMs: 60_000,
      resetMs: 60_000,
      hintMs: 20_000,
      hintSource: 'body',
    },
  ],
  [
    'RPD',
    'openai',
    429,
    OPENAI.rpd,
    { ...throttled, dimension: 'requests_day', limit: 10_000, remaining: 0, windowMs: DAY, hintMs: 8_640 },
  ],
  ['RPD of a slow refill', 'openai', 429, OPENAI.rpdSlow, { ...throttled, dimension: 'requests_day', hintMs: 86_400 }],
  [
    'TPM',
    'openai',
    429,
    OPENAI.tpm,
    {
      ...throttled,
      dimension: 'tokens',
      limit: 30_000,
      remaining: 11_072,
      requested: 11_159,
      windowMs: 60_000,
      hintMs: 174,
      hintSource: 'body',
    },
  ],
  [
    'TPM without any limit header',
    'openai',
    429,
    OPENAI.tpm,
    { ...throttled, dimension: 'tokens', hintMs: 174 },
    OPENAI_429_WITHOUT_LIMITS,
  ],
  ['too large', 'openai', 429, OPENAI.tooLarge, { ...tooLarge, dimension: 'tokens', limit: 30_000, requested: 30_601 }],
  ['quota, legacy code', 'openai', 429, OPENAI.quotaLegacy, { ...quota, code: 'insufficient_quota' }],
  ['no credit', 'openai', 429, OPENAI.credit, { ...quota, code: 'credit_balance_exhausted' }],
  ['no credit under a wrong type', 'openai', 429, OPENAI.creditTypedRequests, quota],
  [
    'quota by its message alone',
    'openai',
    429,
    { error: { message: 'You exceeded your current quota, please check your plan and billing details.' } },
    quota,
  ],
  ['organization spend limit', 'openai', 429, OPENAI.spend('organization_spend_limit_exceeded'), quota],
  ['project spend limit', 'openai', 429, OPENAI.spend('project_spend_limit_exceeded'), quota],
  ['organization usage limit', 'openai', 429, OPENAI.spend('organization_usage_limit_exceeded'), quota],
  ['billing hard limit', 'openai', 400, OPENAI.billingHardLimit, { ...quota, code: 'billing_hard_limit_reached' }],
  [
    'slow_down',
    'openai',
    429,
    OPENAI.slowDown,
    { ...throttled, dimension: 'acceleration', shrinkRate: true, code: 'slow_down' },
  ],
  ['slow_down as 503', 'openai', 503, OPENAI.slowDown, { outcome: 'overloaded', retryable: true, noCapacity: true }],
  ['engine overloaded', 'openai', 429, OPENAI.engineOverloaded, { outcome: 'overloaded', retryable: true }],
  [
    '503 overloaded',
    'openai',
    503,
    OPENAI.overloaded,
    { outcome: 'overloaded', retryable: true, code: 'server_is_overloaded' },
  ],
  ['500', 'openai', 500, OPENAI.server, { outcome: 'server_error', retryable: true, code: 'server_error' }],
  ['502 from a proxy', 'openai', 502, '<html>Bad gateway</html>', { outcome: 'server_error', retryable: true }],
  ['504', 'openai', 504, undefined, { outcome: 'server_error', retryable: true }],
  ['408', 'openai', 408, undefined, { outcome: 'timeout', retryable: true }],
  ['409', 'openai', 409, undefined, { outcome: 'conflict', retryable: true }],
  [
    '400 context length',
    'openai',
    400,
    OPENAI.contextLength,
    { outcome: 'bad_request', retryable: false, code: 'context_length_exceeded' },
  ],
  ['400', 'openai', 400, OPENAI.invalid, { outcome: 'bad_request', retryable: false }],
  ['401', 'openai', 401, OPENAI.badKey, { outcome: 'auth', retryable: false }],
  ['403', 'openai', 403, undefined, { outcome: 'auth', retryable: false }],
  ['404', 'openai', 404, OPENAI.modelNotFound, { outcome: 'bad_request', retryable: false }],
  ['422', 'openai', 422, undefined, { outcome: 'bad_request', retryable: false }],
  ['a bare 429', 'openai', 429, undefined, { ...throttled, dimension: 'unknown' }],

  // Anthropic
  [
    'ITPM',
    'anthropic',
    429,
    ANTHROPIC.itpm,
    {
      ...throttled,
      dimension: 'input_tokens',
      code: 'rate_limit_error',
      limit: 30_000,
      remaining: 0,
      windowMs: 60_000,
      resetMs: 78_000,
      hintMs: 58_000,
      hintSource: 'retry_after',
    },
    ANTHROPIC_429,
  ],
  [
    'OTPM',
    'anthropic',
    429,
    ANTHROPIC.otpm,
    { ...throttled, dimension: 'output_tokens', limit: 8_000, windowMs: 60_000 },
  ],
  ['RPM', 'anthropic', 429, ANTHROPIC.rpm, { ...throttled, dimension: 'requests', limit: 50 }],
  ['ITPM of 2025', 'anthropic', 429, ANTHROPIC.itpm2025, { ...throttled, dimension: 'input_tokens', limit: 20_000 }],
  ['oldest wording', 'anthropic', 429, ANTHROPIC.oldest, { ...throttled, dimension: 'tokens' }],
  ['oldest wording, daily', 'anthropic', 429, ANTHROPIC.oldestDay, { ...throttled, dimension: 'tokens_day' }],
  ['concurrency', 'anthropic', 429, ANTHROPIC.concurrency, { ...throttled, dimension: 'concurrency' }],
  [
    'acceleration of 2025',
    'anthropic',
    429,
    ANTHROPIC.acceleration2025,
    { ...throttled, dimension: 'acceleration', shrinkRate: true },
  ],
  [
    'acceleration of 2026',
    'anthropic',
    429,
    ANTHROPIC.acceleration2026,
    {
      ...throttled,
      dimension: 'acceleration',
      shrinkRate: true,
      limit: 58_276,
      windowMs: 60_000,
      code: 'ramp_limit_exceeded',
    },
  ],
  [
    'ramp by its code',
    'anthropic',
    429,
    ANTHROPIC.rampCodeOnly,
    { ...throttled, dimension: 'acceleration', shrinkRate: true, hintMs: 4_000 },
    'retry-after: 4',
  ],
  [
    'tier spend cap',
    'anthropic',
    429,
    ANTHROPIC.tierSpend,
    { ...quota, code: 'enforced_spend_limit_reached', resetMs: Date.parse('2026-09-01T00:00:00Z') - WALL },
  ],
  ['tier spend cap without a code', 'anthropic', 429, ANTHROPIC.tierSpendWithoutCode, quota],
  ['contract spend', 'anthropic', 429, ANTHROPIC.contractSpend, quota],
  ['self-set spend limit', 'anthropic', 400, ANTHROPIC.selfSetSpend, quota],
  ['workspace spend limit', 'anthropic', 400, ANTHROPIC.workspaceSpend, quota],
  ['no credit', 'anthropic', 400, ANTHROPIC.noCredit, quota],
  ['402', 'anthropic', 402, ANTHROPIC.billing402, { ...quota, code: 'linked_organization_spend_limit_reached' }],
  ['on hold', 'anthropic', 400, ANTHROPIC.onHold, { outcome: 'auth', retryable: false, code: 'organization_on_hold' }],
  ['long context', 'anthropic', 429, ANTHROPIC.longContext, tooLarge],
  [
    'fast mode not provisioned',
    'anthropic',
    429,
    ANTHROPIC.fastMode,
    { ...tooLarge, dimension: 'input_tokens', limit: 0 },
  ],
  [
    'overloaded',
    'anthropic',
    529,
    ANTHROPIC.overloaded,
    { outcome: 'overloaded', retryable: true, code: 'overloaded_error' },
  ],
  ['500 Overloaded', 'anthropic', 500, ANTHROPIC.overloaded500, { outcome: 'overloaded', retryable: true }],
  ['account limit', 'anthropic', 429, ANTHROPIC.account, { ...throttled, dimension: 'unknown' }],
  ['413', 'anthropic', 413, ANTHROPIC.tooLarge, tooLarge],
  ['413 from the edge', 'anthropic', 413, '<html>413</html>', tooLarge],
  ['500', 'anthropic', 500, ANTHROPIC.api, { outcome: 'server_error', retryable: true }],
  ['503 cmek', 'anthropic', 503, ANTHROPIC.cmek, { outcome: 'overloaded', retryable: true }],
  ['529 compaction', 'anthropic', 529, ANTHROPIC.compaction, { outcome: 'overloaded', retryable: true }],
  ['504 timeout_error', 'anthropic', 504, ANTHROPIC.timeout, { outcome: 'timeout', retryable: true }],
  ['409', 'anthropic', 409, ANTHROPIC.conflict, { outcome: 'conflict', retryable: true }],
  ['401', 'anthropic', 401, ANTHROPIC.authentication, { outcome: 'auth', retryable: false }],
  ['403', 'anthropic', 403, ANTHROPIC.permission, { outcome: 'auth', retryable: false }],
  ['404', 'anthropic', 404, ANTHROPIC.notFound, { outcome: 'bad_request', retryable: false }],

  // Groq: every free-tier text ends with "today" and "/billing"
  ['RPM', 'groq', 429, GROQ.rpm, { ...throttled, dimension: 'requests', limit: 30, remaining: 0, hintMs: 2_000 }],
  [
    'RPM with the headers of other limits',
    'groq',
    429,
    GROQ.rpm,
    { ...throttled, dimension: 'requests', limit: 30, windowMs: 60_000, hintMs: 3_000, hintSource: 'retry_after' },
    `${GROQ_200}\nretry-after: 3`,
  ],
  ['TPM', 'groq', 429, GROQ.tpm, { ...throttled, dimension: 'tokens', hintMs: 5_289 }],
  [
    'TPM used beyond its limit',
    'groq',
    429,
    GROQ.tpmOvershot,
    { ...throttled, dimension: 'tokens', remaining: 0, hintMs: 90_002, resetMs: 146_248 },
  ],
  [
    'a limit without a name',
    'groq',
    429,
    GROQ.tpmNameless,
    { ...throttled, dimension: 'tokens', limit: 6_000, hintMs: 4_770 },
  ],
  [
    'TPD',
    'groq',
    429,
    GROQ.tpd,
    { ...throttled, dimension: 'tokens_day', limit: 100_000, windowMs: DAY, hintMs: 578_016 },
  ],
  [
    'OTPM',
    'groq',
    429,
    GROQ.otpm,
    {
      ...throttled,
      dimension: 'output_tokens',
      limit: 1_000,
      remaining: 3,
      requested: 192,
      hintMs: 12_000,
      hintSource: 'retry_after',
    },
    'retry-after: 12',
  ],
  [
    'audio seconds',
    'groq',
    429,
    GROQ.audioDay,
    { ...throttled, dimension: 'audio_seconds_day', windowMs: DAY, hintMs: 150_000 },
  ],
  ['413 too large', 'groq', 413, GROQ.tooLarge, { ...tooLarge, dimension: 'tokens', limit: 6_000, requested: 12_328 }],
  ['413 too large, input', 'groq', 413, GROQ.tooLargeInput, { ...tooLarge, dimension: 'input_tokens', limit: 7_000 }],
  [
    '429 too large, output',
    'groq',
    429,
    GROQ.tooLargeOutput,
    { ...tooLarge, dimension: 'output_tokens', limit: 1_000, requested: 2_512 },
  ],
  ['413 of the body', 'groq', 413, GROQ.bodyTooBig, tooLarge],
  ['spend cap', 'groq', 400, GROQ.spendCap, quota],
  ['flex capacity', 'groq', 498, GROQ.flex, { outcome: 'overloaded', retryable: true, code: 'capacity_exceeded' }],
  ['over capacity', 'groq', 503, GROQ.overCapacity, { outcome: 'overloaded', retryable: true }],
  ['401', 'groq', 401, GROQ.badKey, { outcome: 'auth', retryable: false, code: 'invalid_api_key' }],
  ['tool_use_failed', 'groq', 400, GROQ.toolUse, { outcome: 'bad_request', retryable: false }],
  ['json_validate_failed', 'groq', 400, GROQ.jsonValidate, { outcome: 'bad_request', retryable: false }],
  ['424', 'groq', 424, undefined, { outcome: 'bad_request', retryable: false }],
  ['499', 'groq', 499, undefined, { outcome: 'bad_request', retryable: false }],
  ['500', 'groq', 500, undefined, { outcome: 'server_error', retryable: true }],
  ['502', 'groq', 502, undefined, { outcome: 'server_error', retryable: true }],

  // Azure
  ['86400 seconds', 'azure.ai.openai', 429, AZURE.never, { ...quota, hintMs: DAY }],
  [
    'token rate',
    'azure.ai.openai',
    429,
    AZURE.tokens,
    { ...throttled, dimension: 'tokens', hintMs: 33_000, hintSource: 'body' },
  ],
  [
    'token rate with its header',
    'azure.ai.openai',
    429,
    AZURE.tokens,
    { ...throttled, hintMs: 33_000, hintSource: 'body' },
    'retry-after-ms: 32500\nretry-after: 33',
  ],
  ['call rate', 'azure.ai.openai', 429, AZURE.calls, { ...throttled, dimension: 'requests', hintMs: 2_000 }],
  ['capacity', 'azure.ai.openai', 429, AZURE.capacity, { outcome: 'overloaded', retryable: true, hintMs: 20_000 }],

  // Bedrock and Vertex
  [
    'throttling',
    'aws.bedrock',
    429,
    { message: 'Too many tokens, please wait before trying again.' },
    { ...throttled, dimension: 'tokens', code: 'throttlingexception' },
    'x-amzn-errortype: ThrottlingException:http://internal.amazon.com/',
  ],
  [
    'throttling as 400',
    'aws.bedrock',
    400,
    { message: 'Too many requests, please wait before trying again.' },
    { ...throttled, dimension: 'requests' },
    'x-amzn-errortype: ThrottlingException',
  ],
  [
    'tokens per day',
    'aws.bedrock',
    429,
    { message: 'Too many tokens per day, please wait before trying again.' },
    { ...throttled, dimension: 'tokens_day' },
  ],
  [
    'quota of a minute is no quota of money',
    'gcp.vertex_ai',
    429,
    [
      {
        error: {
          code: 429,
          message:
            'Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_minute_per_base_model with base model: anthropic-claude. Please submit a quota increase request.',
          status: 'RESOURCE_EXHAUSTED',
        },
      },
    ],
    { ...throttled, dimension: 'requests' },
  ],

  // Inside streams: no status
  ['server_error in a stream', 'openai', undefined, OPENAI.server, { outcome: 'server_error', retryable: true }],
  [
    'flat rate limit in a stream',
    'openai',
    undefined,
    { type: 'error', code: 'rate_limit_exceeded', message: '…', param: null, sequence_number: 3 },
    { ...throttled, dimension: 'unknown' },
  ],
  [
    'nested overload in a stream',
    'openai',
    undefined,
    {
      type: 'error',
      error: {
        type: 'service_unavailable_error',
        code: 'server_is_overloaded',
        headers: { 'x-retry-metadata': 'NO_MORE_RETRY' },
        message: 'Our servers are currently overloaded. Please try again later.',
        param: null,
      },
      sequence_number: 2,
    },
    { outcome: 'overloaded', retryable: true },
  ],
  [
    'quota in a stream',
    'openai',
    undefined,
    { type: 'response.failed', response: { error: { code: 'insufficient_quota', message: '…' } } },
    quota,
  ],
  [
    'invalid prompt in a stream',
    'openai',
    undefined,
    { error: { code: 'invalid_prompt', message: '…' } },
    { outcome: 'bad_request', retryable: false },
  ],
  [
    'policy in a stream',
    'openai',
    undefined,
    { error: { code: 'bio_policy', message: '…' } },
    { outcome: 'bad_request', retryable: false },
  ],
  [
    'vector store in a stream',
    'openai',
    undefined,
    { error: { code: 'vector_store_timeout', message: '…' } },
    { outcome: 'timeout', retryable: true },
  ],
  ['overloaded in a stream', 'anthropic', undefined, ANTHROPIC.overloaded, { outcome: 'overloaded', retryable: true }],
  ['rate limit in a stream', 'anthropic', undefined, ANTHROPIC.otpm, { ...throttled, dimension: 'output_tokens' }],
  [
    'authentication in a stream',
    'anthropic',
    undefined,
    ANTHROPIC.authentication,
    { outcome: 'auth', retryable: false },
  ],
  ['billing in a stream', 'anthropic', undefined, ANTHROPIC.billing402, quota],
  ['timeout in a stream', 'anthropic', undefined, ANTHROPIC.timeout, { outcome: 'timeout', retryable: true }],
  ['conflict in a stream', 'anthropic', undefined, ANTHROPIC.conflict, { outcome: 'conflict', retryable: true }],
  [
    'a bare string in a stream',
    'groq',
    undefined,
    { error: 'over capacity' },
    { outcome: 'overloaded', retryable: true },
  ],
  ['too large in a stream', 'groq', undefined, GROQ.tooLargeOutput, { ...tooLarge, dimension: 'output_tokens' }],
  ['an unknown error in a stream', 'groq', undefined, 'boom', { outcome: 'server_error', retryable: true }],
];

/** Checks that there is nothing unexpected: no invented hint, no dimension without a limit. */
function absent(expected: Partial<Failure>): string[] {
  const limited = ['throttled', 'too_large', 'quota_exhausted'].includes(expected.outcome ?? '');
  return [
    ...(expected.hintMs === undefined ? ['hintMs', 'hintSource'] : []),
    ...(expected.shrinkRate === undefined ? ['shrinkRate'] : []),
    ...(limited ? [] : ['dimension', 'limit', 'remaining']),
  ];
}

describe('classify', () => {
  it.each(
    ROWS.map(([name, provider, status, body, expected, headers]) => ({
      name,
      provider,
      status,
      body,
      expected,
      headers,
    })),
  )('$name ($provider $status)', ({ provider, status, body, expected, headers }) => {
    const failure = adapterFor(provider).classify(
      { status, body, headers: headersOf(headers ?? 'content-type: application/json') },
      WALL,
    );
    expect(failure).toMatchObject(expected);
    expect(failure.status).toBe(status);
    expect(failure.advice).toMatch(/^[A-Z][^.]+\.$/);
    for (const key of absent(expected)) expect(failure).not.toHaveProperty(key);
  });

  it('reads the limits of fast mode, whose calls have a lane of their own', () => {
    const failure = adapterFor('anthropic').classify(
      { status: 429, body: ANTHROPIC.fastModeBusy, headers: headersOf('retry-after: 2') },
      WALL,
    );
    expect(failure).toMatchObject({ ...throttled, dimension: 'input_tokens', hintMs: 2_000 });
    expect(failure.limit).toBeGreaterThan(0);
  });

  it('reads a body that is JSON in text', () => {
    expect(adapterFor('openai').classify({ status: 429, body: JSON.stringify(OPENAI.tooLarge) }, WALL)).toMatchObject(
      tooLarge,
    );
  });

  it('treats more than the whole limit as too large, whatever the wording', () => {
    for (const rest of [
      'Limit 6000, Requested 6001.',
      'Limit 6000, Used 0, Requested ~12,903. Please try again in 150ms.',
    ]) {
      const message = `Limit exceeded on tokens per minute (TPM): ${rest}`;
      for (const provider of ['openai', 'groq', 'azure.ai.openai', 'anthropic'] as const) {
        const body = { error: { message, code: 'rate_limit_exceeded' } };
        expect(adapterFor(provider).classify({ status: 429, body }, WALL)).toMatchObject(tooLarge);
        expect(adapterFor(provider).classify({ body }, WALL)).toMatchObject(tooLarge);
      }
    }
  });

  it('is not misled by text that a 400 quotes', () => {
    const body = {
      error: {
        message: "Invalid value: 'you exceeded your current quota. Request too large for me'.",
        type: 'invalid_request_error',
        code: 'invalid_value',
      },
    };
    expect(adapterFor('openai').classify({ status: 400, body }, WALL)).toMatchObject({
      outcome: 'bad_request',
      retryable: false,
    });
  });

  it('takes the dimension of an empty bucket if the message names none', () => {
    const failure = adapterFor('anthropic').classify(
      { status: 429, body: ANTHROPIC.account, headers: headersOf(ANTHROPIC_429) },
      WALL,
    );
    expect(failure).toMatchObject({ ...throttled, dimension: 'input_tokens', limit: 30_000, resetMs: 78_000 });
  });

  it("ignores the head's headers for an error in a stream", () => {
    const failure = adapterFor('anthropic').classify(
      { status: 200, body: ANTHROPIC.overloaded, headers: headersOf('retry-after: 52\nx-should-retry: false') },
      WALL,
    );
    expect(failure).toMatchObject({ outcome: 'overloaded', retryable: true });
    expect(failure).not.toHaveProperty('hintMs');
    expect(failure).not.toHaveProperty('status');
  });

  it('distinguishes quotas from 429s of the same status in the advice', () => {
    const advice = (body: unknown): string => adapterFor('openai').classify({ status: 429, body }, WALL).advice;
    expect(
      new Set([OPENAI.rpm, OPENAI.tpm, OPENAI.rpd, OPENAI.tooLarge, OPENAI.quotaLegacy, OPENAI.slowDown].map(advice))
        .size,
    ).toBe(6);
    expect(advice(OPENAI.rpm)).toContain('Slow down requests');
    expect(advice(OPENAI.tooLarge)).toContain('Shrink tokens');
    expect(advice(OPENAI.rpd)).toContain('Raise the tier');
    expect(adapterFor('openai').classify({ status: 401 }, WALL).advice).toContain('Fix the key');
    expect(adapterFor('anthropic').classify({ status: 429, body: ANTHROPIC.fastMode }, WALL).advice).toContain('is 0');
  });
});

describe('x-should-retry', () => {
  const classify = (status: number, body: unknown, value: string): Failure =>
    adapterFor('openai').classify({ status, body, headers: headersOf(`x-should-retry: ${value}`) }, WALL);

  it('false stops retries', () => {
    expect(classify(429, OPENAI.rpm, 'false')).toMatchObject({ outcome: 'throttled', retryable: false });
    expect(classify(500, undefined, 'false')).toMatchObject({ outcome: 'server_error', retryable: false });
  });

  it.each([
    [400, OPENAI.invalid, 'bad_request'],
    [401, OPENAI.badKey, 'auth'],
    [413, undefined, 'too_large'],
  ] as const)('true makes a plain %i retryable and says so', (status, body, outcome) => {
    expect(classify(status, body, 'true')).toMatchObject({ outcome, retryable: true, headerRequested: true });
  });

  it.each([
    ['quota', 429, OPENAI.quotaLegacy],
    ['billing', 400, OPENAI.billingHardLimit],
    ['too large', 429, OPENAI.tooLarge],
  ])('true does not override %s', (_name, status, body) => {
    const failure = classify(status, body, 'true');
    expect(failure.retryable).toBe(false);
    expect(failure).not.toHaveProperty('headerRequested');
  });

  it('true changes nothing about what is retried anyway', () => {
    expect(classify(503, undefined, 'true')).not.toHaveProperty('headerRequested');
  });
});
