import type { SimulatorOptions } from '../src/testing.ts';
import type { ProviderId } from './classifier.ts';

interface Tier {
  readonly options: SimulatorOptions;
  readonly words: string;
}

const COMMON = { reply: 'label', seed: 7, latency: { baseMs: 250, perTokenMs: 15, jitter: 0.3 } } as const;

/**
 * Small published tiers, each bound by another limit. Providers enforce a minute's limit in shorter pieces
 * ("60 RPM might be enforced as 1 request per second"), so little may be spent at once: a burst meets the limit.
 */
export const TIERS: Readonly<Record<ProviderId, Tier>> = {
  openai: {
    options: { provider: 'openai', preset: 'gpt-4o-mini-tier1', bucketSeconds: { requests: 1, tokens: 6 }, ...COMMON },
    words: 'tier 1, gpt-4o-mini: 500 RPM, 200k TPM',
  },
  anthropic: {
    options: { provider: 'anthropic', preset: 'start', bucketSeconds: 6, ...COMMON },
    words: 'start, claude-3-5-haiku: 1,000 RPM, 100k input and 20k output TPM',
  },
  groq: {
    options: { provider: 'groq', preset: 'developer', bucketSeconds: { requests: 60, tokens: 2 }, ...COMMON },
    words: 'developer, llama-3.1-8b: 1,000 RPM, 250k TPM',
  },
};
