import type { HintSource } from '../../core/outcome.ts';
import { DURATION_SOURCE, parseCount, parseDate, parseDuration, serverNow } from '../parse/numbers.ts';

/** How long a server asked to wait, in milliseconds, and where it said so. */
export interface Hint {
  readonly ms: number;
  readonly source: HintSource;
}

/**
 * The wait that the headers ask for: `retry-after-ms`, then `retry-after` in seconds or as a date.
 * Only for error responses: providers also send `retry-after` with a 200.
 */
export function headerHint(headers: Headers | undefined, wallMs: number): Hint | undefined {
  if (!headers) return undefined;
  const ms = parseCount(headers.get('retry-after-ms'));
  if (ms !== undefined) return { ms, source: 'retry_after' };
  const value = headers.get('retry-after');
  const wait = parseDuration(value);
  if (wait !== undefined) return { ms: wait, source: 'retry_after' };
  const date = parseDate(value);
  if (date === undefined) return undefined;
  return { ms: Math.max(0, date - serverNow(headers, wallMs)), source: 'retry_after' };
}

// OpenAI and Groq: "Please try again in 1m26.4s."
const TRY_AGAIN = new RegExp(`try again in\\s*(${DURATION_SOURCE})`, 'i');
const TRY_AGAIN_WORDS = /try again in\s*(\d+(?:\.\d+)?) ?(millisecond|second|minute|hour)/i;
// Azure: "Please retry after 33 seconds."
const RETRY_AFTER_WORDS = /retry after\s*(\d+(?:\.\d+)?) ?(millisecond|second|minute|hour)/i;
const WORD_MS: Readonly<Record<string, number>> = { millisecond: 1, second: 1_000, minute: 60_000, hour: 3_600_000 };

/** The wait that a message asks for. */
export function messageHint(message: string): Hint | undefined {
  const duration = parseDuration(TRY_AGAIN.exec(message)?.[1]);
  if (duration !== undefined) return { ms: duration, source: 'body' };
  const words = TRY_AGAIN_WORDS.exec(message) ?? RETRY_AFTER_WORDS.exec(message);
  const amount = parseCount(words?.[1]);
  return words && amount !== undefined ? { ms: amount * WORD_MS[words[2]!.toLowerCase()]!, source: 'body' } : undefined;
}

// Anthropic's spend limits: "You will regain access on 2026-09-01 at 00:00 UTC."
const REGAIN = /regain access on (\d{4}-\d{2}-\d{2})(?: at (\d{2}:\d{2}) UTC)?/i;

/** Milliseconds until the date at which a spend limit ends, where the message names one. */
export function regainAccessMs(message: string, headers: Headers | undefined, wallMs: number): number | undefined {
  const match = REGAIN.exec(message);
  if (!match) return undefined;
  const date = parseDate(`${match[1]}T${match[2] ?? '00:00'}:00Z`);
  return date === undefined ? undefined : Math.max(0, date - serverNow(headers, wallMs));
}
