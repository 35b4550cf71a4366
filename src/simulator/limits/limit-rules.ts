import type { LimitName } from './limits.ts';

export type SimulatorProvider = 'openai' | 'azure' | 'anthropic' | 'groq';
export const PROVIDERS: readonly SimulatorProvider[] = ['openai', 'azure', 'anthropic', 'groq'];

/**
 * How Anthropic counts output tokens: `realtime` since 2026 (actual tokens only, as they are generated);
 * `reserve` until then (`max_tokens` at the start, corrected at the end).
 */
export type OutputCounting = 'realtime' | 'reserve';

/**
 * What a refused or failed request takes of the minute's requests: nothing, one if a whole one is left, or
 * whatever is left of one. With `all`, retrying faster than the limit blocks everything.
 */
export type RefusedCounting = 'none' | 'whole' | 'all';
export const REFUSED_COUNTINGS: readonly RefusedCounting[] = ['none', 'whole', 'all'];

/** One request as the limits see it. */
export interface LimitedRequest {
  /** Account of the limits: an API key represents an organization. */
  readonly account: string;
  readonly model: string;
  /** Estimated input tokens, cached ones included. */
  readonly inputTokens: number;
  /** Part of `inputTokens` that a prompt cache already holds. Default 0. */
  readonly cachedTokens?: number;
  /** `max_tokens` and its successors, times `n`; absent when the request names none. */
  readonly maxOutputTokens?: number | undefined;
  readonly images?: number;
  readonly audioSeconds?: number;
}

/** What a request finally used. */
export interface ActualUsage {
  /** Cached tokens included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

/** `charge` is taken at admission; `need` must be available, default `charge`. */
export interface Cost {
  readonly charge: number;
  readonly need: number;
}

/** How a provider charges its limits; sources are given with each provider's rules. */
export interface LimitRules {
  /** Cost at admission; undefined if the limit does not apply to the request. */
  cost(name: LimitName, request: LimitedRequest, largestRecentOutput: number): Cost | undefined;
  /** Final charge, for limits that are corrected afterwards; undefined if the first charge stands. */
  actual(name: LimitName, usage: ActualUsage): number | undefined;
  /** Output tokens are taken while they are generated, not at the end. */
  readonly drainsOutput: boolean;
  readonly refusedCounting: RefusedCounting;
  /** The printed waiting time is calculated from the printed (integer) "Used". */
  readonly wholeUsed: boolean;
  /** A request above the whole limit is refused for good, without a hint. */
  readonly tellsTooLarge: boolean;
}

export function limitRules(provider: SimulatorProvider, outputCounting: OutputCounting): LimitRules {
  switch (provider) {
    case 'openai':
      // "unsuccessful requests contribute to your per-minute limit"; how a fraction of one counts is not known.
      // "the maximum of max_tokens and the estimated number of tokens based on the character count";
      // cached tokens count; a correction after the answer is not published and was never seen.
      return {
        cost: (name, request) => common(name, request, Math.max(request.maxOutputTokens ?? 0, request.inputTokens)),
        actual: () => undefined,
        drainsOutput: false,
        refusedCounting: 'whole',
        wholeUsed: true,
        tellsTooLarge: true,
      };
    case 'azure':
      return {
        cost: (name, request) => common(name, request, request.inputTokens + (request.maxOutputTokens ?? 0)),
        actual: () => undefined,
        drainsOutput: false,
        refusedCounting: 'whole',
        wholeUsed: true,
        tellsTooLarge: true,
      };
    case 'groq':
      return {
        cost: (name, request, largestRecentOutput) => {
          const uncached = request.inputTokens - (request.cachedTokens ?? 0);
          if (name === 'outputTokensPerMinute') {
            // The largest recent answer, capped by max_tokens (recorded 6 of 6); a first request has none.
            const asked = request.maxOutputTokens ?? Infinity;
            return same(Math.min(asked, Math.max(1, largestRecentOutput)));
          }
          if (name === 'inputTokensPerMinute') return same(uncached);
          return common(name, request, uncached + (request.maxOutputTokens ?? 0));
        },
        actual: (name, usage) => {
          const uncached = usage.inputTokens - usage.cachedTokens;
          if (name === 'tokensPerMinute' || name === 'tokensPerDay') return uncached + usage.outputTokens;
          if (name === 'inputTokensPerMinute') return uncached;
          return name === 'outputTokensPerMinute' ? usage.outputTokens : undefined;
        },
        drainsOutput: false,
        refusedCounting: 'none',
        wholeUsed: false,
        tellsTooLarge: true,
      };
    case 'anthropic':
      return {
        cost: (name, request) => {
          const uncached = request.inputTokens - (request.cachedTokens ?? 0);
          if (name === 'inputTokensPerMinute') return same(uncached);
          if (name === 'outputTokensPerMinute') {
            // In real-time counting, admission needs only a level above 0; the answer is drained as it is generated.
            return outputCounting === 'reserve' ? same(request.maxOutputTokens ?? 0) : { charge: 0, need: 1 };
          }
          return common(name, request, uncached + (request.maxOutputTokens ?? 0));
        },
        actual: (name, usage) => {
          const uncached = usage.inputTokens - usage.cachedTokens;
          if (name === 'inputTokensPerMinute') return uncached;
          if (name === 'outputTokensPerMinute') return usage.outputTokens;
          return name === 'tokensPerMinute' || name === 'tokensPerDay' ? uncached + usage.outputTokens : undefined;
        },
        drainsOutput: outputCounting === 'realtime',
        refusedCounting: 'none',
        wholeUsed: false,
        tellsTooLarge: false,
      };
  }
}

/** Limits that every provider counts alike; `tokens` is the sum by the provider's rule. */
function common(name: LimitName, request: LimitedRequest, tokens: number): Cost | undefined {
  switch (name) {
    case 'requestsPerMinute':
    case 'requestsPerDay':
      return same(1);
    case 'tokensPerMinute':
    case 'tokensPerDay':
      return same(tokens);
    case 'inputTokensPerMinute':
      return same(request.inputTokens);
    case 'outputTokensPerMinute':
      return same(request.maxOutputTokens ?? 0);
    case 'imagesPerMinute':
      return request.images === undefined ? undefined : same(request.images);
    case 'audioSecondsPerHour':
    case 'audioSecondsPerDay':
      return request.audioSeconds === undefined ? undefined : same(request.audioSeconds);
  }
}

function same(units: number): Cost {
  return { charge: units, need: units };
}
