import type { Failure } from '../../core/outcome.ts';
import { timeFailure, TimeUp } from '../../core/time-limits.ts';
import { adviceFor } from './advice.ts';
import { classNames } from '../parse/class-names.ts';
import { asObject } from '../parse/json.ts';

/** Names and codes of an error and its causes. */
const TIMEOUT = new Set([
  'TimeoutError',
  'APIConnectionTimeoutError',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'HeadersTimeoutError',
  'BodyTimeoutError',
  'ConnectTimeoutError',
  // The SDKs abort an attempt to time it out; the caller of this function recognises the application's own abort.
  'AbortError',
]);

/** The peer or the request will be the same next time. */
const PERMANENT = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Network access is blocked by Node's permission model or by a mocking library. */
const FORBIDDEN = new Set([
  'ERR_ACCESS_DENIED',
  // undici's MockAgent, and nock.
  'UND_MOCK_ERR_MOCK_NOT_MATCHED',
  'NetConnectNotAllowedError',
  'ERR_NOCK_NO_MATCH',
]);

const NO_NETWORK =
  'Open the network or stand in for the provider: this process may not connect to it (docs/testing.md), and nothing was sent.';

const INVALID = new Set(['ERR_INVALID_URL', 'ERR_INVALID_CHAR', 'UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);

/** What fetch refuses by itself, before anything is sent; it says so by these words alone. */
const REFUSED_BY_FETCH = new Set([
  'bad port',
  'unknown scheme',
  'not implemented... yet...',
  'URL scheme must be a HTTP(S) scheme',
  'invalid method',
  // node-fetch.
  'Only HTTP(S) protocols are supported',
]);

const BAD_URL = 'Fix the base URL: fetch refuses its port or scheme, and nothing was sent.';

const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{2,47}$/;
const TIMED_OUT = /\btimed? ?out\b/i;
const MAX_CAUSES = 8;

/**
 * Classifies a failed fetch. `aborted`: whether the application's own signal has aborted.
 * A certificate that cannot be verified, a closed network and a malformed request are not retryable; all else is.
 */
export function classifyConnection(error: unknown, aborted: boolean): Failure {
  if (error instanceof TimeUp && !aborted) return timeFailure(error.limit);
  const { names, codes, messages } = describeChain(error);
  if (aborted || names.includes('APIUserAbortError')) return failure('cancelled', false, undefined);
  const code = codes[0];
  if (codes.some((each) => INVALID.has(each))) return failure('bad_request', false, code);
  if (messages.some((each) => REFUSED_BY_FETCH.has(each))) {
    return { ...failure('bad_request', false, code), advice: BAD_URL };
  }
  if ([...codes, ...names].some((each) => FORBIDDEN.has(each))) {
    return { ...failure('connection', false, code), advice: NO_NETWORK };
  }
  if (codes.some((each) => PERMANENT.has(each))) return failure('connection', false, code);
  const timedOut =
    names.some((each) => TIMEOUT.has(each)) ||
    codes.some((each) => TIMEOUT.has(each)) ||
    messages.some((each) => TIMED_OUT.test(each));
  return failure(timedOut ? 'timeout' : 'connection', true, code);
}

/** A body that ended cleanly but too early: an intermediary closed the connection as if the answer were complete. */
export const UNFINISHED: Failure = failure('connection', true, undefined);

/** A body that should be JSON and is not: the answer does not come from the provider's API. */
export const UNREADABLE: Failure = failure('server_error', false, undefined);

function failure(outcome: Failure['outcome'], retryable: boolean, code: string | undefined): Failure {
  return { outcome, ...(code === undefined ? {} : { code }), retryable, advice: adviceFor(outcome) };
}

interface Chain {
  /** `name` and class names, the subclass first. */
  readonly names: readonly string[];
  /** System error codes such as ECONNRESET. */
  readonly codes: readonly string[];
  readonly messages: readonly string[];
}

/** Walks `cause` and the errors of an AggregateError (one for each address that was tried). */
export function describeChain(error: unknown): Chain {
  const names: string[] = [];
  const codes: string[] = [];
  const messages: string[] = [];
  const pending: unknown[] = [error];
  const seen = new Set<unknown>();
  while (pending.length > 0 && seen.size < MAX_CAUSES) {
    const each = asObject(pending.shift());
    if (!each || seen.has(each)) continue;
    seen.add(each);
    if (typeof each['name'] === 'string') names.push(each['name']);
    // The SDKs' errors do not set `name`.
    names.push(...classNames(each));
    if (typeof each['code'] === 'string' && SYSTEM_CODE.test(each['code'])) codes.push(each['code']);
    if (typeof each['message'] === 'string') messages.push(each['message'].slice(0, 500));
    pending.push(each['cause']);
    if (Array.isArray(each['errors'])) pending.push(...(each['errors'] as unknown[]).slice(0, MAX_CAUSES));
  }
  return { names, codes, messages };
}
