import type { Dialect, ErrorAnswer, ErrorContext, HeaderOptions } from './dialect.ts';
import { bearer, findLevel, gatewayPage, json, retryHeaders, sse } from './dialect.ts';
import type { Refusal } from '../limits/limit-engine-types.ts';
import type { LimitLevel } from '../limits/limit-view.ts';
import type { LimitName } from '../limits/limits.ts';
import { hash32, mulberry32 } from '../random.ts';

const DETAILS = 'For details, refer to: https://docs.claude.com/en/api/rate-limits.';
const CONTACT =
  'contact sales at https://www.anthropic.com/contact-sales to discuss your options for a rate limit increase.';
const UNITS: Readonly<Record<LimitName, string>> = {
  requestsPerMinute: 'requests per minute',
  requestsPerDay: 'requests per day',
  tokensPerMinute: 'tokens per minute',
  tokensPerDay: 'tokens per day',
  inputTokensPerMinute: 'input tokens per minute',
  outputTokensPerMinute: 'output tokens per minute',
  imagesPerMinute: 'images per minute',
  audioSecondsPerHour: 'audio seconds per hour',
  audioSecondsPerDay: 'audio seconds per day',
};

function anthropicError(
  status: number,
  type: string,
  message: string,
  context: ErrorContext,
  headers: Readonly<Record<string, string>> = {},
  errorCode?: string,
): ErrorAnswer {
  const details = errorCode === undefined ? {} : { details: { error_code: errorCode } };
  const body = { type: 'error', error: { type, message, ...details }, request_id: context.requestId };
  return json(status, body, headers);
}

function rateLimit(
  message: string,
  context: ErrorContext,
  waitMs: number | undefined,
  errorCode?: string,
): ErrorAnswer {
  const headers = { 'x-should-retry': 'true', ...retryHeaders(waitMs, context) };
  return anthropicError(429, 'rate_limit_error', message, context, headers, errorCode);
}

export const anthropicDialect: Dialect = {
  basePath: '',
  requestIdHeader: 'request-id',
  requestIdPrefix: 'req_011C',
  defaultRetryHeader: 'seconds',
  keyOf(headers) {
    const key = headers['x-api-key'];
    return typeof key === 'string' && key !== '' ? key : bearer(headers);
  },
  organizationOf: (key) => uuidOf(key),
  commonHeaders: (organization) => ({ 'anthropic-organization-id': organization }),
  limitHeaders,
  negativeHeaders: {
    'anthropic-ratelimit-requests-limit': '-1',
    'anthropic-ratelimit-requests-remaining': '-1',
    'anthropic-ratelimit-requests-reset': '1970-01-01T00:00:00Z',
    'anthropic-ratelimit-input-tokens-limit': '-1',
    'anthropic-ratelimit-input-tokens-remaining': '-1',
    'anthropic-ratelimit-input-tokens-reset': '1970-01-01T00:00:00Z',
    'anthropic-ratelimit-output-tokens-limit': '-1',
    'anthropic-ratelimit-output-tokens-remaining': '-1',
    'anthropic-ratelimit-output-tokens-reset': '1970-01-01T00:00:00Z',
  },
  refuse,
  badRequest: (message, param, context) =>
    anthropicError(400, 'invalid_request_error', param === undefined ? message : `${param}: ${message}`, context),
  unauthorized: (context) => ({
    ...anthropicError(401, 'authentication_error', 'invalid x-api-key', context),
    limitHeaders: false,
  }),
  notFound: (_method, _path, context, message) =>
    anthropicError(404, 'not_found_error', message || 'Not Found', context),
  faults: {
    server_error: (context) => anthropicError(500, 'api_error', 'Internal server error', context),
    bad_gateway: () => gatewayPage(502),
    gateway_timeout: (context) => anthropicError(504, 'timeout_error', 'Request timed out', context),
    overloaded: (context) =>
      anthropicError(529, 'overloaded_error', 'Overloaded', context, {
        'x-should-retry': 'true',
        ...retryHeaders(undefined, context),
      }),
    overloaded_500: (context) => anthropicError(500, 'api_error', 'Overloaded', context),
    unknown_429: (context) => anthropicError(429, 'rate_limit_error', 'Too Many Requests', context),
    retry_after_day: (context) =>
      anthropicError(429, 'rate_limit_error', 'This request would exceed your rate limit.', context, {
        'retry-after': '86400',
      }),
    request_timeout: (context) => anthropicError(408, 'timeout_error', 'Request timed out', context),
    conflict: (context) => anthropicError(409, 'conflict_error', 'Conflict', context),
    auth: (context) => anthropicDialect.unauthorized(context),
    forbidden: (context) =>
      anthropicError(
        403,
        'permission_error',
        'Your API key does not have permission to use the specified resource.',
        context,
      ),
    bad_request: (context) =>
      anthropicError(400, 'invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum', context),
    spend_limit: (context) => spendLimit('enforced_spend_limit_reached', context),
    contract_spend_limit: (context) => spendLimit('contract_spend_limit_reached', context),
    specified_spend_limit: (context) =>
      anthropicError(
        400,
        'invalid_request_error',
        `You have reached your specified API usage limits. You will regain access on ${nextMonth(context.wallMs)} at 00:00 UTC.`,
        context,
      ),
    credit_balance_too_low: (context) =>
      anthropicError(
        400,
        'invalid_request_error',
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or ' +
          'purchase credits.',
        context,
      ),
    // No retry-after: waiting does not help, the rate must drop.
    fast_mode_limit: (context) =>
      anthropicError(
        429,
        'rate_limit_error',
        "This request would exceed your organization's rate limit of 0 fast mode input tokens per minute.",
        context,
        { 'anthropic-fast-input-tokens-limit': '0', 'anthropic-fast-output-tokens-limit': '0' },
      ),
    long_context_limit: (context) =>
      anthropicError(429, 'rate_limit_error', 'Extra usage is required for long context requests.', context),
    concurrency_limit: (context) => concurrency(context),
    acceleration_limit: (context) => acceleration(undefined, context),
  },
  streamError(_api, kind) {
    const error =
      kind === 'rate_limit'
        ? {
            details: null,
            type: 'rate_limit_error',
            message: "This request would exceed your organization's rate limit.",
          }
        : { details: null, type: 'overloaded_error', message: 'Overloaded' };
    return sse({ type: 'error', error }, 'error');
  },
};

