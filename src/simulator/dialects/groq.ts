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
  requestsPerMinute: 'requests per minute',
  requestsPerDay: 'requests per day',
  tokensPerMinute: 'tokens per minute',
  tokensPerDay: 'tokens per day',
  inputTokensPerMinute: 'input tokens per minute',
  outputTokensPerMinute: 'output tokens per minute',
  imagesPerMinute: 'images per minute',
  audioSecondsPerHour: 'seconds of audio per hour',
  audioSecondsPerDay: 'seconds of audio per day',
};
// Every refusal of the free tier ends like this, whichever limit was hit.
const UPGRADE = 'Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing';

function groqError(
  status: number,
  message: string,
  type: string,
  code: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): ErrorAnswer {
  return json(status, { error: { message, type, ...(code === undefined ? {} : { code }) } }, headers);
}

export const groqDialect: Dialect = {
  basePath: '',
  requestIdHeader: 'x-request-id',
  requestIdPrefix: 'req_01',
  defaultRetryHeader: 'seconds',
  keyOf: bearer,
  organizationOf: (key) => `org_01${randomId(mulberry32(hash32(key)), 24).toLowerCase()}`,
  commonHeaders: () => ({
    'x-groq-region': 'fra',
    'cache-control': 'private, max-age=0, no-store, no-cache, must-revalidate',
  }),
  // Only requests per day and tokens per minute, whatever else is limited.
  limitHeaders: (levels, options) => ({
    ...nanosecondHeaders('requests', findLevel(levels, 'requestsPerDay'), options),
    ...nanosecondHeaders('tokens', findLevel(levels, 'tokensPerMinute'), options),
    ...nanosecondHeaders('audio-seconds', findLevel(levels, 'audioSecondsPerHour'), options),
  }),
  negativeHeaders: {
    'x-ratelimit-limit-requests': '-1',
    'x-ratelimit-remaining-requests': '-1',
    'x-ratelimit-reset-requests': '0s',
    'x-ratelimit-limit-tokens': '-1',
    'x-ratelimit-remaining-tokens': '-1',
    'x-ratelimit-reset-tokens': '0s',
  },
  refuse,
  badRequest: (message) => groqError(400, message, 'invalid_request_error', undefined),
  unauthorized: () => ({
    ...groqError(401, 'Invalid API Key', 'invalid_request_error', 'invalid_api_key'),
    limitHeaders: false,
  }),
  notFound: (method, path, _context, message) =>
    groqError(
      404,
      message || `Unknown request URL: ${method} ${path}. Please check the URL for typos.`,
      'invalid_request_error',
      message ? 'model_not_found' : 'unknown_url',
    ),
  faults: {
    server_error: () => groqError(500, 'Internal Server Error', 'internal_server_error', undefined),
    bad_gateway: () => gatewayPage(502),
    gateway_timeout: () => gatewayPage(504),
    overloaded: (context) => overCapacity(context),
    flex_capacity: () => groqError(498, 'Flex tier capacity exceeded.', 'internal_server_error', 'capacity_exceeded'),
    unknown_429: () => groqError(429, 'Too Many Requests', 'rate_limit_error', undefined),
    retry_after_day: () =>
      groqError(429, 'Rate limit reached. Please try again later.', 'requests', 'rate_limit_exceeded', {
        'retry-after': '86400',
      }),
    request_timeout: () => groqError(408, 'Request Timeout', 'invalid_request_error', undefined),
    conflict: () => groqError(409, 'Conflict', 'invalid_request_error', undefined),
    auth: (context) => groqDialect.unauthorized(context),
    forbidden: () => groqError(403, 'Forbidden', 'permissions_error', 'model_permission_blocked_org'),
    bad_request: () =>
      groqError(
        400,
        'Please reduce the length of the messages or completion.',
        'invalid_request_error',
        'context_length_exceeded',
      ),
    blocked_api_access: () =>
      groqError(
        400,
        'API access blocked: organization spending limit reached',
        'invalid_request_error',
        'blocked_api_access',
      ),
  },
  streamError(_api, kind) {
    const error =
      kind === 'rate_limit'
        ? { message: 'Rate limit reached. Please try again later.', type: 'tokens', code: 'rate_limit_exceeded' }
        : { message: 'over capacity', type: 'internal_server_error', code: 'over_capacity' };
    return sse({ error }, 'error');
  },
};

/** Durations keep nanoseconds: `172.799999ms` was seen. */
function nanosecondHeaders(
  name: string,
  level: LimitLevel | undefined,
  options: HeaderOptions,
): Record<string, string> {
  if (!level) return {};
  return {
    [`x-ratelimit-limit-${name}`]: String(level.limit),
    [`x-ratelimit-remaining-${name}`]: String(wholeUnits(level.remaining)),
    [`x-ratelimit-reset-${name}`]: resetOf(level, options, goDuration(level.fullInMs)),
  };
}

function refuse(refusal: Refusal, context: ErrorContext): ErrorAnswer {
  if (refusal.by === 'maxConcurrent' && context.concurrencyThrottles) {
    return groqError(429, CONCURRENCY_MESSAGE, 'requests', 'rate_limit_exceeded', retryHeaders(undefined, context));
  }
  if (refusal.by === 'maxConcurrent' || refusal.by === 'acceleration') return overCapacity(context);
  const kind = LIMIT_KINDS.find((each) => each.name === refusal.by)!;
  const type = kind.unit === 'requests' ? 'requests' : 'tokens';
  const where =
    `for model \`${context.model}\` in organization \`${context.organization}\` service tier \`on_demand\` on ` +
    `${PHRASES[kind.name]} (${kind.short})`;
  const requested = Math.ceil(refusal.requested);
  if (refusal.tooLarge) {
    // The output limit answers 429, every other one 413; neither gives a hint.
    const output = refusal.by === 'outputTokensPerMinute';
    const advice = output
      ? ". The request's expected output tokens exceed the enforced limit; reduce max_tokens (or the request's " +
        `expected output) and try again. ${UPGRADE}`
      : `, please reduce your message size and try again. ${UPGRADE}`;
    const message = `Request too large ${where}: Limit ${refusal.limit}, Requested ${requested}${advice}`;
    return groqError(output ? 429 : 413, message, type, 'rate_limit_exceeded');
  }
  const waitMs = wholeMs(refusal.waitMs ?? 0);
  const message =
    `Rate limit reached ${where}: Limit ${refusal.limit}, Used ${refusal.used}, Requested ${requested}. ` +
    `Please try again in ${goDuration(waitMs)}. ${UPGRADE}`;
  return groqError(429, message, type, 'rate_limit_exceeded', retryHeaders(waitMs, context));
}

function overCapacity(context: ErrorContext): ErrorAnswer {
  const message = `${context.model} is currently over capacity. Please try again and back off exponentially.`;
  return groqError(503, message, 'internal_server_error', undefined, retryHeaders(undefined, context));
}
