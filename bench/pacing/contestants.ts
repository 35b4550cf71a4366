import { type Open, WORKERS } from './contestants/contestant.ts';

export interface Contestant {
  readonly name: string;
  /** Its description, and what it is told. */
  readonly words: string;
  /** Only contestants that take part are loaded: start-up costs a shared machine more than the run. */
  readonly load: () => Promise<Open>;
}

export const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'sdk-2',
    words: 'SDK, 2 retries',
    load: async () => (await import('./contestants/sdk.ts')).sdk(2),
  },
  {
    name: 'sdk-10',
    words: 'SDK, 10 retries',
    load: async () => (await import('./contestants/sdk.ts')).sdk(10),
  },
  {
    name: 'tutorial-5',
    words: 'tutorial: backoff, window of RPM, 5 workers',
    load: async () => (await import('./contestants/tutorial.ts')).tutorial(5),
  },
  {
    name: 'tutorial-50',
    words: 'tutorial with 50 workers',
    load: async () => (await import('./contestants/tutorial.ts')).tutorial(50),
  },
  {
    name: 'p-retry',
    words: `p-limit (${WORKERS}) + p-retry (10)`,
    load: async () => (await import('./contestants/p-retry.ts')).pLimitAndRetry,
  },
  {
    name: 'bottleneck',
    words: 'bottleneck, told the RPM',
    load: async () => (await import('./contestants/bottleneck.ts')).bottleneck,
  },
  {
    name: 'langchain',
    words: `LangChain AsyncCaller (${WORKERS})`,
    load: async () => (await import('./contestants/langchain.ts')).langchain,
  },
  {
    name: 'rate-limiter-flexible',
    words: 'rate-limiter-flexible, told RPM and TPM',
    load: async () => (await import('./contestants/rate-limiter-flexible.ts')).rateLimiterFlexible,
  },
  {
    name: 'aws-adaptive',
    words: `AWS adaptive limiter (${WORKERS})`,
    load: async () => (await import('./contestants/aws.ts')).aws,
  },
  {
    name: 'effect',
    words: "Effect's adaptive rate limiter, told the RPM",
    load: async () => (await import('./contestants/effect.ts')).effect,
  },
  {
    name: 'aimd',
    words: `AIMD on concurrency, at most ${WORKERS}, by promptfoo's rules`,
    load: async () => (await import('./contestants/aimd.ts')).aimd,
  },
  {
    name: 'tidegate',
    words: 'tidegate, told nothing',
    load: async () => (await import('./contestants/tidegate.ts')).tidegate,
  },
];
