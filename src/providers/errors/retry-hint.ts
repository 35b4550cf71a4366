import type { HintSource } from '../../core/outcome.ts';
import { parseCount, parseDate, parseDuration, serverNow } from '../parse/numbers.ts';
import { agreedWait } from './agreed-wait.ts';
import type { ErrorFacts } from './error-envelope.ts';
import { readWait } from './requested-wait.ts';

/** The wait that a server asked for, in milliseconds, and its source. */
export interface Hint {
  readonly ms: number;
  readonly source: HintSource;
}

/**
 * The wait that the headers ask for, by `retry-after-ms` and `retry-after`, in seconds or as a date.
 * Only for error responses: providers also send `retry-after` with a 200.
 */
export function headerHint(headers: Headers | undefined, wallMs: number): Hint | undefined {
  if (!headers) return undefined;
  const ms = agreedWait(parseCount(headers.get('retry-after-ms')), retryAfter(headers, wallMs));
  return ms === undefined ? undefined : { ms, source: 'retry_after' };
}

function retryAfter(headers: Headers, wallMs: number): number | undefined {
  const value = headers.get('retry-after');
  const date = parseDate(value);
  return parseDuration(value) ?? (date === undefined ? undefined : Math.max(0, date - serverNow(headers, wallMs)));
}

/** The wait that a body asks for, in a field of its own or in words. `now` is the server's clock. */
export function bodyHint({ waitMs, message }: Pick<ErrorFacts, 'waitMs' | 'message'>, now: number): Hint | undefined {
  const words = readWait(message, now);
  const ms = Math.max(waitMs ?? -1, words ?? -1);
  return ms < 0 ? undefined : { ms, source: 'body' };
}

/** The longer hint; the first of two equal ones. */
export function longer(first: Hint | undefined, second: Hint | undefined): Hint | undefined {
  if (!first || !second) return first ?? second;
  return second.ms > first.ms ? second : first;
}
