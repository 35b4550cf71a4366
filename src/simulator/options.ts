import type { BatchSettings } from './apis/timed-batch.ts';
import { type BatchOptions, resolveBatches } from './batch-options.ts';
import type { RetryHeader } from './dialects/dialect.ts';
import { RETRY_HEADERS } from './dialects/dialect.ts';
import { DIALECTS } from './dialects/dialects.ts';
import {
  type ResolvedHeaderDialect,
  resolveHeaderDialect,
  type SimulatorHeaderDialect,
} from './dialects/header-dialect.ts';
import { resolveLatency, type SimulatorLatency } from './latency.ts';
import type { SimulatorFaults } from './faults/faults.ts';
import { checkFaults } from './faults/faults.ts';
import type { BucketSeconds } from './limits/limit-engine-types.ts';
import type { OutputCounting, RefusedCounting, SimulatorProvider } from './limits/limit-rules.ts';
import { limitRules, PROVIDERS, REFUSED_COUNTINGS } from './limits/limit-rules.ts';
import { LIMIT_MODELS, type LimitModelKind } from './limits/limit-model.ts';
import type { LimitSources } from './limits/limit-table.ts';
import { initialSources, limitTable, presetOf } from './limits/limit-table.ts';
import type { ReplyOption, ReplySettings } from './replies/reply.ts';
import { resolveReply } from './replies/resolve-reply.ts';
import { countTokens } from './replies/tokens.ts';
import { booleanFrom, checkKeys, integerFrom, numberFrom, oneOf, refuse } from './validate.ts';

/** Time as the simulator sees it. */
export interface SimulatorClock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since 1970, for dates in headers. */
  wall(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it. Without it delays take real time. */
  after?(ms: number, fn: () => void): () => void;
}

/** A clock that delays go by. */
export type DelayClock = Pick<Required<SimulatorClock>, 'now' | 'after'>;

/**
 * Options of a simulator. Limits come from `preset`, `limits` (for every model) and `modelLimits`; later ones
 * override earlier ones, limit by limit. Without any of the three a small tier applies (OpenAI and Anthropic `tier1`,
 * Azure `quota-30k`, Groq `free`); `limits` or `modelLimits` alone are the only limits.
 */
