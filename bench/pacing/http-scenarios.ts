import type { SimulatorFaults, SimulatorLimits, SimulatorOptions } from '../../src/testing.ts';
import { type Target, TARGETS } from '../lib/targets.ts';
import type { Load } from './jobs.ts';

export interface Scenario {
  readonly name: string;
  readonly words: string;
  /** Without faults, which begin when the contestant does. */
  readonly simulator: SimulatorOptions;
  readonly faults?: SimulatorFaults;
  readonly loads: readonly Load[];
  /** Processes that share the calls without knowing of each other. Default 1. */
  readonly processes?: number;
  /** tidegate's design targets; in addition every call must succeed. */
  readonly target: Target;
}

const { steady: STEADY, change: CHANGE, shared: SHARED, silent: SILENT } = TARGETS;

/**
 * Buckets hold a minute of a limit, as the providers' do, and start almost empty, like those of an account in use: a
 * full one would make a run of twenty seconds show what was left of the minute, not the limit.
 */
export const COMMON = {
  latency: { baseMs: 250, perTokenMs: 1, jitter: 0.2 },
  replyTokens: [20, 60],
  bucketSeconds: 60,
  initialFill: 0.05,
  promptCache: false,
} as const;

/** Used up within seconds: a change of the limit shows at once. */
const SMALL = { bucketSeconds: 2, initialFill: 1 } as const;

const RPM = { requestsPerMinute: 1_200, tokensPerMinute: 10_000_000 };
const TPM = { requestsPerMinute: 30_000, tokensPerMinute: 700_000 };

const openai = { provider: 'openai', ...COMMON } as const;
const short = (count: number): Load => ({ count, emails: 'short', maxOutputTokens: 64 });
const whole = (count: number): Load => ({ count, emails: 'whole', maxOutputTokens: 256 });

/** Multiplies every limit. */
export function times<T extends SimulatorLimits>(limits: T, factor: number): T {
  const all = Object.entries(limits as Readonly<Record<string, unknown>>).map(([name, limit]) => [
    name,
    Number(limit) * factor,
  ]);
  return Object.fromEntries(all) as T;
}

/** Lower bound of about twenty seconds each; forty for those that take time to find their level. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'rpm',
    words: 'RPM-bound',
    simulator: { ...openai, limits: RPM },
    loads: [short(420)],
    target: STEADY,
  },
  {
    name: 'tpm',
    words: 'TPM-bound, heavy-tailed sizes',
    simulator: { ...openai, limits: TPM },
    loads: [whole(250)],
    target: STEADY,
  },
  {
    name: 'bucket-1s',
    words: 'RPM-bound, buckets of 1 s',
    simulator: { ...openai, limits: RPM, bucketSeconds: 1, initialFill: 1 },
    loads: [short(400)],
    target: STEADY,
  },
  {
    name: 'bucket-6s',
    words: 'TPM-bound, buckets of 6 s',
    simulator: { ...openai, limits: TPM, bucketSeconds: 6, initialFill: 1 },
    loads: [whole(290)],
    target: STEADY,
  },
  {
    name: 'bucket-60s',
    words: 'RPM-bound, bucket of 60 s, full at the start',
    simulator: { ...openai, limits: times(RPM, 0.25), initialFill: 1 },
    loads: [short(400)],
    target: STEADY,
  },
  {
    name: 'anthropic-itpm',
    words: 'Anthropic, input tokens; rounded headers',
    simulator: {
      provider: 'anthropic',
      ...COMMON,
      limits: { requestsPerMinute: 2_000, inputTokensPerMinute: 880_000, outputTokensPerMinute: 5_000_000 },
    },
    loads: [whole(240)],
    target: STEADY,
  },
  {
    name: 'anthropic-otpm',
    words: 'Anthropic, output tokens; rounded headers',
    simulator: {
      provider: 'anthropic',
      ...COMMON,
      replyTokens: [20, 200],
      limits: { requestsPerMinute: 1_350, inputTokensPerMinute: 5_000_000, outputTokensPerMinute: 97_000 },
    },
    loads: [{ ...short(340), maxOutputTokens: 256 }],
    target: STEADY,
  },
  {
    name: 'groq-hidden-rpm',
    words: 'Groq, RPM that no header tells',
    simulator: {
      provider: 'groq',
      ...COMMON,
      limits: { requestsPerMinute: 1_200, requestsPerDay: 500_000, tokensPerMinute: 5_000_000 },
    },
    loads: [short(420)],
    target: STEADY,
  },
  {
    name: 'tier-cut',
    words: 'tier cut to 40 % after 10 s',
    simulator: { ...openai, ...SMALL, limits: RPM },
    faults: { tierChange: { atMs: 10_000, limits: times(RPM, 0.4) } },
    loads: [short(330)],
    target: CHANGE,
  },
  {
    name: 'tier-doubled',
    words: 'tier doubled after 10 s',
    simulator: { ...openai, ...SMALL, limits: times(RPM, 0.5) },
    faults: { tierChange: { atMs: 10_000, limits: RPM } },
    loads: [short(390)],
    target: CHANGE,
  },
  {
    name: 'neighbour',
    words: 'a neighbour takes 40 %',
    simulator: { ...openai, limits: RPM },
    faults: { neighbour: { share: 0.4 } },
    loads: [short(420)],
    target: SHARED,
  },
  {
    name: 'four-processes',
    words: 'four processes, no coordination',
    simulator: { ...openai, limits: RPM },
    processes: 4,
    loads: [short(700)],
    target: SHARED,
  },
  {
    name: 'no-headers',
    words: 'no rate-limit headers, no retry-after',
    simulator: { ...openai, limits: RPM, retryHeader: 'none' },
    faults: { headers: 'missing' },
    loads: [short(420)],
    target: SILENT,
  },
  {
    name: 'headers-on-success',
    words: 'headers on success only',
    simulator: { ...openai, limits: RPM, retryHeader: 'none' },
    faults: { headers: 'success_only' },
    loads: [short(420)],
    target: STEADY,
  },
  {
    name: 'outage',
    words: 'outage of 5 s',
    simulator: { ...openai, limits: RPM },
    faults: { outage: { fromMs: 5_000, untilMs: 10_000 } },
    loads: [short(700)],
    target: { ratio: 1.1, waste: 0.05 },
  },
  {
    name: 'faults',
    words: '7 % mixed faults',
    simulator: { ...openai, limits: RPM },
    faults: { rates: { server_error: 0.02, overloaded: 0.02, bad_gateway: 0.015, connection_reset: 0.015 } },
    loads: [short(400)],
    target: { ratio: 1.12, waste: 0.08 },
  },
  {
    name: 'cold-start',
    words: '1,000 calls at once, half of them fit',
    simulator: { ...openai, limits: times(RPM, 2.5), bucketSeconds: 10, initialFill: 1 },
    loads: [short(1_000)],
    target: STEADY,
  },
  {
    name: 'interactive',
    words: 'three people a second beside a batch',
    simulator: { ...openai, limits: RPM },
    loads: [short(330), { ...short(60), perSecond: 3, interactive: true }],
    target: STEADY,
  },
  {
    name: 'below',
    words: 'below saturation: 60 % of the RPM',
    simulator: { ...openai, limits: RPM },
    loads: [{ ...short(200), perSecond: 12 }],
    target: STEADY,
  },
];
