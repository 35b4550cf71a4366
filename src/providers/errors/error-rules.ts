import type { Failure } from '../../core/outcome.ts';
import type { LimitText } from './limit-message.ts';

/** What the rules decide from. */
export interface ErrorEvidence {
  /** Absent for an error inside a stream. */
  readonly status: number | undefined;
  readonly codes: readonly string[];
  readonly message: string;
  readonly limit: LimitText;
  /** Fields of the body say that a budget or a monthly quota is used up. */
  readonly quota?: boolean | undefined;
}

export interface Verdict {
  readonly outcome: Failure['outcome'];
  readonly shrinkRate?: boolean;
  readonly noCapacity?: boolean;
}

const QUOTA_CODES = new Set([
  // OpenAI; `usage_limit_reached` is its Codex backend.
  'insufficient_quota',
  'credit_balance_exhausted',
  'organization_spend_limit_exceeded',
  'project_spend_limit_exceeded',
  'organization_usage_limit_exceeded',
  'usage_limit_reached',
  'billing_hard_limit_reached',
  'billing_limit_user_error',
  'billing_not_active',
  // Anthropic.
  'billing_error',
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_billing_unavailable',
  'linked_organization_spend_limit_reached',
  'user_profile_billing_not_authorized',
  'user_profile_not_billable',
  // Groq.
  'blocked_api_access',
  // LiteLLM's proxy, Alibaba.
  'budget_exceeded',
  'arrearage',
  // Google.
  'billing_disabled',
  'consumer_suspended',
]);

const QUOTA_MESSAGE =
  /you have no credits remaining|billing hard limit has been reached|your credit balance is too low|you have reached your (?:specified )?(?:workspace )?api usage limits|api access blocked: organization spending limit|insufficient (?:balance|credits|funds)|used all available credits|reached (?:its|your) monthly spending limit|monthly spending cap|prepa(?:id|yment) credits are depleted|account [\w./ -]{0,80}is suspended|\bout of credits\b|(?:reached|hit|exceeded) your spend(?:ing)? (?:cap|limit)|budget has been exceeded|\baccount is past due\b|\u4f59\u989d\u4e0d\u8db3|\u5df2\u6b20\u8d39/i;
/** Google uses this for per-minute limits too; its details distinguish them. */
const CURRENT_QUOTA = /you exceeded your current quota/i;
const GOOGLE_LIMIT = 'resource_exhausted';
/** Qwen sends OpenAI's billing code for its tokens-per-minute limit too, with an explanation that distinguishes it. */
const EXPLAINED_LIMIT = /error-code#token-limit\b/;

// "S0 pricing tier. Please retry after 86400 seconds": the request or the pricing tier can never fit.
const AZURE_RETRY_SECONDS = /retry after (\d+) seconds/i;
const AZURE_NEVER_SECONDS = 3_600;

const TOO_LARGE_CODES = new Set(['request_too_large', 'request_body_too_large_after_decoding']);
const TOO_LARGE_MESSAGE = /request too large for|extra usage is required for long context/i;

const ACCELERATION_CODES = new Set(['slow_down', 'ramp_limit_exceeded', 'limit_burst_rate']);
const ACCELERATION_MESSAGE =
  /maximum usage increase rate|acceleration limit|request rate increased too (?:quickly|fast)/i;

const AUTH_CODES = new Set([
  'invalid_api_key',
  'authentication_error',
  'permission_error',
  'organization_on_hold',
  'unauthenticated',
  'permission_denied',
  'accessdeniedexception',
  'unrecognizedclientexception',
]);

/** A tier or a model is out of capacity, which concerns neither the account nor the provider's health. */
const NO_CAPACITY_CODES = new Set(['resource_unavailable', 'capacity_exceeded', 'service_tier_capacity_exceeded']);
const NO_CAPACITY_MESSAGE =
  /\bno capacity\b|(?:tier )?capacity exceeded|resource unavailable|didn't generate (?:the )?first token before|\bduring peak load\b|\bout of capacity\b|\b(?:insufficient|not enough) capacity\b|\bworker local total request limit reached\b/i;

