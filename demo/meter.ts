import type { Dimension } from '../src/index.ts';
import type { RejectedBy, SimulatorStats } from '../src/testing.ts';

/** One phase as the provider sees it. */
export interface Traffic {
  /** HTTP requests that were sent. */
  readonly attempts: number;
  /** Refusals by the limit that refused. */
  readonly refusals: Readonly<Partial<Record<Dimension, number>>>;
}

const DIMENSION_OF: Readonly<Record<RejectedBy, Dimension>> = {
  requestsPerMinute: 'requests',
  requestsPerDay: 'requests_day',
  tokensPerMinute: 'tokens',
  tokensPerDay: 'tokens_day',
  inputTokensPerMinute: 'input_tokens',
  outputTokensPerMinute: 'output_tokens',
  imagesPerMinute: 'unknown',
  audioSecondsPerHour: 'unknown',
  audioSecondsPerDay: 'unknown',
  maxConcurrent: 'concurrency',
  acceleration: 'acceleration',
};

/** The simulator's exact counts, whatever the client does. */
export function trafficOf(stats: SimulatorStats): Traffic {
  const refusals: Partial<Record<Dimension, number>> = {};
  for (const [by, count] of Object.entries(stats.rejectedBy) as [RejectedBy, number][]) {
    const dimension = DIMENSION_OF[by];
    refusals[dimension] = (refusals[dimension] ?? 0) + count;
  }
  return { attempts: stats.requests, refusals };
}

/** Counts attempts at a real API by wrapping `fetch`. Which limit a 429 names does not matter here. */
export function countingFetch(): { readonly fetch: typeof fetch; traffic(): Traffic } {
  let attempts = 0;
  let refused = 0;
  return {
    fetch: async (input, init) => {
      attempts += 1;
      const response = await globalThis.fetch(input, init);
      if (response.status === 429) refused += 1;
      return response;
    },
    traffic: () => ({ attempts, refusals: refused > 0 ? { unknown: refused } : {} }),
  };
}
