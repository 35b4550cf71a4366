import { type Dimension, dimensionOf, windowOf } from '../../core/dimensions.ts';
import { parseCount } from '../parse/numbers.ts';
import { readConcurrency } from './concurrency-text.ts';
import { readGatewayText } from './gateway-message.ts';
import { type NamedLimit, namedLimit, NOUN, SHORT, shortLimit, WINDOW } from './limit-names.ts';

/** Name and numbers of a limit as a message states them. */
export interface LimitText {
  readonly dimension: Dimension;
  readonly windowMs?: number;
  readonly limit?: number;
  readonly used?: number;
  readonly requested?: number;
  /** What the message calls the limit: a model, or a pool of several. */
  readonly name?: string;
  /** The wait that is told beside it is not the wait for this limit. */
  readonly foreignWait?: true;
}

const COUNT = '\\d+(?:,\\d{3})*(?:\\.\\d+)?';
const PER = `[- _]{0,2}(?:per|a|/)[- _]{0,2}(\\d{1,4})?\\s?(${WINDOW})`;

// OpenAI: "… on tokens per min (TPM): Limit 30000, Used 18928, Requested 11159." Old Groq bodies had no name: "on : Limit …".
const NUMBERS = new RegExp(
  `(?:\\(([A-Z]{2,5})\\)|\\bon(?: [\\w /-]{0,60}?)?) ?: ?Limit (${COUNT})(?:, Used ~?(${COUNT}))?(?:, Requested ~?(${COUNT}))?`,
);
// OpenAI until 2023: "… on requests per min. Limit: 60.000000 / min. Current: 80.000000 / min.", "Limit: 0/1min. Current: 1/1min."
const COLON_NUMBERS = new RegExp(
  `\\bLimit: ?(${COUNT}) ?/ ?(\\d{1,4})? ?(${WINDOW})\\w*(?:\\.? Current: ?(${COUNT}))?`,
  'i',
);
// xAI: "Your team's rate limit is — Tokens per Minute (actual/limit): 65605/16000."
const ACTUAL = new RegExp(`\\b(${NOUN})${PER}\\w* \\(actual/limit\\): ?(${COUNT})/(${COUNT})`, 'gi');
// Anthropic: "rate limit of 30,000 input tokens per minute"; Together: "Your rate limit is 60 queries per minute".
const PROSE = new RegExp(`\\b(?:of|is|to|are) (${COUNT}) (?:fast mode |API )?(${NOUN})${PER}`, 'i');
// Google: "Quota exceeded for metric: …/generate_content_free_tier_requests, limit: 20, model: gemini-2.5-flash".
const METRIC = new RegExp(
  `Quota exceeded for (?:quota )?metric:? ?[\\w./' ]{0,80}?(${NOUN})'?[^,]{0,40}, limit: (${COUNT})`,
  'i',
);

// Moonshot: "request reached organization max RPM: 3", "max request per minute reached: 3".
const MAXIMUM = new RegExp(`\\bmax(?:imum)? (?:(${SHORT})|(${NOUN})${PER}\\w*)(?: reached)?: ?(${COUNT})`, 'i');
// Moonshot: "reached project TPM rate limit, current: 1410, limit: 100"; LiteLLM: "current rpm: 1, rpm limit: 15, current tpm: …".
const CURRENT = new RegExp(
  `(?:\\b(${SHORT}) rate limit, )?\\bcurrent(?: (${SHORT}))?: ?(${COUNT}), (?:${SHORT} )?limit: ?(${COUNT})(?!\\d)`,
  'gi',
);
const SHORT_NAMES = new RegExp(`\\b${SHORT}\\b`, 'g');
// OpenAI until 2022: "Rate limit reached for tokens."; Zhipu: "Rate limit reached for requests".
const FOR_NOUN = new RegExp(`^rate limit (?:reached|exceeded) for (${NOUN})(?![\\w-])`, 'i');

