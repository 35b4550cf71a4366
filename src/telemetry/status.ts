import type { Outcome } from '../core/outcome.ts';
import { OTHER } from './names.ts';

/** Statuses that providers answer with; 498 is Groq's "no flex capacity", 529 is Anthropic's "overloaded". */
const STATUSES = [200, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 498, 500, 502, 503, 504, 529] as const;

// A class keeps an unlisted status countable: rules that match `5..` also match `5xx`.
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** An attempt without a response head. */
const NO_STATUS = 'none';

const labels = new Map<number, string>(STATUSES.map((status) => [status, String(status)]));

/** Value of `http.response.status_code` on metrics; one of STATUS_LABELS. */
export function statusLabel(status: number | undefined): string {
  if (status === undefined) return NO_STATUS;
  return labels.get(status) ?? CLASSES[Math.floor(status / 100) - 1] ?? NO_STATUS;
}

/** Every value `statusLabel` can return. */
export const STATUS_LABELS: readonly string[] = [...labels.values(), ...CLASSES, NO_STATUS];

/** Error types that may label a metric; unknown ones are counted as `_OTHER`. */
const ERROR_TYPES: ReadonlySet<string> = new Set([
  'rate_limit_exceeded',
  'rate_limit_error',
  'insufficient_quota',
  'overloaded_error',
  'server_is_overloaded',
  'server_error',
  'api_error',
  'invalid_request_error',
  'authentication_error',
  'invalid_api_key',
  'timeout',
  'connection_error',
  'circuit_open',
  'bulkhead_full',
  'deadline_exceeded',
  'first_content_timeout',
  'stall_timeout',
  'too_large',
  'quota_exhausted',
  'day_limit',
  ...labels.values(),
]);

/** Value of `error.type` on metrics: from a closed set. */
export function errorTypeLabel(errorType: string | undefined): string {
  if (errorType === undefined) return OTHER;
  return ERROR_TYPES.has(errorType) ? errorType : (CONNECTION_CODES.get(errorType) ?? OTHER);
}

/** Connection error codes and their labels. */
const CONNECTION_CODES: ReadonlyMap<string, 'connection_error' | 'timeout'> = new Map([
  ['EAI_AGAIN', 'connection_error'],
  ['ECONNREFUSED', 'connection_error'],
  ['ECONNRESET', 'connection_error'],
  ['EHOSTUNREACH', 'connection_error'],
  ['ENETUNREACH', 'connection_error'],
  ['ENOTFOUND', 'connection_error'],
  ['EPIPE', 'connection_error'],
  ['UND_ERR_SOCKET', 'connection_error'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
]);

/** Additional codes allowed on spans, where cardinality is not a concern. */
const SPAN_ERROR_TYPES: ReadonlySet<string> = new Set([
  ...ERROR_TYPES,
  'billing_error',
  'conflict_error',
  'content_filter',
  'content_policy_violation',
  'context_length_exceeded',
  'invalid_prompt',
  'invalid_value',
  'json_validate_failed',
  'model_not_found',
  'not_found_error',
  'organization_on_hold',
  'permission_error',
  'ramp_limit_exceeded',
  'request_too_large',
  'service_unavailable_error',
  'slow_down',
  'string_above_max_length',
  'throttlingexception',
  'timeout_error',
  'tool_use_failed',
  'unsupported_parameter',
  'unsupported_value',
  ...CONNECTION_CODES.keys(),
]);

/** Value of `error.type` on spans: from a closed set, since a server may send any code. */
export function errorTypeOnSpan(code: string | undefined): string | undefined {
  return code !== undefined && SPAN_ERROR_TYPES.has(code) ? code : undefined;
}

/** `error.type` of one attempt: the provider's code, else the status, else the outcome. */
export function attemptErrorType(code: string | undefined, status: number | undefined, outcome: Outcome): string {
  const known = errorTypeOnSpan(code);
  if (known !== undefined) return known;
  if (status !== undefined) return String(status);
  if (outcome === 'timeout') return 'timeout';
  return outcome === 'connection' ? 'connection_error' : OTHER;
}
