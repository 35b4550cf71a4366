import type { Random } from '../../src/simulator/random.ts';
import type { ProviderSetup } from '../sim/sim-provider.ts';
import { type Job, makeJobs, type Shape } from '../sim/workload.ts';
import type { FleetCase } from './virtual-fleet.ts';
import type { Trouble } from './virtual-pool.ts';

const MINUTES = 3;
/** Tokens of an average call of mixed sizes, as OpenAI counts it. */
const TOKENS = 1_020;
const RPM = { requestsPerMinute: 500, tokensPerMinute: 2_000_000 };
const TPM = { requestsPerMinute: 5_000, tokensPerMinute: 200_000 };

/** Binding limits, in buckets of a minute and in short ones, times `scale`. */
export function fleetCases(scale: number): FleetCase[] {
  const rpm = times(RPM, scale);
  const tpm = times(TPM, scale);
  const openai = { provider: 'openai' } as const;
  const of = (name: string, setup: ProviderSetup, shape: Shape, perMinute: number): FleetCase => {
    const minutes = MINUTES + (setup.bucketSeconds ?? 60) / 60;
    return { name, setup, jobs: (random) => makeJobs({ count: Math.round(minutes * perMinute), shape, random }) };
  };
  const tokenCalls = tpm.tokensPerMinute / TOKENS;
  return [
    of('RPM', { ...openai, limits: rpm }, 'uniform', rpm.requestsPerMinute),
    of('TPM', { ...openai, limits: tpm }, 'mixed', tokenCalls),
    of('RPM, buckets of 1 s', { ...openai, limits: rpm, bucketSeconds: 1 }, 'uniform', rpm.requestsPerMinute),
    of('TPM, buckets of 6 s', { ...openai, limits: tpm, bucketSeconds: 6 }, 'mixed', tokenCalls),
  ];
}

/** One call in this many is this many times as large. */
const LARGE_EVERY = 50;
const LARGE = 20;
/** OpenAI's count for an e-mail on arrival, relative to its tokens. */
const ON_ARRIVAL = 0.7;
const QUICK = { oneWayMs: 1, baseMs: 250, perTokenMs: 1, jitter: 0.2 };

/** A case with its processes, some of which come and go. */
export interface TableCase extends FleetCase {
  readonly processes: number;
  readonly trouble?: Trouble;
}

/** Further disturbances of a fleet. */
export function tableCases(): TableCase[] {
  // As over HTTP: a minute of calls that are answered at once.
  const limits = times(RPM, 4.8);
  const setup = { provider: 'openai', limits, fill: 0.05, latency: QUICK } as const;
  const jobs: FleetCase['jobs'] = (random) => makeJobs({ count: 2_500, shape: 'uniform', random });
  const tokens = { provider: 'openai', limits: TPM } as const;
  const mixed = (count: number, random: Random): Job[] => makeJobs({ count, shape: 'mixed', random });
  const groq = { requestsPerMinute: 1_000, tokensPerMinute: 300_000 };
  return [
    { name: 'join and leave', setup, jobs, processes: 8, trouble: 'join and leave' },
    { name: 'one is killed', setup, jobs, processes: 8, trouble: 'killed' },
    {
      name: 'TPM, e-mails',
      setup: { ...tokens, limits: times(TPM, 7), fill: 0.05, latency: QUICK },
      jobs: (random) => makeJobs({ count: 1_800, shape: 'mixed', random, onArrival: ON_ARRIVAL }),
      processes: 8,
    },
    {
      name: 'TPM, buckets of 20 s',
      setup: { ...tokens, bucketSeconds: 20 },
      jobs: (random) => mixed(650, random),
      processes: 8,
    },
    {
      name: 'some large calls',
      setup: tokens,
      jobs: (random) => mixed(560, random).map((job, index) => (index % LARGE_EVERY === 0 ? larger(job) : job)),
      processes: 8,
    },
    {
      name: 'Groq',
      setup: { provider: 'groq', limits: groq },
      jobs: (random) => mixed(1_200, random),
      processes: 25,
    },
  ];
}

function larger(job: Job): Job {
  const inputTokens = LARGE * job.inputTokens;
  return { ...job, inputTokens, arrivalTokens: inputTokens, inputBytes: LARGE * job.inputBytes };
}

function times<T extends Record<string, number>>(limits: T, scale: number): T {
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, limit * scale])) as T;
}