const NAMED = new RegExp(`(?:\\b|_)(${NOUN})(?:_?per_?(?!${WINDOW})[a-z_]*?)?${PER}`, 'i');
// Azure: "have exceeded token rate limit", "have exceeded the call rate limit"; Copilot: "exceeded your Copilot token usage".
const EXCEEDED = /\bexceeded (?:the |your )?(?:[\w-]{1,20} )?(token|call|request) (?:rate limit|usage\b)/i;
// Qwen names its tokens-per-minute limit only in this explanation.
const TOKENS_EXPLAINED = /error-code#token-limit\b/;
// Oldest Anthropic form ("Number of request tokens has exceeded your per-minute rate limit") and Bedrock's "Too many tokens per day".
const COUNTED =
  /\b(?:number of|too many) (?:[\w-]{1,20} ){0,2}?(?:(input|output|request) )?(token|request|call|image)s?\b/i;
/** The HTTP reason phrase of a 429, which names no limit. */
const STATUS_PHRASE = /^\W*(?:429\W+)?too many requests\W*$/i;
const PER_DAY = /\b(?:per[- _]day|daily)\b/i;
// Vertex: "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model"; Mistral: "Requests rate limit exceeded".
const BARE = /(?:_|\b)(requests?|tokens?|images?)(?:_per_base_model|[ _]rate[ _]limit(?:ing|ed)?)\b/i;
// OpenRouter: "Rate limit exceeded: free-models-per-day.", "… free-models-per-min."
const FREE_MODELS = /\bfree-models-per-(day|min)/i;
const LONG_CONTEXT = /\blong[- ]context\b/i;

// OpenAI and Groq name the limit in `type` too; billing errors have been seen with it, so it comes last.
const TYPE_DIMENSIONS: Readonly<Record<string, Dimension>> = { requests: 'requests', tokens: 'tokens' };

