import { parseCount, parseDate } from './numbers.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Units of a duration, as Go and as people write them. */
const UNITS: readonly (readonly [words: string, ms: number])[] = [
  ['milliseconds?|millis|msecs?|ms', 1],
  ['microseconds?|us|\u00b5s|\u03bcs', 0.001],
  ['nanoseconds?|ns', 0.000_001],
  ['seconds?|secs?|s', SECOND],
  ['minutes?|mins?|m', MINUTE],
  ['hours?|hrs?|h', HOUR],
  ['days?|d', DAY],
  ['weeks?', 7 * DAY],
];

const AMOUNT = '\\d{1,12}(?:,\\d{3})*(?:\\.\\d{1,9})?';
const UNIT = UNITS.map(([words]) => words).join('|');
const PART = new RegExp(
  `\\s{0,3}(?:(${AMOUNT})[\\s-]{0,3}|(?:an?|one)\\s{1,3})(${UNIT})(?![a-z\u00b5\u03bc])(?:\\s{0,3},)?(?:\\s{1,3}and(?=\\s))?`,
  'iy',
);
const UNIT_MS = UNITS.map(([words, ms]) => [new RegExp(`^(?:${words})$`, 'i'), ms] as const);

const MAX_PARTS = 6;

/** Milliseconds of the duration in `text` at `at`: `6m0s`, `1.6 seconds`, `1 minute and 30 seconds`. Never a bare number. */
export function durationAt(text: string, at: number): number | undefined {
  let total: number | undefined;
  PART.lastIndex = at;
  for (let parts = 0; parts < MAX_PARTS; parts++) {
    const match = PART.exec(text);
    if (!match) break;
    const amount = match[1] === undefined ? 1 : parseCount(match[1]);
    const unit = UNIT_MS.find(([words]) => words.test(match[2]!));
    if (amount === undefined || !unit) break;
    total = (total ?? 0) + amount * unit[1];
  }
  return total !== undefined && Number.isFinite(total) ? total : undefined;
}

const ZONE = '(?:\\s?(Z|\\(?UTC\\)?|\\(?GMT\\)?|[+-]\\d\\d:?\\d\\d))';
const CLOCK = '(\\d{1,2}):(\\d{2})(?::(\\d{2}(?:\\.\\d{1,9})?))?\\s?(am|pm)?';

// "2026-09-01 at 00:00 UTC", "2026-09-01T00:00:00.000Z"; a day alone begins at midnight UTC.
const DATE = new RegExp(`(\\d{4}-\\d{2}-\\d{2})(?:(?:T|\\s(?:at\\s)?)${CLOCK}${ZONE})?(?![\\dT:])`, 'iy');
const HTTP_DATE = /[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT/y;
// "tomorrow at 00:00 UTC", "5:30 PM UTC", "midnight UTC".
const OF_DAY = new RegExp(`(tomorrow,?\\s(?:at\\s)?)?(?:${CLOCK}|(midnight))${ZONE}(\\stomorrow)?`, 'iy');
const EPOCH = /(1\d{9}|1\d{12})(?![\d.])/y;

/** Latest time that is accepted as a number of seconds since 1970. */
const MAX_AHEAD_MS = 400 * DAY;

/** Milliseconds from `nowMs` to the time in `text` at `at`; 0 for one that has passed. A time without a zone is ignored. */
export function timeAt(text: string, at: number, nowMs: number): number | undefined {
  const time = dateAt(text, at) ?? ofDayAt(text, at, nowMs) ?? epochAt(text, at, nowMs);
  return time === undefined || !Number.isFinite(time) ? undefined : Math.max(0, time - nowMs);
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function dateAt(text: string, at: number): number | undefined {
  const http = match(HTTP_DATE, text, at);
  if (http) return parseDate(http[0]);
  const date = match(DATE, text, at);
  if (!date) return undefined;
  const [, day, hours, minutes, seconds, half, zone] = date;
  if (hours === undefined) return parseDate(`${day}T00:00:00Z`);
  return parseDate(`${day}T${clock(hours, half)}:${minutes}:${seconds ?? '00'}${offset(zone!)}`);
}

function ofDayAt(text: string, at: number, nowMs: number): number | undefined {
  const found = Math.abs(nowMs) < 8.64e15 - DAY ? match(OF_DAY, text, at) : undefined;
  if (!found) return undefined;
  const [, before, hours, minutes, seconds, half, midnight, zone, behind] = found;
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const time = midnight ? '00:00:00' : `${clock(hours!, half)}:${minutes}:${seconds ?? '00'}`;
  const sameDay = parseDate(`${today}T${time}${offset(zone!)}`);
  if (sameDay === undefined) return undefined;
  const tomorrow = before !== undefined || behind !== undefined;
  return tomorrow || sameDay < nowMs ? sameDay + DAY : sameDay;
}

function epochAt(text: string, at: number, nowMs: number): number | undefined {
  const digits = match(EPOCH, text, at)?.[1];
  if (digits === undefined) return undefined;
  const time = Number(digits) * (digits.length === 10 ? SECOND : 1);
  return Math.abs(time - nowMs) < MAX_AHEAD_MS ? time : undefined;
}

function clock(hours: string, half: string | undefined): string {
  const hour = Number(hours);
  const of24 = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  return String(of24).padStart(2, '0');
}

function offset(zone: string): string {
  return /^[+-]/.test(zone) ? zone.replace(/^(...)(\d\d)$/, '$1:$2') : 'Z';
}