export interface SimulatorOptions extends LimitSources {
  readonly provider: SimulatorProvider;
  /** Faults to inject. Default: none. */
  readonly faults?: SimulatorFaults;
  /** Integer; the same seed gives the same faults, answers and delays. Default 1. */
  readonly seed?: number;
  readonly latency?: SimulatorLatency;
  /** 0 … 65535; 0 takes a free one. Default 0. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /**
   * How limits per minute are counted: a bucket that refills continuously, as the providers' numbers show; a fixed
   * window that starts with the clock's minute (or its part of `bucketSeconds`); a log of the last minute (or part).
   * Default `bucket`.
   */
  readonly limiter?: LimitModelKind;
  /** When a request is counted: on arrival, or with its answer, as gateways do. Default `arrival`. */
  readonly counted?: 'arrival' | 'end';
  /**
   * Seconds of a limit per minute that may be spent at once, 0.1 … 60: "60 RPM might be enforced as 1 request per
   * second". Default 60, but 10 for Azure's requests.
   */
  readonly bucketSeconds?: number | { readonly requests?: number; readonly tokens?: number };
  /** Fill level of buckets at first use, 0 … 1. Default 1. */
  readonly initialFill?: number;
  /** Anthropic: default by preset, `reserve` for the old tiers 1 to 4, else `realtime`. */
  readonly outputCounting?: OutputCounting;
  /** What refused requests cost of the requests per minute. Default: `whole` for OpenAI and Azure, else `none`. */
  readonly refusedCounting?: RefusedCounting;
  /** Anthropic: whether a stream that runs into the output limit ends with a rate-limit error. Default false. */
  readonly cutAtOutputLimit?: boolean;
  /** Retry hints of refusals. Default: `both` for Azure, else `seconds`. */
  readonly retryHeader?: RetryHeader;
  /** Whether refusals name the limit and its numbers, or say only "Too Many Requests". Default `full`. */
  readonly refusalTexts?: 'full' | 'mute';
  /** OpenAI, Groq: how too many concurrent requests are refused, as 503 or 429. Default `overloaded`. */
  readonly concurrencyRefusals?: 'overloaded' | 'throttled';
  /** Semantics of the rate-limit headers. `faults.headers` determines which answers have them. */
  readonly headerDialect?: SimulatorHeaderDialect;
  /** OpenAI: whether the `requests` headers show the daily limit of models that have one. Default `day`. */
  readonly requestsHeader?: 'day' | 'minute';
  /** Anthropic: an untouched bucket states a reset in 1970. Default true. */
  readonly epochResets?: boolean;
  /** Content of answers. Default `lorem`. */
  readonly reply?: ReplyOption;
  /** Tokens of `lorem` answers: a number, or minimum and maximum; 1 … 100000. Default [20, 120]. */
  readonly replyTokens?: number | readonly [number, number];
  /** Answer the user's message with a call of the first tool, if the request has tools. Default false. */
  readonly toolCalls?: boolean;
  /** Counts the tokens of a text for usage. Default: words (split after eight letters), numbers and symbols. */
  readonly countTokens?: (text: string) => number;
  /** Whether common prompt prefixes are cached for five minutes. Default true. */
  readonly promptCache?: boolean;
  /**
   * The providers' own batches. `seconds`: time until they end (default 0), `expired`: share of requests that expire (default
   * 0), `enqueuedTokens`: maximum input tokens in unfinished batches (default: no limit).
   */
  readonly batches?: BatchOptions;
  /** Keys that are accepted; others get 401. Default: every key. */
  readonly apiKeys?: readonly string[];
  /** Time of limits, faults and dates, and of delays where it has `after`. Default: the machine's. */
  readonly clock?: SimulatorClock;
}

const KEYS = [
  'provider',
  'preset',
  'limits',
  'modelLimits',
  'faults',
  'seed',
  'latency',
  'port',
  'host',
  'limiter',
  'counted',
  'bucketSeconds',
  'initialFill',
  'outputCounting',
  'refusedCounting',
  'cutAtOutputLimit',
  'retryHeader',
  'refusalTexts',
  'concurrencyRefusals',
  'headerDialect',
  'requestsHeader',
  'epochResets',
  'reply',
  'replyTokens',
  'toolCalls',
  'countTokens',
  'promptCache',
  'batches',
  'apiKeys',
  'clock',
];

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly provider: SimulatorProvider;
  readonly sources: LimitSources;
  readonly faults: SimulatorFaults;
  readonly seed: number;
  readonly latency: Required<SimulatorLatency>;
  readonly port: number;
  readonly host: string;
  readonly limiter: LimitModelKind;
  readonly countsAtEnd: boolean;
  readonly bucketSeconds: BucketSeconds;
  readonly initialFill: number;
  readonly outputCounting: OutputCounting;
  readonly refusedCounting: RefusedCounting;
  readonly cutAtOutputLimit: boolean;
  readonly retryHeader: RetryHeader;
  readonly muteRefusals: boolean;
  readonly concurrencyThrottles: boolean;
  readonly headerDialect: ResolvedHeaderDialect;
  readonly requestsHeader: 'day' | 'minute';
  readonly epochResets: boolean;
  readonly reply: ReplySettings;
  readonly countTokens: (text: string) => number;
  readonly promptCache: boolean;
  readonly batches: BatchSettings;
  readonly apiKeys: ReadonlySet<string> | undefined;
  readonly clock: SimulatorClock;
  readonly delayClock: DelayClock;
}

const systemClock: Required<SimulatorClock> = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

