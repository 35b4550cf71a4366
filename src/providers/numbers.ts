/**
 * Readers for the number formats of headers and messages. Each returns a finite,
 * non-negative number or undefined: what cannot be read is unknown, never 0.
 */

// `1,000` is one number; `500, 500` is a header that a proxy sent twice and means nothing.
const COUNT = /^(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/;

export function parseCount(text: string | null | undefined): number | undefined {
  const trimmed = text?.trim();
  if (!trimmed || !COUNT.test(trimmed)) return undefined;
  return finite(Number(trimmed.replaceAll(',', '')));
}

const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  μs: 0.001,
  ns: 0.000_001,
};

/** Source of one Go duration such as `1m26.4s`; `ms` stands before `m`. Both code points of µ occur. */
export const DURATION_SOURCE = '(?:\\d+(?:\\.\\d+)?(?:h|ms|us|\u00b5s|\u03bcs|ns|m|s))+';

const DURATION = new RegExp(`^${DURATION_SOURCE}$`);
const DURATION_PART = /(\d+(?:\.\d+)?)(h|ms|us|\u00b5s|\u03bcs|ns|m|s)/g;

/** Milliseconds of a Go duration (`8.64s`, `1m26.4s`, `172.799999ms`) or of a bare number of seconds (Azure). */
export function parseDuration(text: string | null | undefined): number | undefined {
  const trimmed = text?.trim();
  if (!trimmed) return undefined;
  const seconds = parseCount(trimmed);
  if (seconds !== undefined) return finite(seconds * 1_000);
  if (!DURATION.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(DURATION_PART)) total += Number(amount) * UNIT_MS[unit!]!;
  return finite(total);
}

// Date.parse alone also reads `5` and other fragments as dates.
const DATE = /^(?:[A-Za-z]{3,9},? .*\d{4}.*|\d{4}-\d{2}-\d{2}T.+)$/;

/** Milliseconds since 1970 of an HTTP date or an RFC 3339 time. */
export function parseDate(text: string | null | undefined): number | undefined {
  const trimmed = text?.trim();
  if (!trimmed || trimmed.length > 64 || !DATE.test(trimmed)) return undefined;
  return finite(Date.parse(trimmed));
}

/** The server's own clock where it sent one, so that a wrong local clock cancels out. */
export function serverNow(headers: Headers | undefined, wallMs: number): number {
  return parseDate(headers?.get('date')) ?? wallMs;
}

/** A count from a parsed body: undefined unless it is a finite number of at least 0. */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' ? finite(value) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
