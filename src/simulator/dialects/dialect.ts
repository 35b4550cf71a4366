import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerFault } from '../faults/fault-kinds.ts';
import type { Refusal } from '../limits/limit-engine-types.ts';
import type { LimitLevel } from '../limits/limit-view.ts';
import type { LimitName } from '../limits/limits.ts';

/** A complete answer that is not a success. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a string as HTML. */
  readonly body: unknown;
  /** Real 401s and gateways' pages have no rate-limit headers. */
  readonly limitHeaders: boolean;
}

/** Data for error texts and headers. */
export interface ErrorContext {
  readonly model: string;
  readonly organization: string;
  readonly requestId: string;
  /** Wall clock in ms, for dates. */
  readonly wallMs: number;
  readonly apiVersion: string;
  readonly retryHeader: RetryHeader;
  /** Whether too many concurrent requests are refused as a rate limit; otherwise OpenAI and Groq call it overload. */
  readonly concurrencyThrottles: boolean;
  /** Replaces the true wait, in seconds. */
  readonly retryAfterSeconds: number | undefined;
}

/**
 * Which retry hints a refusal carries: `retry-after` in whole seconds, as providers send it, or in exact ones, as some
 * gateways do; `retry-after-ms`; whole seconds and milliseconds both; or none.
 */
export type RetryHeader = 'none' | 'seconds' | 'exact' | 'milliseconds' | 'both';
export const RETRY_HEADERS: readonly RetryHeader[] = ['none', 'seconds', 'exact', 'milliseconds', 'both'];

export interface HeaderOptions {
  readonly wallMs: number;
  /** Whether the `requests` headers show the limit per day of models that have one. */
  readonly requestsHeader: 'day' | 'minute';
  /** Anthropic: an untouched bucket resets in 1970. */
  readonly epochResets: boolean;
  /** Resets are seconds since 1970, not durations. Anthropic's are dates in any case. */
  readonly absoluteResets: boolean;
}

/** The two shapes of streams: named events with a type, or bare data lines. */
export type StreamApi = 'chat' | 'responses' | 'messages';

/** The wire format of one provider. */
export interface Dialect {
  /** Path of the SDK's base URL. */
  readonly basePath: string;
  readonly requestIdHeader: string;
  readonly requestIdPrefix: string;
  readonly defaultRetryHeader: RetryHeader;
  keyOf(headers: IncomingHttpHeaders): string | undefined;
  /** Account id in texts, derived from the key without revealing it. */
  organizationOf(key: string): string;
  commonHeaders(organization: string): Record<string, string>;
  limitHeaders(levels: readonly LimitLevel[], options: HeaderOptions): Record<string, string>;
  /** Headers that `limitHeaders` may set, for answers that state -1. */
  readonly negativeHeaders: Readonly<Record<string, string>>;
  refuse(refusal: Refusal, context: ErrorContext): ErrorAnswer;
  badRequest(message: string, param: string | undefined, context: ErrorContext): ErrorAnswer;
  unauthorized(context: ErrorContext): ErrorAnswer;
  /** @param message Replaces the text about an unknown path; '' for none. */
  notFound(method: string, path: string, context: ErrorContext, message: string): ErrorAnswer;
  readonly faults: Readonly<Partial<Record<AnswerFault, (context: ErrorContext) => ErrorAnswer>>>;
  /** Server-sent events, complete with their blank line. */
  streamError(api: StreamApi, kind: 'overloaded' | 'rate_limit', sequence: number): string;
}

/** `retry-after` and `retry-after-ms` for a wait; empty when the provider gives no hint. */
export function retryHeaders(waitMs: number | undefined, context: ErrorContext): Record<string, string> {
  if (context.retryAfterSeconds !== undefined) return { 'retry-after': String(context.retryAfterSeconds) };
  if (waitMs === undefined) return {};
  const headers: Record<string, string> = {};
  const { retryHeader } = context;
  if (retryHeader === 'seconds' || retryHeader === 'both') {
    headers['retry-after'] = String(Math.max(1, Math.ceil(waitMs / 1_000 - 1e-6)));
  }
  if (retryHeader === 'exact') headers['retry-after'] = String(Math.max(1, wholeMs(waitMs)) / 1_000);
  if (retryHeader === 'milliseconds' || retryHeader === 'both') {
    headers['retry-after-ms'] = String(Math.max(1, wholeMs(waitMs)));
  }
  return headers;
}

/** Rounded up, so that a client that follows it is not early. */
export function wholeMs(ms: number): number {
  return Math.ceil(ms - 1e-6);
}

/** A reset as a duration in the provider's format, or as a time. */
export function resetOf(level: LimitLevel, options: HeaderOptions, duration: string): string {
  return options.absoluteResets ? String(Math.ceil((options.wallMs + level.fullInMs) / 1_000)) : duration;
}

/** Fallback for providers without a text for too many concurrent requests. */
export const CONCURRENCY_MESSAGE = 'Rate limit reached: too many concurrent requests. Please try again later.';

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  limitHeaders = true,
): ErrorAnswer {
  return { status, body, headers, limitHeaders };
}

/** The answer of a proxy in front of the provider. */
export function gatewayPage(status: 502 | 504): ErrorAnswer {
  const title = status === 502 ? '502 Bad Gateway' : '504 Gateway Time-out';
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n`;
  return { status, body, limitHeaders: false };
}

export function bearer(headers: IncomingHttpHeaders): string | undefined {
  const match = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? '');
  return match?.[1]?.trim() || undefined;
}

export function findLevel(levels: readonly LimitLevel[], ...names: readonly LimitName[]): LimitLevel | undefined {
  for (const name of names) {
    const level = levels.find((each) => each.name === name);
    if (level) return level;
  }
  return undefined;
}

/** `remaining` as headers write it. */
export function wholeUnits(remaining: number): number {
  return Math.max(0, Math.floor(remaining + 1e-6));
}

export function sse(data: unknown, event?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`;
}
