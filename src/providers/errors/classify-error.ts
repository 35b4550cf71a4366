import { systemClock } from '../../core/clock.ts';
import type { Failure } from '../../core/outcome.ts';
import type { ErrorDetails } from '../../errors.ts';
import { adapterFor } from '../registry.ts';
import { classNames } from '../parse/class-names.ts';
import { classifyConnection, describeChain } from './classify-connection.ts';
import { inferProvider } from '../seam/infer-provider.ts';
import { asObject } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';

/**
 * Explains an error of an OpenAI, Anthropic or Groq client: its outcome, the limit that was hit, and what to
 * do about it. Errors of guarded clients carry the answer already; others are read from status, headers and body.
 * `attempts` is then 1 where a response came and 0 where none did, and `waitedMs` is 0.
 *
 * @returns undefined for an error that no SDK and no connection caused.
 *
 * @example
 * import { classifyError } from 'tidegate';
 * try {
 *   await client.chat.completions.create(body);
 * } catch (error) {
 *   if (classifyError(error)?.outcome === 'quota_exhausted') notifyBilling();
 *   throw error;
 * }
 */
export function classifyError(error: unknown): ErrorDetails | undefined {
  const object = asObject(error);
  if (!object) return undefined;
  const known = asObject(object['tidegate']);
  if (typeof known?.['outcome'] === 'string') return known as unknown as ErrorDetails;
  const found = classifyUnguarded(object);
  if (!found) return undefined;
  const { failure } = found;
  return {
    outcome: failure.outcome,
    dimension: failure.dimension,
    attempts: found.responded ? 1 : 0,
    waitedMs: 0,
    limit: failure.limit,
    remaining: failure.remaining,
    resetMs: failure.resetMs ?? failure.hintMs,
    advice: failure.advice,
  };
}

interface Found {
  readonly failure: Failure;
  readonly responded: boolean;
}

function classifyUnguarded(error: JsonObject): Found | undefined {
  const classes = classNames(error);
  if (classes.includes('APIConnectionError') || classes.includes('APIUserAbortError')) {
    return { failure: classifyConnection(error, classes.includes('APIUserAbortError')), responded: false };
  }
  const status = typeof error['status'] === 'number' ? error['status'] : undefined;
  // Bundlers rename classes, so a status with headers or a body is enough.
  if (classes.includes('APIError') || (status !== undefined && ('headers' in error || 'error' in error))) {
    return { failure: classifyResponse(error, classes, status), responded: true };
  }
  if (error['name'] === 'AbortError') return { failure: classifyConnection(error, true), responded: false };
  return isConnectionError(error) ? { failure: classifyConnection(error, false), responded: false } : undefined;
}

function classifyResponse(error: JsonObject, classes: readonly string[], status: number | undefined): Failure {
  const headers = asHeaders(error['headers']);
  // Without a JSON body the SDK puts its text into the message, behind the status.
  const body = error['error'] ?? String(error['message'] ?? '').replace(/^\d{3} /, '');
  const provider = inferProvider(classes, headers, body);
  return adapterFor(provider).classify({ status, headers, body }, systemClock.wall());
}

function asHeaders(value: unknown): Headers | undefined {
  if (value instanceof Headers) return value;
  const object = asObject(value);
  if (!object) return undefined;
  if (typeof object['get'] === 'function') return value as Headers;
  const headers = new Headers();
  for (const [name, text] of Object.entries(object)) {
    if (typeof text === 'string' && /^[\w-]+$/.test(name) && /^[\x20-\x7e]*$/.test(text)) headers.set(name, text);
  }
  return headers;
}

// The error of a broken body reaches the application as fetch threw it.
const BROKEN_BODY = /^(?:terminated|fetch failed|premature close|other side closed|socket hang up)$/i;

function isConnectionError(error: JsonObject): boolean {
  const { names, codes, messages } = describeChain(error);
  return (
    codes.some((code) => /^(?:E[A-Z]{3,}|UND_ERR_\w+)$/.test(code)) ||
    names.includes('TimeoutError') ||
    messages.some((message) => BROKEN_BODY.test(message))
  );
}