export function resolveOptions(options: SimulatorOptions): ResolvedOptions {
  checkKeys(options, 'options', KEYS);
  if (!PROVIDERS.includes(options.provider)) {
    refuse('provider', `one of ${PROVIDERS.map((each) => `'${each}'`).join(', ')}`, options.provider);
  }
  const { provider, faults = {} } = options;
  const sources = initialSources(provider, options);
  // Only for validation.
  limitTable(provider, sources);
  checkFaults(provider, faults);
  const counting = presetOf(provider, sources, 'preset')?.outputCounting ?? 'realtime';
  const seed = integerFrom(options.seed, 'seed', 0, Number.MAX_SAFE_INTEGER, 1);
  return {
    provider,
    sources,
    faults,
    seed,
    latency: resolveLatency(options.latency ?? {}),
    port: integerFrom(options.port, 'port', 0, 65_535, 0),
    host: hostFrom(options.host),
    limiter: oneOf(options.limiter, 'limiter', LIMIT_MODELS, 'bucket'),
    countsAtEnd: oneOf(options.counted, 'counted', ['arrival', 'end'], 'arrival') === 'end',
    bucketSeconds: bucketSecondsFrom(options.bucketSeconds, provider),
    initialFill: numberFrom(options.initialFill, 'initialFill', 0, 1, 1),
    outputCounting: oneOf(options.outputCounting, 'outputCounting', ['realtime', 'reserve'], counting),
    refusedCounting: oneOf(
      options.refusedCounting,
      'refusedCounting',
      REFUSED_COUNTINGS,
      limitRules(provider, counting).refusedCounting,
    ),
    cutAtOutputLimit: booleanFrom(options.cutAtOutputLimit, 'cutAtOutputLimit', false),
    retryHeader: oneOf(options.retryHeader, 'retryHeader', RETRY_HEADERS, DIALECTS[provider].defaultRetryHeader),
    muteRefusals: oneOf(options.refusalTexts, 'refusalTexts', ['full', 'mute'], 'full') === 'mute',
    concurrencyThrottles:
      oneOf(options.concurrencyRefusals, 'concurrencyRefusals', ['overloaded', 'throttled'], 'overloaded') ===
      'throttled',
    headerDialect: resolveHeaderDialect(options.headerDialect),
    requestsHeader: oneOf(options.requestsHeader, 'requestsHeader', ['day', 'minute'], 'day'),
    epochResets: booleanFrom(options.epochResets, 'epochResets', true),
    reply: resolveReply(options, seed),
    countTokens: functionFrom(options.countTokens, 'countTokens', countTokens),
    promptCache: booleanFrom(options.promptCache, 'promptCache', true),
    batches: resolveBatches(options.batches ?? {}),
    apiKeys: keysFrom(options.apiKeys),
    clock: options.clock ?? systemClock,
    delayClock: keepsDelays(options.clock) ? options.clock : systemClock,
  };
}

function keepsDelays(clock: SimulatorClock | undefined): clock is Required<SimulatorClock> {
  return clock?.after !== undefined;
}

function hostFrom(host: unknown): string {
  if (host === undefined) return '127.0.0.1';
  if (typeof host !== 'string' || host === '') refuse('host', 'a host name or address', host);
  return host;
}

function bucketSecondsFrom(value: SimulatorOptions['bucketSeconds'], provider: SimulatorProvider): BucketSeconds {
  const requests = provider === 'azure' ? 10 : 60;
  if (typeof value === 'object' && value !== null) {
    checkKeys(value, 'bucketSeconds', ['requests', 'tokens']);
    return {
      requests: numberFrom(value.requests, 'bucketSeconds.requests', 0.1, 60, requests),
      tokens: numberFrom(value.tokens, 'bucketSeconds.tokens', 0.1, 60, 60),
    };
  }
  const both = value === undefined ? undefined : numberFrom(value, 'bucketSeconds', 0.1, 60, 60);
  return { requests: both ?? requests, tokens: both ?? 60 };
}

function keysFrom(keys: unknown): ReadonlySet<string> | undefined {
  if (keys === undefined) return undefined;
  const valid = Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key !== '');
  if (!valid) refuse('apiKeys', 'an array of strings', keys);
  return new Set(keys as string[]);
}

function functionFrom<T>(value: T | undefined, path: string, fallback: T): T {
  if (value === undefined) return fallback;
  if (typeof value !== 'function') refuse(path, 'a function', value);
  return value;
}
