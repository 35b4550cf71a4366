import type { SimulatorHeaderDialect, SimulatorOptions } from '../../src/testing.ts';
import type { Load } from './jobs.ts';
import { type Scenario, times } from './http-scenarios.ts';
import type { Target } from '../lib/targets.ts';

/** What is left at once, and the time until that is full: a short bucket shows nothing else. */
const LEVEL: SimulatorHeaderDialect = { remaining: 'bucket', reset: 'full' };

/** An answer, and a first one that is waited for; the SDK alone needs one. */
const COLD: Target = { ratio: 2.05, waste: 0.01 };

const COMMON = {
  latency: { baseMs: 230, perTokenMs: 0.5, jitter: 0.2 },
  replyTokens: [20, 60],
  promptCache: false,
} as const;

const ROOM = { tokensPerMinute: 200_000_000 };

function openai(requestsPerMinute: number, bucketSeconds: number): SimulatorOptions {
  const limits = { requestsPerMinute, ...ROOM };
  const dialect = bucketSeconds < 60 ? { headerDialect: LEVEL } : {};
  return { provider: 'openai', ...COMMON, ...dialect, limits, bucketSeconds, initialFill: 1 };
}

const short = (count: number): Load => ({ count, emails: 'short', maxOutputTokens: 64 });
const whole = (count: number): Load => ({ count, emails: 'whole', maxOutputTokens: 256 });

const SECOND = openai(3_000, 1);
const FAST = openai(6_000, 1);

/**
 * Providers whose headers mean something else than those the pacer was tuned on, and calls that fit anyway. The same as
 * the fixed cases of bench/sim/random, over HTTP.
 */
export const UNTUNED: readonly Scenario[] = [
  {
    name: 'second-rpm',
    words: 'buckets of 1 s, and headers of them',
    simulator: SECOND,
    loads: [short(800)],
    target: { ratio: 1.04, waste: 0.01 },
  },
  {
    name: 'second-tpm',
    words: 'the same, TPM-bound and heavy-tailed',
    simulator: { ...SECOND, limits: { requestsPerMinute: 3_000, tokensPerMinute: 1_200_000 } },
    loads: [whole(245)],
    target: { ratio: 1.06, waste: 0.02 },
  },
  {
    name: 'anthropic-2s',
    words: 'Anthropic, buckets of 2 s, input tokens',
    simulator: {
      provider: 'anthropic',
      ...COMMON,
      headerDialect: LEVEL,
      limits: { requestsPerMinute: 4_000, inputTokensPerMinute: 1_000_000, outputTokensPerMinute: 5_000_000 },
      bucketSeconds: 2,
    },
    loads: [whole(125)],
    target: { ratio: 1.06, waste: 0.02 },
  },
  {
    name: 'groq-2s',
    words: 'Groq, buckets of 2 s, TPM-bound',
    simulator: {
      provider: 'groq',
      ...COMMON,
      headerDialect: LEVEL,
      limits: { requestsPerMinute: 30_000, requestsPerDay: 500_000, tokensPerMinute: 600_000 },
      bucketSeconds: 2,
    },
    loads: [whole(110)],
    target: { ratio: 1.06, waste: 0.02 },
  },
  {
    name: 'second-cut',
    words: 'buckets of 1 s, tier cut to 40 % after 4 s',
    simulator: FAST,
    faults: { tierChange: { atMs: 4_000, limits: times(FAST.limits!, 0.4) } },
    loads: [short(900)],
    target: { ratio: 1.06, waste: 0.03 },
  },
  {
    name: 'second-outage',
    words: 'buckets of 1 s, outage from 3 s to 8 s',
    simulator: FAST,
    faults: { outage: { fromMs: 3_000, untilMs: 8_000 } },
    loads: [short(900)],
    target: { ratio: 1.2, waste: 0.05 },
  },
  {
    name: 'second-faults',
    words: 'buckets of 1 s, 7 % mixed faults',
    simulator: FAST,
    faults: { rates: { server_error: 0.02, overloaded: 0.02, bad_gateway: 0.015, connection_reset: 0.015 } },
    loads: [short(900)],
    target: { ratio: 1.2, waste: 0.09 },
  },
  {
    name: 'minute-rpm',
    words: 'a bucket of a minute',
    simulator: openai(600, 60),
    loads: [short(750)],
    target: { ratio: 1.04, waste: 0.01 },
  },
  {
    name: 'second-texts',
    words: 'no headers, no hints, buckets of 1 s',
    simulator: { ...SECOND, retryHeader: 'none' },
    faults: { headers: 'missing' },
    loads: [short(600)],
    target: { ratio: 1.1, waste: 0.05 },
  },
  { name: 'cold-500', words: 'all fit: 200 of 500 RPM', simulator: openai(500, 60), loads: [short(200)], target: COLD },
  {
    name: 'cold-10k',
    words: 'all fit: 200 of 10,000 RPM',
    simulator: openai(10_000, 60),
    loads: [short(200)],
    target: COLD,
  },
  {
    name: 'cold-second',
    words: 'all fit: 100 of 10,000 RPM, buckets of 1 s',
    simulator: openai(10_000, 1),
    loads: [short(100)],
    target: COLD,
  },
  {
    name: 'cold-5s',
    words: 'all fit: 200 of 500 RPM, answers of 5 s',
    simulator: { ...openai(500, 60), latency: { baseMs: 5_000, jitter: 0.2 } },
    loads: [short(200)],
    target: COLD,
  },
  {
    name: 'cold-1200',
    words: 'all fit: 100 of 1,200 RPM',
    simulator: openai(1_200, 60),
    loads: [short(100)],
    target: COLD,
  },
];
