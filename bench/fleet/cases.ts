import type { ProviderSetup } from '../sim/sim-provider.ts';
import { makeJobs, type Shape } from '../sim/workload.ts';
import type { FleetCase } from './virtual-fleet.ts';

const MINUTES = 3;
/** What an average call of mixed sizes takes, as OpenAI counts it. */
const TOKENS = 1_020;
const RPM = { requestsPerMinute: 500, tokensPerMinute: 2_000_000 };
const TPM = { requestsPerMinute: 5_000, tokensPerMinute: 200_000 };

/** Limits that bind, in buckets of a minute and in short ones; `scale` times as large. */
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

function times<T extends Record<string, number>>(limits: T, scale: number): T {
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, limit * scale])) as T;
}
