import type { Dimension, Failure, LimitReading } from '../../core/outcome.ts';
import type { ErrorResponse } from '../../core/provider.ts';
import { adviceFor } from './advice.ts';
import { type ErrorFacts, readErrorEnvelope } from './error-envelope.ts';
import { isRetryable, judge } from './error-rules.ts';
import { bodyHint, type Hint, headerHint, longer } from './retry-hint.ts';
import { type LimitText, readLimitText } from './limit-message.ts';
import { readAccess } from './requested-wait.ts';
import { emptyQuotaResetMs } from '../parse/gateway-limits.ts';
import { serverNow } from '../parse/numbers.ts';

type ReadLimits = (headers: Headers, wallMs: number) => LimitReading[];

/**
 * Classifies an error response, or an error inside a stream.
 * The body decides before the status does; `x-should-retry` decides last.
 */
export function classify(response: ErrorResponse, wallMs: number, readLimits: ReadLimits): Failure {
  // An error after a 2xx head has the status and headers of that head, which say nothing about it.
  const status = response.status !== undefined && response.status >= 300 ? response.status : undefined;
  const headers = status === undefined ? undefined : response.headers;
  const facts = readErrorEnvelope(response.body, headers);
  const { codes, message, quota } = facts;
  const text = withFields(readLimitText(message, codes), facts.limit);
  // Behind a 2xx head only the body can name a status.
  const { outcome, shrinkRate, noCapacity } = judge({
    status: status ?? facts.status,
    codes,
    message,
    limit: text,
    quota,
  });
  const now = serverNow(headers, wallMs);

  const readings = headers ? readLimits(headers, wallMs) : [];
  const empty = readings
    .filter((reading) => reading.remaining === 0)
    .toSorted((a, b) => (b.resetMs ?? 0) - (a.resetMs ?? 0));
  const dimension = dimensionOf(outcome, shrinkRate, text, empty);
  // Of several windows, the empty one refused.
  const numbers = limitNumbers(outcome, dimension, text, [...empty, ...readings]);
  const resetMs = outcome === 'quota_exhausted' ? readAccess(message, now) : numbers.resetMs;
  const hint = text.foreignWait ? undefined : hintOf(outcome, headers, facts, empty, wallMs);
  const code = codes[0];

  return {
    outcome,
    ...(dimension === undefined ? {} : { dimension }),
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    ...retryable(outcome, status, headers?.get('x-should-retry')),
    ...(hint === undefined ? {} : { hintMs: hint.ms, hintSource: hint.source }),
    ...(shrinkRate ? { shrinkRate } : {}),
    ...(noCapacity ? { noCapacity } : {}),
    ...numbers,
    ...(text.name === undefined ? {} : { limitName: text.name }),
    ...(resetMs === undefined ? {} : { resetMs }),
    advice: adviceFor(outcome, dimension, { codes, limit: numbers.limit, noCapacity }),
  };
}

/**
 * The server's word counts as it does for the SDKs, unless the same request can never succeed: an exhausted quota,
 * and a request that is larger than a limit.
 */
function retryable(
  outcome: Failure['outcome'],
  status: number | undefined,
  asked: string | null | undefined,
): Pick<Failure, 'retryable' | 'headerRequested'> {
  if (asked === 'false') return { retryable: false };
  const refused = outcome === 'bad_request' || outcome === 'auth' || (outcome === 'too_large' && status === 413);
  if (asked === 'true' && refused) return { retryable: true, headerRequested: true };
  return { retryable: isRetryable(outcome) };
}

function dimensionOf(
  outcome: Failure['outcome'],
  shrinkRate: boolean | undefined,
  text: LimitText,
  empty: readonly LimitReading[],
): Dimension | undefined {
  if (outcome === 'quota_exhausted') return 'quota';
  if (outcome === 'too_large') return text.dimension;
  if (outcome !== 'throttled') return undefined;
  if (shrinkRate) return 'acceleration';
  return text.dimension === 'unknown' ? (empty[0]?.dimension ?? 'unknown') : text.dimension;
}

/** Header and body must both be respected, so the longer wait counts; when a limit is whole again, only without either. */
function hintOf(
  outcome: Failure['outcome'],
  headers: Headers | undefined,
  facts: ErrorFacts,
  empty: readonly LimitReading[],
  wallMs: number,
): Hint | undefined {
  const now = serverNow(headers, wallMs);
  const told = longer(headerHint(headers, wallMs), bodyHint(facts, now));
  if (told || outcome !== 'throttled') return told;
  return fieldHint(facts, now) ?? resetHint(empty[0]?.resetMs ?? emptyQuotaResetMs(headers, wallMs));
}

type LimitNumbers = Pick<Failure, 'limit' | 'remaining' | 'requested' | 'resetMs' | 'windowMs'>;

/** The message's numbers first: it names the limit that was hit, the headers only some of them. */
function limitNumbers(
  outcome: Failure['outcome'],
  dimension: Dimension | undefined,
  text: LimitText,
  readings: readonly LimitReading[],
): LimitNumbers {
  if (outcome !== 'throttled' && outcome !== 'too_large') return {};
  const header = readings.find(
    (each) => each.dimension === dimension && (text.limit === undefined || text.limit === each.limit),
  );
  const limit = text.limit ?? header?.limit;
  const windowMs = text.windowMs ?? header?.windowMs;
  const remaining =
    text.limit !== undefined && text.used !== undefined ? Math.max(0, text.limit - text.used) : header?.remaining;
  // Buckets refill continuously: what is used divided by the rate is the time until full.
  const refillMs =
    text.limit && text.windowMs && text.used !== undefined ? (text.used / text.limit) * text.windowMs : undefined;
  const resetMs = header?.resetMs ?? refillMs;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(text.requested === undefined ? {} : { requested: text.requested }),
    ...(resetMs === undefined ? {} : { resetMs }),
    ...(windowMs === undefined ? {} : { windowMs }),
  };
}

/** Fields are more exact than words. */
function withFields(text: LimitText, fields: LimitText | undefined): LimitText {
  if (!fields) return text;
  return { ...text, ...fields, dimension: fields.dimension === 'unknown' ? text.dimension : fields.dimension };
}

/** When the limit is whole again, by fields of the body. */
function fieldHint({ resetAt, resetInMs }: ErrorFacts, now: number): Hint | undefined {
  const ms = resetInMs ?? (resetAt === undefined ? undefined : Math.max(0, resetAt - now));
  return ms === undefined ? undefined : { ms, source: 'body' };
}

/** The time until an empty bucket is full: longer than needed, so only where the server said nothing better. */
function resetHint(resetMs: number | undefined): Hint | undefined {
  return resetMs === undefined || resetMs === 0 ? undefined : { ms: resetMs, source: 'reset_header' };
}