const OVERLOAD_CODES = new Set([
  'overloaded_error',
  'server_is_overloaded',
  'service_unavailable_error',
  'provider_unavailable',
  'unavailable',
  'engine_overloaded',
  'modelnotreadyexception',
  'serviceunavailableexception',
]);
const OVERLOAD_MESSAGE =
  /\boverloaded\b|\bover capacity\b|experiencing high demand|temporarily unable to process|currently unavailable|too busy|\bis busy\b|at capacity|\bqueue is full\b/i;

const THROTTLE_CODES = new Set([
  'rate_limit_exceeded',
  'rate_limit_error',
  'resource_exhausted',
  'throttlingexception',
  'servicequotaexceededexception',
  'too_many_requests',
  'rate_limited',
  'model_rate_limit',
  'rate_limit',
  'ratelimitreached',
]);
/** After a 2xx head, and in plain text, only the words decide. */
const THROTTLE_MESSAGE =
  /^(?:\W{0,4}(?:error|http)?\W{0,3}429\b|(?:[\w-]{1,20} ){0,3}rate[- ]limit|too many (?:requests|tokens))|error-code#token-limit\b|\u901f\u7387\u9650\u5236|\u5e76\u53d1\u6570\u8fc7\u9ad8|\u4f7f\u7528\u4e0a\u9650/i;
/** Each server has its own code for this. */
const THROTTLE_CODE = /(?:^|_)rate_?limit|throttl|^too_many_|_quota_exceeded$/;

const TIMEOUT_CODES = new Set(['timeout_error', 'vector_store_timeout', 'deadline_exceeded', 'modeltimeoutexception']);

// Errors inside streams have no status: these codes say that the request itself is wrong.
const BAD_REQUEST_CODE =
  /^(?:invalid_|image_|empty_image|unsupported_|failed_to_download|compaction_)|_policy(?:_violation)?$|not_found(?:_error)?$|^(?:tool_use_failed|json_validate_failed|context_length_exceeded|string_above_max_length|data_residency_mismatch)$/;

/**
 * The order in which an error is judged; the first rule that holds decides.
 *
 * | evidence | outcome |
 * |---|---|
 * | quota code, field or message, 402, Azure "retry after" of an hour or more | quota_exhausted |
 * | flex and service tiers without capacity, 498, slow_down as 503 | overloaded, noCapacity |
 * | "Request too large", 413, a limit of 0, more requested than the whole limit, whatever else is said | too_large |
 * | slow_down, ramp limit | throttled, shrinkRate |
 * | 401, 403, key and permission codes | auth |
 * | 429 or 5xx that says overloaded, unless a 429 means requests in flight; 503, 529 | overloaded |
 * | throttle code, 429 | throttled |
 * | 408, timeout codes on 5xx (Anthropic's 504) or in a stream | timeout |
 * | 409 | conflict |
 * | other 4xx | bad_request |
 * | other 5xx (504 without a timeout code included) | server_error |
 * | in a stream, by code; unknown codes | bad_request; server_error |
 */
export function judge(evidence: ErrorEvidence): Verdict {
  const { status, codes } = evidence;
  const has: Has = (set) => codes.some((code) => set.has(code));

  if (status === 402 || isMoney(evidence, has)) return { outcome: 'quota_exhausted' };
  if (hasNoCapacity(evidence, has)) return { outcome: 'overloaded', noCapacity: true };
  if (status === 413 || has(TOO_LARGE_CODES) || says(evidence, TOO_LARGE_MESSAGE) || neverFits(evidence)) {
    return { outcome: 'too_large' };
  }
  if (has(ACCELERATION_CODES) || (limited(status) && says(evidence, ACCELERATION_MESSAGE))) {
    return { outcome: 'throttled', shrinkRate: true };
  }
  if (status === 401 || status === 403 || (has(AUTH_CODES) && !isServerError(status))) return { outcome: 'auth' };
  if (overloaded(evidence, has)) return { outcome: 'overloaded' };
  if (status === 429 || throttled(evidence, has)) {
    return { outcome: 'throttled' };
  }
  if (status === 408 || (has(TIMEOUT_CODES) && (status === undefined || isServerError(status)))) {
    return { outcome: 'timeout' };
  }
  if (status === 409 || (status === undefined && codes.includes('conflict_error'))) return { outcome: 'conflict' };
  if (status !== undefined) return { outcome: isServerError(status) ? 'server_error' : 'bad_request' };
  return { outcome: codes.some((code) => BAD_REQUEST_CODE.test(code)) ? 'bad_request' : 'server_error' };
}

