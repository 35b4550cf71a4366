import { describe, expect, it } from 'vitest';
import { adapterFor } from '../../src/providers/registry.ts';

const NOW = Date.parse('2026-11-26T12:00:00Z');

const e = (message: string, fields: object = {}): object => ({ error: { message, ...fields } });

/** Wordings that no one has reported, invented against the tables: a reader understands them. */
const CASES: readonly (readonly [
  name: string,
  status: number,
  body: unknown,
  headers: Record<string, string>,
  meant: object,
])[] = [
  [
    'zero rpm prose',
    429,
    e('Your account has a limit of 0 requests per minute for gpt-5-pro.'),
    {},
    { outcome: 'too_large', dimension: 'requests', limit: 0 },
  ],
  [
    'zero tpm',
    429,
    e('Rate limit reached for o9 in organization org-x on tokens per min (TPM): Limit 0, Used 0, Requested 12.', {
      code: 'rate_limit_exceeded',
    }),
    {},
    { outcome: 'too_large', dimension: 'tokens', limit: 0 },
  ],
  [
    'zero google',
    429,
    e('x', {
      status: 'RESOURCE_EXHAUSTED',
      code: 429,
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
          violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '0' }],
        },
      ],
    }),
    {},
    { outcome: 'too_large', dimension: 'requests_day', limit: 0 },
  ],
  [
    'zero concurrency',
    429,
    e('Concurrency limit exceeded. Limit: 0'),
    {},
    { outcome: 'throttled', dimension: 'concurrency' },
  ],
  [
    'zero max RPM',
    429,
    e('request reached organization max RPM: 0, please try again after 1 seconds'),
    {},
    { outcome: 'too_large', dimension: 'requests', limit: 0 },
  ],

  [
    'images per day',
    429,
    e('Rate limit reached for dall-e-3 in organization org-x on images per day: Limit 100, Used 100, Requested 1.'),
    {},
    { outcome: 'throttled', dimension: 'images' },
  ],
  [
    'audio tokens?',
    429,
    e(
      'Rate limit reached for gpt-audio on audio minutes per hour: Limit 60, Used 60, Requested 2. Please try again in 2m.',
    ),
    {},
    { outcome: 'throttled', dimension: 'audio_seconds', limit: 3600, hintMs: 120000 },
  ],
  [
    'web search calls',
    429,
    e('You have exceeded the limit of 20 web search requests per minute.'),
    {},
    { outcome: 'throttled', dimension: 'web_search', limit: 20 },
  ],
  ['tool uses', 429, e('Too many tool calls per minute.'), {}, { outcome: 'throttled', dimension: 'tools' }],

  ['1h2m', 429, e('Rate limited. Retry in 1h2m3s'), {}, { hintMs: 3723000 }],
  ['in about a minute', 429, e('Rate limited. Try again in about a minute.'), {}, { hintMs: 60000 }],
  ['half', 429, e('Rate limited. Retry-After: 12'), {}, { hintMs: undefined }],
  ['90 sec', 429, e('Please wait 90 sec before the next request'), {}, { hintMs: 90000 }],
  ['two minutes', 429, e('Please wait 2 minutes and 30 seconds.'), {}, { hintMs: 150000 }],
  ['at UTC', 429, e('Your limit will reset at 2026-11-26 12:05 UTC.'), {}, { hintMs: 300000 }],
  ['at iso ms', 429, e('Quota resets at 2026-11-26T12:00:30.500Z'), {}, { hintMs: 30500 }],
  ['resets in tilde', 429, e('limit resets in ~45s'), {}, { hintMs: 45000 }],
  ['wait_seconds field', 429, e('Slow', { wait_seconds: 7 }), {}, { hintMs: 7000 }],
  ['retry_in field', 429, { error: { message: 'x', retry_in: 7 } }, {}, { hintMs: 7000 }],
  ['reset_at field iso', 429, { error: { message: 'x', reset_at: '2026-11-26T12:00:20Z' } }, {}, { hintMs: 20000 }],
  ['retryAfter nested data', 429, { error: { message: 'x', data: { retryAfter: 9 } } }, {}, { hintMs: 9000 }],
  ['retry-after word', 429, e('Rate limit exceeded, retry after: 30 s'), {}, { hintMs: 30000 }],
  [
    'tomorrow',
    429,
    e('You have used all of your requests. They renew tomorrow at 00:00 UTC.'),
    {},
    { hintMs: 43200000 },
  ],
  ['number without a cue', 429, e('You made 500 requests in 60 seconds.'), {}, { hintMs: undefined }],
  ['prior time no cue', 429, e('In the last 10 seconds you sent 40 requests.'), {}, { hintMs: undefined }],
  ['header longer', 429, e('Please try again in 3s'), { 'retry-after': '8' }, { hintMs: 8000 }],
  ['body longer', 429, e('Please try again in 30s'), { 'retry-after': '8' }, { hintMs: 30000 }],
  ['german', 429, e('Ratenlimit erreicht. Bitte in 5 Sekunden erneut versuchen.'), {}, { outcome: 'throttled' }],

  [
    'google per month',
    429,
    e('x', {
      status: 'RESOURCE_EXHAUSTED',
      details: [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId: 'SpendPerMonth' }] }],
    }),
    {},
    { outcome: 'quota_exhausted' },
  ],
  [
    'google billing disabled',
    403,
    e('This API method requires billing to be enabled.', {
      status: 'PERMISSION_DENIED',
      details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'BILLING_DISABLED' }],
    }),
    {},
    { outcome: 'quota_exhausted' },
  ],
  [
    'google unavailable',
    503,
    [e('The model is overloaded. Please try again later.', { status: 'UNAVAILABLE', code: 503 })],
    {},
    { outcome: 'overloaded' },
  ],
  [
    'google deadline',
    504,
    [e('Deadline expired before operation could complete.', { status: 'DEADLINE_EXCEEDED', code: 504 })],
    {},
    { outcome: 'timeout' },
  ],
  [
    'mistral 422',
    422,
    { object: 'error', message: { detail: [{ msg: 'bad' }] }, type: 'invalid_request_error' },
    {},
    { outcome: 'bad_request' },
  ],
  [
    'xai 429 plain',
    429,
    { code: 'Some resource has been exhausted', error: 'Too many requests.' },
    {},
    { outcome: 'throttled' },
  ],
  [
    'bedrock quota',
    400,
    { __type: 'ServiceQuotaExceededException', message: 'Your account has exceeded its service quota.' },
    {},
    { outcome: 'throttled' },
  ],
  [
    'bedrock modelnotready',
    429,
    { message: 'Model is not ready for inference' },
    { 'x-amzn-errortype': 'ModelNotReadyException' },
    { outcome: 'overloaded' },
  ],

  [
    'flex words',
    429,
    e('The flex service tier is currently out of capacity.'),
    {},
    { outcome: 'overloaded', noCapacity: true },
  ],
  ['no available capacity', 503, e('No available capacity was found for the model.'), {}, { outcome: 'overloaded' }],
  [
    'insufficient capacity',
    429,
    e('Insufficient capacity to process your request at this time.'),
    {},
    { outcome: 'overloaded', noCapacity: true },
  ],
  [
    'priority tier ramp',
    429,
    e('Priority ramp limit exceeded', { code: 'ramp_limit_exceeded' }),
    {},
    { outcome: 'throttled', dimension: 'acceleration' },
  ],
  ['model busy', 429, e('The model is busy, please retry later.'), {}, { outcome: 'overloaded' }],
  ['server busy 200-ish', 503, 'Service Temporarily Unavailable', {}, { outcome: 'overloaded' }],
  ['queue full', 429, e('Server queue is full. Please retry.'), {}, { outcome: 'overloaded' }],
  [
    'vllm',
    503,
    { object: 'error', message: 'The server is overloaded', type: 'ServiceUnavailable', code: 503 },
    {},
    { outcome: 'overloaded' },
  ],

  ['spend cap', 429, e('You have hit your spend cap for this month.'), {}, { outcome: 'quota_exhausted' }],
  ['out of credits', 429, e('You are out of credits. Please top up your account.'), {}, { outcome: 'quota_exhausted' }],
  ['payment', 403, e('Your payment method failed; the account is past due.'), {}, { outcome: 'quota_exhausted' }],
  [
    'budget litellm',
    400,
    e('Budget has been exceeded! Current cost: 5.1, Max budget: 5.0', { type: 'budget_exceeded', code: '400' }),
    {},
    { outcome: 'quota_exhausted' },
  ],
  ['balance zh', 429, e('账户余额不足，请充值'), {}, { outcome: 'quota_exhausted' }],
  [
    '402 arrears',
    403,
    e('Access denied, please make sure your account is in good standing.', { code: 'Arrearage' }),
    {},
    { outcome: 'quota_exhausted' },
  ],
  [
    'user prompt quoting',
    400,
    e('Invalid prompt: "rate limit reached, please try again in 5s, insufficient balance"'),
    {},
    { outcome: 'bad_request' },
  ],
  [
    'concurrent anthropic',
    429,
    e('Number of concurrent connections to Claude has exceeded your rate limit.'),
    {},
    { dimension: 'concurrency' },
  ],
  ['too many connections', 429, e('Too many simultaneous requests. Limit is 4.'), {}, { dimension: 'concurrency' }],
  ['parallel', 429, e('Max parallel request limit reached. Limit: 5'), {}, { dimension: 'concurrency' }],
  [
    'cohere',
    429,
    {
      message:
        'You are using a Trial key, which is limited to 10 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key.',
    },
    {},
    { outcome: 'throttled', dimension: 'requests', limit: 10 },
  ],
  [
    'github models',
    429,
    e('Rate limit of 15 per 60s exceeded for UserByModelByMinute. Please wait 42 seconds before retrying.', {
      code: 'RateLimitReached',
    }),
    {},
    { outcome: 'throttled', hintMs: 42000 },
  ],
  ['sambanova', 429, e('Rate limit exceeded. 20 requests per minute allowed.'), {}, { dimension: 'requests' }],
  [
    'perplexity',
    429,
    e('Request rate limit exceeded, please try again later.', { type: 'request_rate_limit_exceeded', code: 429 }),
    {},
    { outcome: 'throttled', dimension: 'requests' },
  ],
  [
    'voyage',
    429,
    {
      detail:
        'You have not yet added your payment method in the billing page and will have reduced rate limits of 3 RPM and 10K TPM.',
    },
    {},
    { outcome: 'throttled' },
  ],
  [
    'novita',
    429,
    { code: 429, reason: 'RATE_LIMIT_EXCEEDED', message: 'request limit exceeded', metadata: {} },
    {},
    { outcome: 'throttled' },
  ],
];

describe('invented refusals', () => {
  it.each(CASES)('%s', (_name, status, body, headers, meant) => {
    const failure = adapterFor('openai').classify({ status, body, headers: new Headers(headers) }, NOW);
    expect(Object.fromEntries(Object.keys(meant).map((name) => [name, failure[name as keyof typeof failure]]))).toEqual(
      meant,
    );
  });
});
