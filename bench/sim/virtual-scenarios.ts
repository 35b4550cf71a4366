import { TARGETS } from '../lib/targets.ts';
import type { Scenario } from './run-scenario.ts';
import { makeJobs } from './workload.ts';

const { steady: STEADY, change: CHANGE, shared: SHARED, silent: SILENT } = TARGETS;

const A = { requestsPerMinute: 500, tokensPerMinute: 2_000_000 };
const B = { requestsPerMinute: 5_000, tokensPerMinute: 200_000 };

/** Twice: with limits that the pacer was tuned on, and others (`scale`) that it was not. */
export function scenarios(scale = 1): Scenario[] {
  const a = times(A, scale);
  const b = times(B, scale);
  const n = (count: number): number => Math.round(count * Math.max(1, scale));
  const openai = { provider: 'openai' } as const;
  return [
    {
      name: 'RPM-bound',
      setup: { ...openai, limits: a },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: STEADY,
    },
    {
      name: 'TPM-bound, heavy-tailed',
      setup: { ...openai, limits: b },
      jobs: (random) => makeJobs({ count: n(1_200), shape: 'mixed', random }),
      target: STEADY,
    },
    {
      name: 'TPM-bound, counted by characters',
      setup: { ...openai, limits: b },
      // No max_tokens is larger than these prompts.
      jobs: (random) => makeJobs({ count: n(1_200), shape: 'mixed', random, scale: 3, onArrival: 0.75 }),
      target: STEADY,
    },
    {
      name: 'TPM-bound, true-up (Groq)',
      setup: { provider: 'groq', limits: { ...b, requestsPerDay: 500_000 } },
      jobs: (random) => makeJobs({ count: n(1_500), shape: 'mixed', random }),
      target: STEADY,
    },
    {
      name: 'buckets of 6 s',
      setup: { ...openai, limits: b, bucketSeconds: 6 },
      jobs: (random) => makeJobs({ count: n(1_200), shape: 'mixed', random }),
      target: STEADY,
    },
    {
      name: 'buckets of 1 s, RPM',
      setup: { ...openai, limits: a, bucketSeconds: 1 },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: STEADY,
    },
    {
      name: 'Anthropic ITPM',
      setup: {
        provider: 'anthropic',
        limits: times(
          { requestsPerMinute: 1_000, inputTokensPerMinute: 450_000, outputTokensPerMinute: 200_000 },
          scale,
        ),
      },
      jobs: (random) => makeJobs({ count: n(3_000), shape: 'mixed', random }),
      target: STEADY,
    },
    {
      name: 'Anthropic OTPM',
      setup: {
        provider: 'anthropic',
        limits: times(
          { requestsPerMinute: 1_000, inputTokensPerMinute: 2_000_000, outputTokensPerMinute: 90_000 },
          scale,
        ),
      },
      jobs: (random) => makeJobs({ count: n(3_500), shape: 'mixed', random }),
      target: STEADY,
    },
    {
      name: 'Groq, hidden RPM',
      setup: {
        provider: 'groq',
        limits: times({ requestsPerMinute: 60, requestsPerDay: 14_400, tokensPerMinute: 300_000 }, scale),
      },
      jobs: (random) => makeJobs({ count: n(600), shape: 'uniform', random }),
      target: STEADY,
    },
    {
      name: 'tier cut to 40 %',
      setup: { ...openai, limits: a, changes: [{ atMs: 240_000, limits: times(a, 0.4) }] },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: CHANGE,
    },
    {
      name: 'tier doubled',
      setup: { ...openai, limits: a, changes: [{ atMs: 240_000, limits: times(a, 2) }] },
      jobs: (random) => makeJobs({ count: n(6_000), shape: 'uniform', random }),
      target: CHANGE,
    },
    {
      name: 'neighbour takes 40 %',
      setup: { ...openai, limits: a, neighbour: 0.4 },
      jobs: (random) => makeJobs({ count: n(2_500), shape: 'uniform', random }),
      target: SHARED,
    },
    {
      name: '4 processes',
      setup: { ...openai, limits: a },
      processes: 4,
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: SHARED,
    },
    {
      name: '4 processes, TPM',
      setup: { ...openai, limits: b },
      processes: 4,
      jobs: (random) => makeJobs({ count: n(1_200), shape: 'mixed', random }),
      target: SHARED,
    },
    {
      name: '64 processes',
      setup: { ...openai, limits: times({ requestsPerMinute: 5_000, tokensPerMinute: 20_000_000 }, scale) },
      processes: 64,
      jobs: (random) => makeJobs({ count: n(40_000), shape: 'uniform', random }),
      target: SHARED,
    },
    {
      name: '16 processes, quick answers',
      setup: { ...openai, limits: a, fill: 0.5, latency: { oneWayMs: 30, baseMs: 40, perTokenMs: 1.5, jitter: 0.2 } },
      processes: 16,
      jobs: (random) => makeJobs({ count: n(1_750), shape: 'uniform', random }),
      target: SHARED,
    },
    {
      name: 'no headers, texts only',
      setup: { ...openai, limits: a, headers: 'none', retryHeader: 'none' },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: SILENT,
    },
    {
      name: 'no headers, texts only, TPM',
      setup: { ...openai, limits: b, headers: 'none', retryHeader: 'none' },
      jobs: (random) => makeJobs({ count: n(1_500), shape: 'uniform', random }),
      target: SILENT,
    },
    {
      name: 'no headers, mute 429s, RPM',
      setup: { ...openai, limits: a, headers: 'none', mute: true },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: SILENT,
    },
    {
      name: 'no headers, mute 429s, TPM',
      setup: { ...openai, limits: b, headers: 'none', mute: true },
      jobs: (random) => makeJobs({ count: n(1_200), shape: 'mixed', random }),
      target: SILENT,
    },
    {
      name: 'the same, an empty bucket',
      setup: { ...openai, limits: a, headers: 'none', mute: true, fill: 0 },
      jobs: (random) => makeJobs({ count: n(2_000), shape: 'uniform', random }),
      target: SILENT,
    },
    {
      name: 'headers on success only',
      setup: { ...openai, limits: a, headers: 'success', retryHeader: 'none' },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: STEADY,
    },
    {
      name: 'the same, buckets of 2 s',
      setup: { ...openai, limits: a, headers: 'success', retryHeader: 'none', bucketSeconds: 2 },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: STEADY,
    },
    {
      name: 'outage of 5 s',
      setup: { ...openai, limits: a, outage: { fromMs: 120_000, untilMs: 125_000 } },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: { ratio: 1.1, waste: 0.05 },
    },
    {
      name: '7 % mixed faults',
      setup: { ...openai, limits: a, faults: 0.07 },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: { ratio: 1.12, waste: 0.08 },
    },
    {
      name: 'cold start, 1,000 at once',
      setup: { ...openai, limits: a },
      jobs: (random) => makeJobs({ count: 1_000 * Math.max(1, scale), shape: 'uniform', random }),
      target: STEADY,
    },
    {
      name: 'interactive beside batch',
      setup: { ...openai, limits: a },
      jobs: (random) => [
        ...makeJobs({ count: n(3_500), shape: 'uniform', random, priority: 'batch' }),
        ...makeJobs({
          count: n(360),
          shape: 'uniform',
          random,
          priority: 'interactive',
          perMinute: 60 * scale,
          stream: true,
        }),
      ],
      target: STEADY,
    },
    {
      name: 'configured twice too high',
      setup: { ...openai, limits: a },
      options: { pacing: { requestsPerMinute: a.requestsPerMinute * 2, tokensPerMinute: a.tokensPerMinute * 2 } },
      jobs: (random) => makeJobs({ count: n(4_000), shape: 'uniform', random }),
      target: STEADY,
    },
  ];
}

/** A million calls: too long to queue at once, and more in flight than the default allows. */
export const HOUR: Scenario = {
  name: 'an hour, 15,000 RPM, 1 M calls',
  setup: { provider: 'openai', limits: { requestsPerMinute: 15_000, tokensPerMinute: 40_000_000 } },
  options: { bulkhead: { maxConcurrent: 5_000 } },
  outstanding: 20_000,
  jobs: (random) => makeJobs({ count: 1_000_000, shape: 'uniform', random, stream: true }),
  target: STEADY,
};

function times<T extends object>(limits: T, factor: number): T {
  return Object.fromEntries(
    Object.entries(limits as Record<string, number>).map(([name, limit]) => [name, Math.round(limit * factor)]),
  ) as T;
}
