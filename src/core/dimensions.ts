import { CONTENT_DIMENSIONS, CONTENT_KINDS, type ContentDimension, isContent } from './content-kinds.ts';

/** What a limit counts. */
export type Unit = 'requests' | 'tokens' | 'inputTokens' | 'outputTokens';

/** Dimensions that are buckets: an amount that refills over a window. */
export type BucketDimension =
  | 'requests'
  | 'tokens'
  | 'project_tokens'
  | 'input_tokens'
  | 'output_tokens'
  | 'requests_day'
  | 'tokens_day';

/** The limit that refused a request, or that a header describes. */
export type Dimension = BucketDimension | ContentDimension | 'concurrency' | 'acceleration' | 'quota' | 'unknown';

/** Option of `pacing` that sets a limit before the provider states it. */
export type LimitOption =
  | 'requestsPerMinute'
  | 'tokensPerMinute'
  | 'inputTokensPerMinute'
  | 'outputTokensPerMinute'
  | 'requestsPerDay'
  | 'tokensPerDay';

interface Advice {
  /** What to do when the limit refuses a call; absent if the advice for the outcome suffices. */
  readonly throttled?: string;
  /** What to do when a single call exceeds the whole limit. */
  readonly tooLarge?: string;
}

/** A limit that is a bucket. */
export interface LimitKind extends Advice {
  readonly unit: Unit;
  readonly windowMs: number;
  /** Not paced, but refuses at its end: a day's rate is tiny, and the day's first calls need not wait for it. */
  readonly perDay: boolean;
  /** The limit of another window that providers report in the same header. */
  readonly sameHeaderAs?: BucketDimension;
  /** Absent if the limit cannot be known before the provider states it. */
  readonly option?: LimitOption;
  /** Abbreviation in messages of OpenAI and Groq, if any. */
  readonly abbreviation?: string;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Everything that follows from a limit's name. To add one, add a row. */
export const LIMIT_KINDS: Readonly<Record<BucketDimension, LimitKind>> = {
  requests: {
    unit: 'requests',
    windowMs: MINUTE,
    perDay: false,
    sameHeaderAs: 'requests_day',
    option: 'requestsPerMinute',
    abbreviation: 'RPM',
    throttled:
      'Slow down requests: the limit of requests per minute is reached; batch work or raise the tier for more.',
  },
  tokens: {
    unit: 'tokens',
    windowMs: MINUTE,
    perDay: false,
    sameHeaderAs: 'tokens_day',
    option: 'tokensPerMinute',
    abbreviation: 'TPM',
    throttled: 'Shrink prompts or max_tokens, or slow down: the limit of tokens per minute is reached.',
    tooLarge:
      'Shrink tokens: prompt and max_tokens together exceed the whole limit of tokens per minute, or raise the tier.',
  },
  project_tokens: {
    unit: 'tokens',
    windowMs: MINUTE,
    perDay: false,
    throttled:
      "Raise the project's limit, shrink prompts or max_tokens, or slow down: its tokens per minute are used up.",
    tooLarge:
      "Shrink tokens, or raise the project's limit: prompt and max_tokens together exceed all of its tokens per minute.",
  },
  input_tokens: {
    unit: 'inputTokens',
    windowMs: MINUTE,
    perDay: false,
    option: 'inputTokensPerMinute',
    abbreviation: 'ITPM',
    throttled: 'Shrink or cache prompts, or slow down: the limit of input tokens per minute is reached.',
    tooLarge: 'Shrink the prompt: it exceeds the whole limit of input tokens per minute, or raise the tier.',
  },
  output_tokens: {
    unit: 'outputTokens',
    windowMs: MINUTE,
    perDay: false,
    option: 'outputTokensPerMinute',
    abbreviation: 'OTPM',
    throttled: 'Ask for shorter answers, or slow down: the limit of output tokens per minute is reached.',
    tooLarge:
      'Lower max_tokens: the expected answer exceeds the whole limit of output tokens per minute, or raise the tier.',
  },
  requests_day: {
    unit: 'requests',
    windowMs: DAY,
    perDay: true,
    sameHeaderAs: 'requests',
    option: 'requestsPerDay',
    abbreviation: 'RPD',
    throttled: 'Raise the tier or spread the work over days: the limit of requests per day is reached.',
  },
  tokens_day: {
    unit: 'tokens',
    windowMs: DAY,
    perDay: true,
    sameHeaderAs: 'tokens',
    option: 'tokensPerDay',
    abbreviation: 'TPD',
    throttled: 'Raise the tier, shrink tokens or spread the work over days: the limit of tokens per day is reached.',
  },
};

/** Limits that are not buckets. */
const OTHER_KINDS: Readonly<Record<Exclude<Dimension, BucketDimension | ContentDimension>, Advice>> = {
  concurrency: {
    throttled: 'Slow down: too many requests are in flight at once; lower the maxConcurrent of the bulkhead.',
  },
  acceleration: {
    throttled: 'Slow down and grow gradually: the traffic rises faster than the provider allows.',
  },
  quota: {},
  unknown: {},
};

const ADVICE: Readonly<Record<Dimension, Advice>> = {
  ...LIMIT_KINDS,
  ...CONTENT_KINDS,
  ...OTHER_KINDS,
};

export const BUCKET_DIMENSIONS: readonly BucketDimension[] = Object.keys(LIMIT_KINDS) as BucketDimension[];

export const DIMENSIONS: readonly Dimension[] = Object.keys(ADVICE) as Dimension[];

export const LIMIT_OPTIONS: readonly LimitOption[] = BUCKET_DIMENSIONS.flatMap(
  (each) => LIMIT_KINDS[each].option ?? [],
);

export function isBucket(dimension: Dimension | undefined): dimension is BucketDimension {
  return dimension !== undefined && Object.hasOwn(LIMIT_KINDS, dimension);
}

/** What to do about a refusal by this limit, if there is more specific advice than that for the outcome. */
export function limitAdvice(dimension: Dimension | undefined, outcome: 'throttled' | 'tooLarge'): string | undefined {
  return dimension && ADVICE[dimension][outcome];
}

/** What a limit counts, in words: "tokens per minute". */
export function limitNoun(dimension: Dimension | undefined): string | undefined {
  return dimension && NOUNS[dimension];
}

const NOUNS: Readonly<Partial<Record<Dimension, string>>> = Object.fromEntries([
  ...BUCKET_DIMENSIONS.map((each) => [each, nounOf(each)]),
  ...CONTENT_DIMENSIONS.map((each) => [each, CONTENT_KINDS[each].noun]),
]) as Partial<Record<Dimension, string>>;

function nounOf(dimension: BucketDimension): string {
  return `${dimension.replace(/_day$/, '').replaceAll('_', ' ')} per ${LIMIT_KINDS[dimension].perDay ? 'day' : 'minute'}`;
}

const BY_ABBREVIATION: ReadonlyMap<string | undefined, BucketDimension | ContentDimension> = new Map([
  ...BUCKET_DIMENSIONS.map((each) => [LIMIT_KINDS[each].abbreviation, each] as const),
  ...CONTENT_DIMENSIONS.map((each) => [CONTENT_KINDS[each].abbreviation, each] as const),
]);

/** The limit that a provider calls `RPM`, `TPD` and the like. */
export function dimensionOf(abbreviation: string | undefined): BucketDimension | ContentDimension | undefined {
  return abbreviation === undefined ? undefined : BY_ABBREVIATION.get(abbreviation);
}

/** The window of a limit, if its name implies one. */
export function windowOf(dimension: Dimension): number | undefined {
  if (isBucket(dimension)) return LIMIT_KINDS[dimension].windowMs;
  return isContent(dimension) ? CONTENT_KINDS[dimension].windowMs : undefined;
}
