/**
 * Content that only some requests have or ask for. Providers limit each kind separately from requests and tokens, so a
 * refusal for one does not affect calls without it.
 */
export type Content = 'images' | 'inputImages' | 'audioSeconds' | 'longInput' | 'webSearches' | 'serverTools';

/** Amounts of content in one request; 0 for an unknown amount. */
export type Contents = Readonly<Partial<Record<Content, number>>>;

export type ContentDimension =
  | 'images'
  | 'input_images'
  | 'audio_seconds'
  | 'audio_seconds_day'
  | 'long_context'
  | 'web_search'
  | 'tools';

/** A limit on one kind of content. */
export interface ContentKind {
  readonly content: Content;
  /** Assumed window if a refusal names none. */
  readonly windowMs: number;
  readonly perDay: boolean;
  readonly noun: string;
  /** How OpenAI and Groq abbreviate it in messages. */
  readonly abbreviation?: string;
  readonly throttled: string;
  readonly tooLarge?: string;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Everything that follows from the name of such a limit. To add one, add a row. */
export const CONTENT_KINDS: Readonly<Record<ContentDimension, ContentKind>> = {
  images: {
    content: 'images',
    windowMs: MINUTE,
    perDay: false,
    noun: 'images per minute',
    abbreviation: 'IPM',
    throttled: 'Ask for fewer images, or raise the tier: the limit of images per minute is reached; other calls go on.',
  },
  input_images: {
    content: 'inputImages',
    windowMs: MINUTE,
    perDay: false,
    noun: 'input images per minute',
    throttled:
      'Send fewer images, or raise the tier: the limit of input images per minute is reached; other calls go on.',
  },
  audio_seconds: {
    content: 'audioSeconds',
    windowMs: HOUR,
    perDay: false,
    noun: 'seconds of audio per hour',
    abbreviation: 'ASH',
    throttled: 'Send less audio, or raise the tier: the limit of seconds of audio is reached; other calls go on.',
  },
  audio_seconds_day: {
    content: 'audioSeconds',
    windowMs: DAY,
    perDay: true,
    noun: 'seconds of audio per day',
    abbreviation: 'ASD',
    throttled:
      'Raise the tier or spread audio over days: the limit of seconds of audio per day is reached; other calls go on.',
  },
  long_context: {
    content: 'longInput',
    windowMs: MINUTE,
    perDay: false,
    noun: 'input tokens per minute of long contexts',
    throttled:
      'Shorten prompts to 200,000 tokens, or slow down: the limit of long contexts is reached; other calls go on.',
    tooLarge:
      'Shorten the prompt to 200,000 tokens: this account may send no longer ones, so sending it again cannot help.',
  },
  web_search: {
    content: 'webSearches',
    windowMs: MINUTE,
    perDay: false,
    noun: 'web searches per minute',
    throttled: 'Search less, or raise the tier: the limit of web searches is reached; calls without a search go on.',
  },
  tools: {
    content: 'serverTools',
    windowMs: MINUTE,
    perDay: false,
    noun: 'uses of server tools per minute',
    throttled: "Use the provider's tools less, or raise the tier: their limit is reached; calls without them go on.",
  },
};

export const CONTENT_DIMENSIONS: readonly ContentDimension[] = Object.keys(CONTENT_KINDS) as ContentDimension[];

export function isContent(dimension: string | undefined): dimension is ContentDimension {
  return dimension !== undefined && Object.hasOwn(CONTENT_KINDS, dimension);
}
