/**
 * Parsers for the number formats of headers and messages. Each returns a finite,
 * non-negative number or undefined: an unreadable value is unknown, never 0.
 */

// `1,000` is one number; `500, 500` is a header that a proxy sent twice and means nothing.
const COUNT = /^(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/;

export function parseCount(text: string | null | undefined): number | undefined {
  if (!text) return undefined;
  const digits = plainCount(text);
  if (digits !== undefined) return digits;
  const trimmed = text.trim();
  // Durations end in a unit.
  if (!isDigit(trimmed.charCodeAt(trimmed.length - 1)) || !COUNT.test(trimmed)) return undefined;
  return finite(Number(trimmed.replaceAll(',', '')));
}

/** Most headers: up to 15 digits. Every response has some, so they are read without a pattern. */
function plainCount(text: string): number | undefined {
  if (text.length > 15) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
  ['us', 0.001],
  ['\u00b5s', 0.001],
  ['\u03bcs', 0.001],
  ['ns', 0.000_001],
]);

/** Milliseconds of a Go duration (`8.64s`, `1m26.4s`, `172.799999ms`) or of a bare number of seconds (Azure). */
export function parseDuration(text: string | null | undefined): number | undefined {
  const seconds = parseCount(text);
  return seconds === undefined ? parseUnits(text) : finite(seconds * 1_000);
}

/** Milliseconds of a Go duration. */
export function parseUnits(text: string | null | undefined): number | undefined {
  const trimmed = text?.trim();
  return trimmed ? finite(sumOfParts(trimmed)) : undefined;
}

/** Sums amounts with units (`1m26.4s`) to milliseconds; NaN if the text is anything else. */
function sumOfParts(text: string): number {
  let total = 0;
  for (let at = 0; at < text.length;) {
    const start = at;
    at = afterDigits(text, start);
    if (at > start && text.charCodeAt(at) === DOT) {
      const fraction = at + 1;
      at = afterDigits(text, fraction);
      if (at === fraction) return NaN;
    }
    const unitAt = at;
    while (at < text.length && !isDigit(text.charCodeAt(at))) at++;
    const unit = UNIT_MS.get(text.slice(unitAt, at));
    if (unit === undefined || unitAt === start) return NaN;
    total += Number(text.slice(start, unitAt)) * unit;
  }
  return total;
}

const DOT = 46;

function afterDigits(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) at++;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

// Date.parse alone also reads `5` and other fragments as dates.
const DATE = /^(?:[A-Za-z]{3,9},? .*\d{4}.*|\d{4}-\d{2}-\d{2}T.+)$/;

/** Milliseconds since 1970 of an HTTP date or an RFC 3339 time. */
export function parseDate(text: string | null | undefined): number | undefined {
  const trimmed = text?.trim();
  if (!trimmed || trimmed.length > 64 || !DATE.test(trimmed)) return undefined;
  return finite(Date.parse(trimmed));
}

/** The server's own clock if it sent one, so that a wrong local clock cancels out. */
export function serverNow(headers: Headers | undefined, wallMs: number): number {
  return parseDate(headers?.get('date')) ?? wallMs;
}

/** A count from a parsed body: undefined unless it is a non-negative number up to MAX_SAFE_INTEGER. */
export function asCount(value: unknown): number | undefined {
  // Above that, sums of counts overflow and mean nothing.
  return typeof value === 'number' && value <= Number.MAX_SAFE_INTEGER ? finite(value) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