const CODES: readonly ReadonlySet<string>[] = [
  QUOTA_CODES,
  TOO_LARGE_CODES,
  ACCELERATION_CODES,
  AUTH_CODES,
  NO_CAPACITY_CODES,
  OVERLOAD_CODES,
  THROTTLE_CODES,
  TIMEOUT_CODES,
];

/** Whether a code is one that providers use for errors. */
export function isKnownCode(code: string): boolean {
  return (
    [BAD_REQUEST_CODE, THROTTLE_CODE, /_error$/].some((codes) => codes.test(code)) || CODES.some((set) => set.has(code))
  );
}

/** Whether an error's own words say that it is a refusal, where neither status nor code does. */
export function isKnownRefusal(message: string): boolean {
  return [THROTTLE_MESSAGE, QUOTA_MESSAGE, OVERLOAD_MESSAGE, NO_CAPACITY_MESSAGE].some((words) => words.test(message));
}

/** Whether the vocabulary lets an outcome be sent again. */
export function isRetryable(outcome: Failure['outcome']): boolean {
  return RETRYABLE[outcome];
}

const RETRYABLE: Readonly<Record<Failure['outcome'], boolean>> = {
  throttled: true,
  overloaded: true,
  server_error: true,
  timeout: true,
  connection: true,
  conflict: true,
  too_large: false,
  quota_exhausted: false,
  auth: false,
  bad_request: false,
  cancelled: false,
};

/**
 * A refusal may match anywhere in its message. A 400 may quote the caller's
 * own text, so there the message must begin with the phrase.
 */
function says({ status, message }: ErrorEvidence, pattern: RegExp): boolean {
  const at = message.search(pattern);
  return at === 0 || (at > 0 && (status === 403 || limited(status)));
}

function limited(status: number | undefined): boolean {
  return status === undefined || status === 429 || isServerError(status);
}

type Has = (set: ReadonlySet<string>) => boolean;

function isMoney(evidence: ErrorEvidence, has: Has): boolean {
  return !EXPLAINED_LIMIT.test(evidence.message) && (has(QUOTA_CODES) || quotaIsSaid(evidence));
}

function throttled({ status, codes, message }: ErrorEvidence, has: Has): boolean {
  if (has(THROTTLE_CODES)) return true;
  if (status !== undefined && !limited(status)) return false;
  if (codes.some((code) => THROTTLE_CODE.test(code))) return true;
  return status === undefined && THROTTLE_MESSAGE.test(message);
}

function quotaIsSaid(evidence: ErrorEvidence): boolean {
  if (evidence.quota || says(evidence, QUOTA_MESSAGE) || azureNever(evidence)) return true;
  return says(evidence, CURRENT_QUOTA) && !evidence.codes.includes(GOOGLE_LIMIT);
}

function hasNoCapacity(evidence: ErrorEvidence, has: Has): boolean {
  const { status, codes } = evidence;
  if (status === 498 || (status === 503 && codes.includes('slow_down'))) return true;
  return limited(status) && (has(NO_CAPACITY_CODES) || says(evidence, NO_CAPACITY_MESSAGE));
}

function azureNever({ status, message }: ErrorEvidence): boolean {
  return limited(status) && Number(AZURE_RETRY_SECONDS.exec(message)?.[1] ?? 0) >= AZURE_NEVER_SECONDS;
}

function neverFits({ status, limit }: ErrorEvidence): boolean {
  if (!limited(status) || limit.limit === undefined) return false;
  return limit.limit === 0 || (limit.requested ?? 0) > limit.limit;
}

function overloaded(evidence: ErrorEvidence, has: Has): boolean {
  const { status, limit } = evidence;
  if (status === 503 || status === 529) return !has(THROTTLE_CODES);
  // A server that refuses what exceeds its number of requests in flight is not ill.
  if (status === 429 && limit.dimension === 'concurrency') return false;
  return limited(status) && (has(OVERLOAD_CODES) || says(evidence, OVERLOAD_MESSAGE));
}

function isServerError(status: number | undefined): boolean {
  return status !== undefined && status >= 500;
}