// OpenAI: "Rate limit reached for gpt-4o (for limit gpt-image) in organization …", "for 10KTPM-200RPM in organization …".
const NAME =
  /^Rate limit (?:reached|exceeded) for (?:model )?[`"]?([\w./:@-]+)[`"]?(?: \(for limit ([\w./:@-]+)\))? in /i;
const IN_PROJECT = / in project /;

/** Finds the limit that a message names; `unknown` where it names none. */
export function readLimitText(message: string, codes: readonly string[]): LimitText {
  const text = fromNumbers(message, codes) ??
    fromColonNumbers(message, codes) ??
    readGatewayText(message) ??
    fromActual(message) ??
    fromProse(message) ??
    fromMaximum(message) ??
    fromCurrent(message) ??
    fromMetric(message) ??
    fromWords(message) ?? { dimension: fromType(codes) };
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
  const dimension = known ?? fromWords(message)?.dimension ?? fromType(codes);
  const named = known === undefined && dimension !== 'unknown' ? windowIn(message) : undefined;
  const numbers = { limit: parseCount(match[2]), used: parseCount(match[3]), requested: parseCount(match[4]) };
  return scaled({ dimension, windowMs: known ? windowOf(known) : named?.windowMs, ...numbers }, named?.times);
}

function fromColonNumbers(message: string, codes: readonly string[]): LimitText | undefined {
  const match = COLON_NUMBERS.exec(message);
  if (!match) return undefined;
  const [, limit, count, window, current] = match;
  const noun =
    NAMED.exec(message)?.[1] ?? FOR_NOUN.exec(message)?.[1] ?? (fromType(codes) === 'tokens' ? 'tokens' : 'requests');
  const { dimension, windowMs, times } = namedLimit(noun, window, count);
  return scaled({ dimension, windowMs, limit: parseCount(limit), used: atMost(parseCount(current), limit) }, times);
}

function fromActual(message: string): LimitText | undefined {
  let found: LimitText | undefined;
  for (const match of message.matchAll(ACTUAL)) {
    const [, noun, count, window, actual, limit] = match;
    const { dimension, windowMs } = namedLimit(noun!, window, count);
    const text = defined({ dimension, windowMs, limit: parseCount(limit), used: atMost(parseCount(actual), limit) });
    // Some messages list several limits of which one is reached.
    if (!found || (text.used === text.limit && found.used !== found.limit)) found = text;
  }
  return found;
}

function fromProse(message: string): LimitText | undefined {
  const match = PROSE.exec(message);
  if (!match) return undefined;
  const [, amount, noun, count, window] = match;
  const { dimension, windowMs, times } = namedLimit(noun!, window, count);
  const long = dimension === 'input_tokens' && LONG_CONTEXT.test(message);
  return scaled({ dimension: long ? 'long_context' : dimension, limit: parseCount(amount), windowMs }, times);
}

function fromMaximum(message: string): LimitText | undefined {
  const match = MAXIMUM.exec(message);
  if (!match) return undefined;
  const [, short, noun, count, window, limit] = match;
  const { dimension, windowMs, times } = short ? shortLimit(short) : namedLimit(noun!, window, count);
  return scaled({ dimension, windowMs, limit: parseCount(limit) }, times);
}

/** The limit that is reached, of several. */
function fromCurrent(message: string): LimitText | undefined {
  for (const [, before, short = before, current, limit] of message.matchAll(CURRENT)) {
    const [used, most] = [parseCount(current), parseCount(limit)];
    if (short === undefined || used === undefined || most === undefined || used < most) continue;
    const { dimension, windowMs } = shortLimit(short);
    return { dimension, windowMs, limit: most, used: most };
  }
  return undefined;
}

function fromMetric(message: string): LimitText | undefined {
  const match = METRIC.exec(message);
  if (!match) return undefined;
  const [, noun, limit] = match;
  const { dimension } = namedLimit(noun!, PER_DAY.test(message) ? 'day' : undefined);
  return defined({ dimension, limit: parseCount(limit), windowMs: windowOf(dimension) });
}

/** A limit in words alone; of them, only one of requests in flight may have a number. */
function fromWords(message: string): LimitText | undefined {
  const exceeded = exceededIn(message);
  if (exceeded) return { dimension: exceeded };
  const concurrency = readConcurrency(message);
  if (concurrency) {
    const { limit, foreignWait } = concurrency;
    return defined({ dimension: 'concurrency', limit, foreignWait: foreignWait || undefined });
  }
  const dimension = inWords(message);
  return dimension && { dimension };
}

function exceededIn(message: string): Dimension | undefined {
  if (TOKENS_EXPLAINED.test(message)) return 'tokens';
  const exceeded = EXCEEDED.exec(message);
  return exceeded ? (exceeded[1]!.toLowerCase() === 'token' ? 'tokens' : 'requests') : undefined;
}

function inWords(message: string): Dimension | undefined {
  if (LONG_CONTEXT.test(message)) return 'long_context';
  const named = windowIn(message);
  if (named) return named.dimension;
  const short = message.match(SHORT_NAMES);
  // Some messages name several limits and leave open which one refused.
  if (short && new Set(short).size === 1) return shortLimit(short[0]).dimension;
  const noun = FOR_NOUN.exec(message);
  if (noun) return namedLimit(noun[1]!, undefined).dimension;
  const free = FREE_MODELS.exec(message);
  if (free) return namedLimit('requests', free[1]).dimension;
  const counted = COUNTED.exec(message);
  const day = PER_DAY.test(message) ? 'day' : undefined;
  if (counted && !STATUS_PHRASE.test(message)) {
    const side = counted[1]?.toLowerCase() === 'request' ? '' : `${counted[1] ?? ''} `;
    return namedLimit(`${side}${counted[2]}s`.trim(), day).dimension;
  }
  const bare = BARE.exec(message);
  return bare ? namedLimit(bare[1]!, day).dimension : undefined;
}

function windowIn(message: string): NamedLimit | undefined {
  const match = NAMED.exec(message);
  return match ? namedLimit(match[1]!, match[3], match[2]) : undefined;
}

function fromType(codes: readonly string[]): Dimension {
  const code = codes.find((each) => Object.hasOwn(TYPE_DIMENSIONS, each));
  return code === undefined ? 'unknown' : TYPE_DIMENSIONS[code]!;
}

/** Caps usage at the limit: what exceeds it was not admitted. */
function atMost(used: number | undefined, limit: string | undefined): number | undefined {
  return used === undefined ? undefined : Math.min(used, parseCount(limit) ?? used);
}

type Found = { [K in keyof LimitText]?: LimitText[K] | undefined };

/** In units of the limit: a minute of audio is sixty seconds of it. */
function scaled({ limit, used, requested, ...rest }: Found, times = 1): LimitText {
  const of = (amount: number | undefined): number | undefined => (amount === undefined ? undefined : amount * times);
  return defined({ ...rest, limit: of(limit), used: of(used), requested: of(requested) });
}

function defined(limit: Found): LimitText {
  return Object.fromEntries(Object.entries(limit).filter(([, value]) => value !== undefined)) as unknown as LimitText;
}
