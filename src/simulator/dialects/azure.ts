import type { Dialect, ErrorAnswer, ErrorContext, HeaderOptions } from './dialect.ts';
import { bearer, findLevel, json, resetOf, retryHeaders, wholeUnits } from './dialect.ts';
import { openaiDialect } from './openai.ts';
import type { Refusal } from '../limits/limit-engine-types.ts';
import type { LimitLevel } from '../limits/limit-view.ts';

const INCREASE =
  'Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.';

/** Azure writes OpenAI's envelope with the status as a string for code, and no type. */
function azureError(status: number, code: string, message: string, headers: Record<string, string> = {}): ErrorAnswer {
  return json(status, { error: { code, message } }, headers);
}

export const azureDialect: Dialect = {
  ...openaiDialect,
  basePath: '/openai',
  defaultRetryHeader: 'both',
  keyOf(headers) {
    const key = headers['api-key'];
    return typeof key === 'string' && key !== '' ? key : bearer(headers);
  },
  commonHeaders: () => ({ 'x-ms-region': 'East US' }),
  limitHeaders: (levels, options) => ({
    ...secondsHeaders('requests', findLevel(levels, 'requestsPerMinute'), options),
    ...secondsHeaders('tokens', findLevel(levels, 'tokensPerMinute'), options),
  }),
  refuse(refusal, context) {
    if (refusal.by === 'maxConcurrent' || refusal.by === 'acceleration') return highDemand(refusal.waitMs, context);
    return limited(refusal, context);
  },
  badRequest: (message, param) =>
    json(400, { error: { message, type: 'invalid_request_error', param: param ?? null, code: null } }),
  unauthorized: () => ({
    ...azureError(
      401,
      '401',
      'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an ' +
        'active subscription and use a correct regional API endpoint for your resource.',
    ),
    limitHeaders: false,
  }),
  notFound: (_method, _path, _context, message) => azureError(404, '404', message || 'Resource not found'),
  faults: {
    server_error: () => azureError(500, 'InternalServerError', 'Internal server error'),
    bad_gateway: openaiDialect.faults.bad_gateway!,
    gateway_timeout: openaiDialect.faults.gateway_timeout!,
    overloaded: (context) =>
      azureError(
        503,
        'ServiceUnavailable',
        'The service is temporarily unable to process your request. Please try again later.',
        retryHeaders(undefined, context),
      ),
    high_demand: (context) => highDemand(20_000, context),
    unknown_429: () => azureError(429, '429', 'Rate limit is exceeded.'),
    retry_after_day: (context) => retryInSeconds('token', 86_400, context),
    request_timeout: () => azureError(408, 'Timeout', 'The operation was timeout.'),
    conflict: () => azureError(409, 'Conflict', 'The resource was updated by another request.'),
    auth: (context) => azureDialect.unauthorized(context),
    forbidden: () =>
      azureError(403, 'AuthenticationTypeDisabled', 'Key based authentication is disabled for this resource.'),
    bad_request: openaiDialect.faults.bad_request!,
    insufficient_quota: openaiDialect.faults.insufficient_quota!,
  },
};

function limited(refusal: Refusal, context: ErrorContext): ErrorAnswer {
  const rate = refusal.by === 'requestsPerMinute' || refusal.by === 'requestsPerDay' ? 'call' : 'token';
  // A request larger than the deployment's whole quota gets a hint of one day.
  if (refusal.tooLarge) return retryInSeconds(rate, 86_400, context);
  const seconds = Math.max(1, Math.ceil((refusal.waitMs ?? 0) / 1_000 - 1e-6));
  const answer = retryInSeconds(rate, seconds, context);
  return { ...answer, headers: retryHeaders(refusal.waitMs, context) };
}

function retryInSeconds(rate: 'call' | 'token', seconds: number, context: ErrorContext): ErrorAnswer {
  const message =
    `Requests to the ChatCompletions_Create Operation under Azure OpenAI API version ${context.apiVersion} have ` +
    `exceeded ${rate} rate limit of your current OpenAI S0 pricing tier. Please retry after ${seconds} ` +
    `second${seconds === 1 ? '' : 's'}. ${INCREASE}`;
  return azureError(429, '429', message, retryHeaders(seconds * 1_000, context));
}

function highDemand(waitMs: number | undefined, context: ErrorContext): ErrorAnswer {
  // Header and message state the same time, since the longer one would count.
  const seconds = context.retryAfterSeconds ?? Math.max(1, Math.ceil((waitMs ?? 20_000) / 1_000));
  const message =
    'The system is currently experiencing high demand and cannot process your request. Your request exceeds the ' +
    `maximum usage size allowed during peak load. Please retry after ${seconds} seconds. For improved latency ` +
    'reliability, consider switching to Provisioned Throughput.';
  return azureError(429, '429', message, retryHeaders(seconds * 1_000, context));
}

/** Resets are whole seconds, not durations. */
function secondsHeaders(name: string, level: LimitLevel | undefined, options: HeaderOptions): Record<string, string> {
  if (!level) return {};
  return {
    [`x-ratelimit-limit-${name}`]: String(level.limit),
    [`x-ratelimit-remaining-${name}`]: String(wholeUnits(level.remaining)),
    [`x-ratelimit-reset-${name}`]: resetOf(level, options, String(Math.ceil(level.fullInMs / 1_000 - 1e-6))),
  };
}
