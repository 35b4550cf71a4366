import type { Dimension } from '../../core/dimensions.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** What a limit counts, in the words of messages and of quota names; the more special first. */
interface Noun {
  readonly words: string;
  readonly perMinute: Dimension;
  readonly perDay?: Dimension;
  /** Units of the limit in one of these words. */
  readonly times?: number;
}

const REQUESTS: Noun = { words: '', perMinute: 'requests', perDay: 'requests_day' };

const NOUNS: readonly Noun[] = [
  { words: 'long[- _]context(?: requests| input tokens| tokens)?', perMinute: 'long_context' },
  { words: 'input[- _]?images?', perMinute: 'input_images' },
  { words: '(?:output[- _]|generated )?images?(?: generat(?:ions|ed))?', perMinute: 'images' },
  { words: 'seconds of audio|audio[- _]seconds', perMinute: 'audio_seconds', perDay: 'audio_seconds_day' },
  { words: 'minutes of audio|audio[- _]minutes', perMinute: 'audio_seconds', perDay: 'audio_seconds_day', times: 60 },
  { words: 'web[- _]?search(?:es)?(?: requests| tool uses| uses)?|search(?:es| queries)', perMinute: 'web_search' },
  { words: 'tool[- _](?:calls|uses|invocations)', perMinute: 'tools' },
  { words: '(?:input|prompt)[- _]tokens?(?:[- _]count)?', perMinute: 'input_tokens', perDay: 'tokens_day' },
  {
    words: '(?:output|completion|generated)[- _]tokens?(?:[- _]count)?',
    perMinute: 'output_tokens',
    perDay: 'tokens_day',
  },
  { words: 'tokens?(?:[- _]count)?', perMinute: 'tokens', perDay: 'tokens_day' },
  { ...REQUESTS, words: 'requests?|queries|calls?' },
];

export const NOUN: string = NOUNS.map(({ words }) => words).join('|');
const NOUN_PATTERNS = NOUNS.map((noun) => [new RegExp(`^(?:${noun.words})$`, 'i'), noun] as const);

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
  const { perMinute, perDay, times = 1 } = NOUN_PATTERNS.find(([words]) => words.test(noun))?.[1] ?? REQUESTS;
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
