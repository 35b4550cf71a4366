import { mulberry32 } from '../../src/simulator/random.ts';
import type { TenantCase, TenantLoad } from './virtual-tenants.ts';

const latency = { oneWayMs: 1, baseMs: 250, perTokenMs: 1, jitter: 0.2 };
const requests = {
  setup: { provider: 'openai', latency, fill: 0.05, limits: { requestsPerMinute: 600, tokensPerMinute: 20_000_000 } },
  shape: 'uniform',
  plenty: 1_000,
} as const;
const short = { ...requests, setup: { ...requests.setup, fill: 1, bucketSeconds: 1 } } as const;
const tokens = {
  setup: { provider: 'openai', latency, fill: 0.05, limits: { requestsPerMinute: 6_000, tokensPerMinute: 400_000 } },
  shape: 'mixed',
  plenty: 700,
} as const;

function upTo(processes: number): number[] {
  return Array.from({ length: processes }, (_, index) => index);
}

/** The processes of each tenant's calls. */
export function tenantCases(): TenantCase[] {
  const spread: readonly TenantLoad[] = [
    { tenant: 'A', by: upTo(4) },
    { tenant: 'B', by: [0] },
  ];
  return [
    { name: 'A in 4 processes, B in one', ...requests, processes: 4, loads: spread },
    { name: 'the same, buckets of a second', ...short, processes: 4, loads: spread },
    { name: 'the same, tokens', ...tokens, processes: 4, loads: spread },
    {
      name: 'B in a process of its own',
      ...requests,
      processes: 5,
      loads: [
        { tenant: 'A', by: upTo(4) },
        { tenant: 'B', by: [4] },
      ],
    },
    {
      name: 'A in 8, B in one, C in two others',
      ...requests,
      processes: 8,
      loads: [
        { tenant: 'A', by: upTo(8) },
        { tenant: 'B', by: [0] },
        { tenant: 'C', by: [6, 7] },
      ],
    },
    {
      name: 'batch of 1,000 in one, one a second elsewhere',
      ...requests,
      processes: 4,
      loads: [
        { tenant: 'A', priority: 'batch', by: [0] },
        { tenant: 'B', by: [1, 2, 3], perMinute: 60 },
      ],
    },
    {
      name: '1,000 in all 4, one a second in one',
      ...requests,
      processes: 4,
      loads: [
        { tenant: 'A', by: upTo(4) },
        { tenant: 'B', by: [0], perMinute: 60 },
      ],
    },
    {
      name: 'interactive in one beside batch in all 4',
      ...requests,
      processes: 4,
      loads: [
        { priority: 'interactive', by: [0] },
        { priority: 'batch', by: upTo(4) },
      ],
    },
    {
      name: 'interactive in all 4, batch in all 4',
      ...requests,
      processes: 4,
      loads: [
        { priority: 'interactive', by: upTo(4) },
        { priority: 'batch', by: upTo(4) },
      ],
    },
    {
      name: 'A in 32, B in one of them',
      ...requests,
      processes: 32,
      loads: [
        { tenant: 'A', by: upTo(32) },
        { tenant: 'B', by: [5] },
      ],
    },
    {
      name: 'A in 64, B in four of them, tokens',
      ...tokens,
      setup: { ...tokens.setup, limits: { requestsPerMinute: 60_000, tokensPerMinute: 4_000_000 } },
      plenty: 7_000,
      processes: 64,
      loads: [
        { tenant: 'A', by: upTo(64) },
        { tenant: 'B', by: [5, 15, 25, 35] },
      ],
    },
  ];
}

const PRIORITIES = ['normal', 'normal', 'normal', 'interactive', 'batch'] as const;

/** Two to eight tenants, each in some of two to forty processes. */
export function drawnTenants(seed: number): TenantCase {
  const random = mulberry32(seed);
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const processes = 2 + Math.floor(38 * random() ** 2);
  const kind = one([requests, short, tokens]);
  const scale = 1 + 9 * random() ** 2;
  const { limits } = kind.setup;
  const setup = {
    ...kind.setup,
    limits: {
      requestsPerMinute: Math.round(limits.requestsPerMinute * scale),
      tokensPerMinute: Math.round(limits.tokensPerMinute * scale),
    },
  };
  const loads = Array.from({ length: 2 + Math.floor(7 * random()) }, (_, index): TenantLoad => {
    const part = random();
    const by = upTo(processes).filter(() => random() < part);
    return { tenant: `tenant ${index}`, priority: one(PRIORITIES), by: by.length > 0 ? by : [0] };
  });
  const name = `${seed}: ${processes} ${kind === tokens ? 'tokens' : kind === short ? 'short' : 'requests'} x${scale.toFixed(1)}`;
  return { name, ...kind, setup, plenty: Math.ceil(kind.plenty * scale), processes, loads };
}
