import type { Dialect, ErrorAnswer, ErrorContext, HeaderOptions } from './dialect.ts';
import {
  bearer,
  CONCURRENCY_MESSAGE,
  findLevel,
  gatewayPage,
  json,
  resetOf,
  retryHeaders,
  sse,
  wholeMs,
  wholeUnits,
} from './dialect.ts';
import { goDuration } from './go-duration.ts';
import type { Refusal } from '../limits/limit-engine-types.ts';
import type { LimitLevel } from '../limits/limit-view.ts';
import { LIMIT_KINDS, type LimitName } from '../limits/limits.ts';
import { hash32, mulberry32, randomId } from '../random.ts';

const PHRASES: Readonly<Record<LimitName, string>> = {
  requestsPerMinute: 'requests per min',
  requestsPerDay: 'requests per day',
  tokensPerMinute: 'tokens per min',
  tokensPerDay: 'tokens per day',
  inputTokensPerMinute: 'input tokens per min',
  outputTokensPerMinute: 'output tokens per min',
  imagesPerMinute: 'input-images per min',
  audioSecondsPerHour: 'audio seconds per hour',
  audioSecondsPerDay: 'audio seconds per day',
};
const VISIT = 'Visit https://platform.openai.com/account/rate-limits to learn more.';
const OVERLOADED = 'Our servers are currently overloaded. Please try again later.';
const SORRY =
  'The server had an error processing your request. Sorry about that! You can retry your request, or contact us ' +
  'through our help center at help.openai.com if you keep seeing this error.';

export function openaiError(
  status: number,
  message: string,
  type: string | null,
  code: string | null,
  headers: Readonly<Record<string, string>> = {},
  param: string | null = null,
): ErrorAnswer {
  return json(status, { error: { message, type, param, code } }, headers);
}

export const openaiDialect: Dialect = {
  basePath: '/v1',
  requestIdHeader: 'x-request-id',
  requestIdPrefix: 'req_',
  defaultRetryHeader: 'seconds',
  keyOf: bearer,
  organizationOf: (key) => `org-${randomId(mulberry32(hash32(key)), 24)}`,
  commonHeaders: (organization) => ({
    'openai-organization': organization,
    'openai-version': '2020-10-01',
  }),
  limitHeaders(levels, options) {
    const requests =
      options.requestsHeader === 'day'
        ? findLevel(levels, 'requestsPerDay', 'requestsPerMinute')
        : findLevel(levels, 'requestsPerMinute');
    return {
      ...durationHeaders('requests', requests, options),
      ...durationHeaders('tokens', findLevel(levels, 'tokensPerMinute'), options),
    };
  },
  negativeHeaders: {
    'x-ratelimit-limit-requests': '-1',
    'x-ratelimit-remaining-requests': '-1',
    'x-ratelimit-reset-requests': '0',
    'x-ratelimit-limit-tokens': '-1',
    'x-ratelimit-remaining-tokens': '-1',
    'x-ratelimit-reset-tokens': '0',
  },
  refuse,
  badRequest: (message, param) => openaiError(400, message, 'invalid_request_error', null, {}, param ?? null),
  unauthorized: () =>
    json(
      401,
      {
        error: {
          message:
            'Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.',
          type: 'invalid_request_error',
          param: null,
          code: 'invalid_api_key',
        },
      },
      {},
      false,
    ),
  notFound: (method, path, _context, message) =>
    openaiError(404, message || `Invalid URL (${method} ${path})`, 'invalid_request_error', null),
  faults: {
    server_error: () => openaiError(500, SORRY, 'server_error', null),
    bad_gateway: () => gatewayPage(502),
    gateway_timeout: () => gatewayPage(504),
    overloaded: (context) => overloaded(context),
    slow_down: (context) => slowDown(undefined, context),
    unknown_429: () => openaiError(429, 'Too Many Requests', null, null),
    retry_after_day: () =>
      openaiError(429, 'Rate limit reached. Please try again later.', 'requests', 'rate_limit_exceeded', {
        'retry-after': '86400',
      }),
    request_timeout: () => openaiError(408, 'Request timeout.', 'timeout', null),
    conflict: () => openaiError(409, 'The resource was updated by another request.', 'conflict', null),
    auth: (context) => openaiDialect.unauthorized(context),
    forbidden: () =>
      openaiError(403, 'You are not allowed to sample from this model.', 'invalid_request_error', 'model_not_allowed'),
    bad_request: () =>
      openaiError(
        400,
        "This model's maximum context length is 128000 tokens. Please reduce the length of the messages.",
        'invalid_request_error',
        'context_length_exceeded',
        {},
        'messages',
      ),
    insufficient_quota: () =>
      quota(
        'insufficient_quota',
        'You exceeded your current quota, please check your plan and billing details. For more information on this ' +
          'error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
      ),
    credit_balance_exhausted: () =>
      quota(
        'credit_balance_exhausted',
        'You have no credits remaining. Add credits to continue using the API at ' +
          'https://platform.openai.com/settings/organization/billing/.',
      ),
    organization_spend_limit: () =>
      quota('organization_spend_limit_exceeded', 'Your organization has reached its spend limit.'),
    project_spend_limit: () => quota('project_spend_limit_exceeded', 'Your project has reached its spend limit.'),
    organization_usage_limit: () =>
      quota('organization_usage_limit_exceeded', 'Your organization has reached its usage limit.'),
    billing_hard_limit: () =>
      openaiError(
        400,
        'Billing hard limit has been reached.',
        'billing_limit_user_error',
        'billing_hard_limit_reached',
      ),
  },
  streamError(api, kind, sequence) {
    if (api === 'responses') return responsesError(kind, sequence);
    const error =
      kind === 'rate_limit'
        ? {
            message: 'Rate limit reached. Please try again later.',
            type: 'tokens',
            param: null,
            code: 'rate_limit_exceeded',
          }
        : { message: SORRY, type: 'server_error', param: null, code: null };
    return sse({ error }) + sse('[DONE]');
  },
};

