import type { Dimension } from '../../core/dimensions.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** What a limit counts, as messages and quota names put it; the more specific first. */
interface Noun {
  readonly pattern: string;
  readonly perMinute: Dimension;
  readonly perDay?: Dimension;
  /** Units of the limit per unit of this noun. */
  readonly times?: number;
}

const REQUESTS: Noun = { pattern: '', perMinute: 'requests', perDay: 'requests_day' };

const NOUNS: readonly Noun[] = [
  { pattern: 'long[- _]context(?: requests| input tokens| tokens)?', perMinute: 'long_context' },
  { pattern: 'input[- _]?images?', perMinute: 'input_images' },
  { pattern: '(?:output[- _]|generated )?images?(?: generat(?:ions|ed))?', perMinute: 'images' },
  { pattern: 'seconds of audio|audio[- _]seconds', perMinute: 'audio_seconds', perDay: 'audio_seconds_day' },
  { pattern: 'minutes of audio|audio[- _]minutes', perMinute: 'audio_seconds', perDay: 'audio_seconds_day', times: 60 },
  { pattern: 'web[- _]?search(?:es)?(?: requests| tool uses| uses)?|search(?:es| queries)', perMinute: 'web_search' },
  { pattern: 'tool[- _](?:calls|uses|invocations)', perMinute: 'tools' },
  { pattern: '(?:input|prompt)[- _]tokens?(?:[- _]count)?', perMinute: 'input_tokens', perDay: 'tokens_day' },
  {
    pattern: '(?:output|completion|generated)[- _]tokens?(?:[- _]count)?',
    perMinute: 'output_tokens',
    perDay: 'tokens_day',
  },
  { pattern: 'tokens?(?:[- _]count)?', perMinute: 'tokens', perDay: 'tokens_day' },
  { ...REQUESTS, pattern: 'requests?|queries|calls?' },
];

export const NOUN: string = NOUNS.map(({ pattern }) => pattern).join('|');
const NOUN_PATTERNS = NOUNS.map((noun) => [new RegExp(`^(?:${noun.pattern})$`, 'i'), noun] as const);

/** Windows, by the beginning of their word. */
const WINDOWS: readonly (readonly [word: string, ms: number])[] = [
  ['sec', SECOND],
  ['min', MINUTE],
  ['hou', HOUR],
  ['day', DAY],
];

export const WINDOW: string = `(?:${WINDOWS.map(([word]) => word).join('|')})`;

/** The limit that a noun and a window name, with the window's length and the units of one noun. */
export interface NamedLimit {
  readonly dimension: Dimension;
  readonly windowMs: number;
  readonly times: number;
}

export function namedLimit(noun: string, window: string | undefined, count: string | undefined = '1'): NamedLimit {
  const { perMinute, perDay, times = 1 } = NOUN_PATTERNS.find(([pattern]) => pattern.test(noun))?.[1] ?? REQUESTS;
  const word = window?.toLowerCase().slice(0, 3);
  const unitMs = WINDOWS.find(([each]) => each === word)?.[1] ?? MINUTE;
  const windowMs = unitMs * Math.max(1, Number(count) || 1);
  return { dimension: windowMs >= DAY && perDay ? perDay : perMinute, windowMs, times };
}

/** "RPM", "TPD", "ITPM": what is counted, and the window. */
export const SHORT = '(?:[IO]?T|R|I)P[SMHD]';
const SHORT_NOUNS: Readonly<Record<string, string>> = {
  R: 'requests',
  T: 'tokens',
  IT: 'input tokens',
  OT: 'output tokens',
  I: 'images',
};
const SHORT_WINDOWS: Readonly<Record<string, string>> = { S: 'sec', M: 'min', H: 'hour', D: 'day' };

/** The limit that an abbreviation of that form names. */
export function shortLimit(short: string): NamedLimit {
  const upper = short.toUpperCase();
  return namedLimit(SHORT_NOUNS[upper.slice(0, -2)] ?? '', SHORT_WINDOWS[upper.at(-1)!]);
}