function limitHeaders(levels: readonly LimitLevel[], options: HeaderOptions): Record<string, string> {
  const requests = findLevel(levels, 'requestsPerMinute');
  const input = findLevel(levels, 'inputTokensPerMinute');
  const output = findLevel(levels, 'outputTokensPerMinute');
  const headers: Record<string, string> = {};
  const put = (name: string, limit: number, remaining: number, reset: LimitLevel): void => {
    headers[`anthropic-ratelimit-${name}-limit`] = String(limit);
    headers[`anthropic-ratelimit-${name}-remaining`] = String(remaining);
    headers[`anthropic-ratelimit-${name}-reset`] = resetDate(reset, options);
  };
  if (requests) put('requests', requests.limit, Math.max(0, Math.floor(requests.remaining + 1e-6)), requests);
  if (input) put('input-tokens', input.limit, thousands(input), input);
  if (output) put('output-tokens', output.limit, thousands(output), output);
  // The captured sum has the input's reset, although the output's was later.
  if (input && output) put('tokens', input.limit + output.limit, thousands(input) + thousands(output), input);
  return headers;
}

/** Remaining tokens are rounded to the nearest thousand. */
function thousands(level: LimitLevel): number {
  return Math.min(level.limit, Math.max(0, Math.round(level.remaining / 1_000) * 1_000));
}

function resetDate(level: LimitLevel, options: HeaderOptions): string {
  if (options.epochResets && !level.touched) return '1970-01-01T00:00:00Z';
  return rfc3339(Math.ceil((options.wallMs + level.fullInMs) / 1_000) * 1_000);
}

function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function refuse(refusal: Refusal, context: ErrorContext): ErrorAnswer {
  if (refusal.by === 'maxConcurrent') return concurrency(context);
  if (refusal.by === 'acceleration') return acceleration(refusal, context);
  const message =
    `This request would exceed your organization's rate limit of ${grouped(refusal.limit)} ${UNITS[refusal.by]} ` +
    `(org: ${context.organization}, model: ${context.model}). ${DETAILS} You can see the response headers for current ` +
    'usage. Please reduce the prompt length or the maximum tokens requested, or try again later. You may also ' +
    CONTACT;
  return rateLimit(message, context, refusal.waitMs);
}

function concurrency(context: ErrorContext): ErrorAnswer {
  const message = `Number of concurrent connections has exceeded your rate limit. Please try again later or ${CONTACT}`;
  return rateLimit(message, context, undefined);
}

function acceleration(refusal: Refusal | undefined, context: ErrorContext): ErrorAnswer {
  const limits = refusal
    ? ` Your current limit is ${grouped(refusal.limit)} input tokens per minute, and will increase to ` +
      `${grouped(refusal.nextLimit ?? refusal.limit)} at the next minute boundary.`
    : '';
  const message =
    `This request would exceed your organization's maximum usage increase rate for input tokens per minute ` +
    `(org: ${context.organization}, model: ${context.model}).${limits} Please scale up your input tokens usage more ` +
    `gradually to stay within the acceleration limit. ${DETAILS}`;
  return rateLimit(message, context, refusal?.waitMs ?? 30_000, 'ramp_limit_exceeded');
}

// The only 429 without retry-after that lasts for the rest of the month.
function spendLimit(errorCode: string, context: ErrorContext): ErrorAnswer {
  const message =
    'You have reached your API usage limits: your organization has crossed its monthly API usage threshold, set based ' +
    `on your organization's API tier. You will regain access on ${nextMonth(context.wallMs)} at 00:00 UTC.`;
  return anthropicError(429, 'rate_limit_error', message, context, {}, errorCode);
}

function nextMonth(wallMs: number): string {
  const date = new Date(wallMs);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)).toISOString().slice(0, 10);
}

function grouped(units: number): string {
  return Math.round(units).toLocaleString('en-US');
}

function uuidOf(text: string): string {
  const random = mulberry32(hash32(text));
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
