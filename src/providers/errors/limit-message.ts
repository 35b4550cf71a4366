import { type Dimension, dimensionOf, LIMIT_KINDS } from '../../core/dimensions.ts';
import { parseCount } from '../parse/numbers.ts';

/** Numbers and name of a limit as a message states them. */
export interface LimitText {
  readonly dimension: Dimension;
  readonly windowMs?: number;
  readonly limit?: number;
  readonly used?: number;
  readonly requested?: number;
  /** What the message calls the limit: a model, or a pool of several. */
  readonly name?: string;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const WINDOW_MS: Readonly<Record<string, number>> = { sec: 1_000, min: MINUTE, hou: 3_600_000, day: DAY };

/** Images and audio seconds are limits without a dimension of ours. */
const UNPACED_WINDOW_MS: Readonly<Record<string, number>> = { IPM: MINUTE, ASH: 3_600_000, ASD: DAY };

// OpenAI: "… on tokens per min (TPM): Limit 30000, Used 18928, Requested 11159." Old Groq bodies had no name: "on : Limit …".
const NUMBERS =
  /(?:\(([A-Z]{2,5})\)|\bon ?): ?Limit (\d+(?:,\d{3})*)(?:, Used ~?(\d+(?:,\d{3})*))?(?:, Requested ~?(\d+(?:,\d{3})*))?/;
// Anthropic: "rate limit of 30,000 input tokens per minute", "Your current limit is 58,276 input tokens per minute".
const PROSE =
  /\b(?:of|is) (\d+(?:,\d{3})*) (?:fast mode )?(?:(input|output) )?(token|request)s? per (sec|min|hou|day)/i;
const PER_WINDOW = /(?:\b|_)(?:(input|output)[ _])?(token|request)s?[ _]per[ _]?(sec|min|hou|day)/i;
const CONCURRENT = /\bconcurren(?:t|cy)\b/i;
// Azure: "have exceeded token rate limit", "have exceeded call rate limit".
const AZURE = /\bexceeded (token|call) rate limit/i;
// Oldest Anthropic form ("Number of request tokens has exceeded your per-minute rate limit") and Bedrock's "Too many tokens per day".
const COUNTED = /\b(?:number of|too many) (?:(input|output|request) )?(token|request)s?\b/i;
const PER_DAY = /\b(?:per[- _]day|daily)\b/i;
// OpenAI and Groq name the limit in `type` too; billing errors have been seen with it, so it comes last.
const TYPE_DIMENSIONS: Readonly<Record<string, Dimension>> = { requests: 'requests', tokens: 'tokens' };

// OpenAI: "Rate limit reached for gpt-4o (for limit gpt-image) in organization …", "for 10KTPM-200RPM in organization …".
const NAME =
  /^Rate limit (?:reached|exceeded) for (?:model )?[`"]?([\w./:@-]+)[`"]?(?: \(for limit ([\w./:@-]+)\))? in /i;
const IN_PROJECT = / in project /;

/** Finds the limit that a message names; `unknown` where it names none. */
export function readLimitText(message: string, codes: readonly string[]): LimitText {
  const text = fromNumbers(message, codes) ??
    fromProse(message) ?? { dimension: fromWords(message) ?? fromType(codes) };
  const named = NAME.exec(message);
  const inProject = text.dimension === 'tokens' && IN_PROJECT.test(message);
  return {
    ...text,
    ...(inProject ? { dimension: 'project_tokens' } : {}),
    ...(named ? { name: named[2] ?? named[1]! } : {}),
  };
}

function fromNumbers(message: string, codes: readonly string[]): LimitText | undefined {
  const match = NUMBERS.exec(message);
  if (!match) return undefined;
  const known = dimensionOf(match[1]);
  const unknownWindowMs = known || match[1] === undefined ? undefined : UNPACED_WINDOW_MS[match[1]];
  return defined({
    dimension: known ?? (unknownWindowMs === undefined ? (fromWords(message) ?? fromType(codes)) : 'unknown'),
    windowMs: known ? LIMIT_KINDS[known].windowMs : unknownWindowMs,
    limit: parseCount(match[2]),
    used: parseCount(match[3]),
    requested: parseCount(match[4]),
  });
}

function fromProse(message: string): LimitText | undefined {
  const match = PROSE.exec(message);
  if (!match) return undefined;
  const [, amount, side, unit, window] = match;
  const limit = parseCount(amount);
  return defined({ dimension: dimension(side, unit, window), limit, windowMs: WINDOW_MS[window!.toLowerCase()] });
}

function fromWords(message: string): Dimension | undefined {
  const azure = AZURE.exec(message);
  if (azure) return azure[1]!.toLowerCase() === 'token' ? 'tokens' : 'requests';
  if (CONCURRENT.test(message)) return 'concurrency';
  const per = PER_WINDOW.exec(message);
  if (per) return dimension(per[1], per[2], per[3]);
  const counted = COUNTED.exec(message);
  if (counted) return dimension(counted[1], counted[2], PER_DAY.test(message) ? 'day' : undefined);
  return undefined;
}

function fromType(codes: readonly string[]): Dimension {
  const code = codes.find((each) => Object.hasOwn(TYPE_DIMENSIONS, each));
  return code === undefined ? 'unknown' : TYPE_DIMENSIONS[code]!;
}

function dimension(side: string | undefined, unit: string | undefined, window: string | undefined): Dimension {
  const tokens = unit?.toLowerCase() === 'token';
  if (window?.toLowerCase() === 'day') return tokens ? 'tokens_day' : 'requests_day';
  if (!tokens) return 'requests';
  if (side?.toLowerCase() === 'input') return 'input_tokens';
  return side?.toLowerCase() === 'output' ? 'output_tokens' : 'tokens';
}

function defined(limit: { [K in keyof LimitText]: LimitText[K] | undefined }): LimitText {
  return Object.fromEntries(Object.entries(limit).filter(([, value]) => value !== undefined)) as unknown as LimitText;
}