/** `error`, then `response.failed`: the observed order. */
function responsesError(kind: 'overloaded' | 'rate_limit', sequence: number): string {
  const code = kind === 'rate_limit' ? 'rate_limit_exceeded' : 'server_is_overloaded';
  const message = kind === 'rate_limit' ? 'Rate limit reached. Please try again later.' : OVERLOADED;
  // The flat shape is documented, the nested one was recorded with real overload.
  const shape =
    kind === 'rate_limit'
      ? { code, message, param: null }
      : {
          error: {
            type: 'service_unavailable_error',
            code,
            headers: { 'x-retry-metadata': 'NO_MORE_RETRY' },
            message,
            param: null,
          },
        };
  const response = {
    id: 'resp_failed',
    object: 'response',
    status: 'failed',
    error: { code, message },
    output: [],
    usage: null,
  };
  return (
    sse({ type: 'error', ...shape, sequence_number: sequence }, 'error') +
    sse({ type: 'response.failed', sequence_number: sequence + 1, response }, 'response.failed')
  );
}

function durationHeaders(name: string, level: LimitLevel | undefined, options: HeaderOptions): Record<string, string> {
  if (!level) return {};
  return {
    [`x-ratelimit-limit-${name}`]: String(level.limit),
    [`x-ratelimit-remaining-${name}`]: String(wholeUnits(level.remaining)),
    // OpenAI truncates to milliseconds: 4.5 ms was seen as `4ms`.
    [`x-ratelimit-reset-${name}`]: resetOf(level, options, goDuration(Math.floor(level.fullInMs + 1e-6))),
  };
}

function refuse(refusal: Refusal, context: ErrorContext): ErrorAnswer {
  if (refusal.by === 'acceleration') return slowDown(refusal.waitMs, context);
  if (refusal.by === 'maxConcurrent') {
    if (!context.concurrencyThrottles) return overloaded(context);
    return openaiError(429, CONCURRENCY_MESSAGE, 'requests', 'rate_limit_exceeded', retryHeaders(undefined, context));
  }
  const kind = LIMIT_KINDS.find((each) => each.name === refusal.by)!;
  const type = kind.unit === 'requests' ? 'requests' : 'tokens';
  const where = `for ${context.model} in organization ${context.organization} on ${PHRASES[kind.name]} (${kind.short})`;
  if (refusal.tooLarge) {
    const message =
      `Request too large ${where}: Limit ${refusal.limit}, Requested ${Math.ceil(refusal.requested)}. ` +
      `The input or output tokens must be reduced in order to run successfully. ${VISIT}`;
    return openaiError(429, message, type, 'rate_limit_exceeded');
  }
  const waitMs = wholeMs(refusal.waitMs ?? 0);
  const message =
    `Rate limit reached ${where}: Limit ${refusal.limit}, Used ${refusal.used}, ` +
    `Requested ${Math.ceil(refusal.requested)}. Please try again in ${goDuration(waitMs)}. ${VISIT}`;
  return openaiError(429, message, type, 'rate_limit_exceeded', retryHeaders(waitMs, context));
}

// Type and code are known, the message is not.
function slowDown(waitMs: number | undefined, context: ErrorContext): ErrorAnswer {
  const message = 'Slow down: your request rate has increased too quickly. Please ramp up traffic more gradually.';
  return openaiError(429, message, 'rate_limit_error', 'slow_down', retryHeaders(waitMs, context));
}

export function overloaded(context: ErrorContext): ErrorAnswer {
  const headers = retryHeaders(undefined, context);
  return openaiError(503, OVERLOADED, 'service_unavailable_error', 'server_is_overloaded', headers);
}

function quota(code: string, message: string): ErrorAnswer {
  return openaiError(429, message, 'insufficient_quota', code);
}
