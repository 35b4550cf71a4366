import { describe, expect, it } from 'vitest';
import { fleetCases, tableCases } from '../../bench/fleet/cases.ts';
import { type FleetRun, runFleet } from '../../bench/fleet/virtual-fleet.ts';
import { runPool } from '../../bench/fleet/virtual-pool.ts';
import { makeJobs } from '../../bench/sim/workload.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

const SEED = 7_919;
const [rpm, tpm, shortRpm, shortTpm] = fleetCases(1) as [FleetCase, FleetCase, FleetCase, FleetCase];
type FleetCase = ReturnType<typeof fleetCases>[number];

describe('processes that share limits through a store', () => {
  it.each([
    [rpm, 0.005],
    [tpm, 0.005],
    [shortRpm, 0.005],
    // A burst smaller than the limit is found out, and retested now and then.
    [shortTpm, 0.01],
  ])('use all of a limit and are hardly ever refused: $name', async (each, waste) => {
    const result = await runFleet(each, { processes: 8, seed: SEED });
    expect(result.succeeded).toBe(result.calls);
    expect(result.sentRatio).toBeLessThan(1.02);
    expect(result.ratio).toBeLessThan(1.03);
    expect(result.waste).toBeLessThan(waste);
    expect(result.jain).toBeGreaterThan(0.98);
    expect(result.commandsPerSecond).toBeLessThan(20);
  });

  it('do so when there are very many', async () => {
    const [each] = fleetCases(4) as [FleetCase];
    const result = await runFleet(each, { processes: 200, seed: SEED });
    expect(result.succeeded).toBe(result.calls);
    expect(result.ratio).toBeLessThan(1.05);
    expect(result.waste).toBeLessThan(0.01);
  });

  it('find out that a limit lets through less at once than stated when very many start together', async () => {
    const [, , each] = fleetCases(4) as [FleetCase, FleetCase, FleetCase];
    const result = await runFleet(each, { processes: 200, seed: SEED });
    expect(result.succeeded).toBe(result.calls);
    expect(result.ratio).toBeLessThan(1.05);
    expect(result.waste).toBeLessThan(0.01);
  });

  it('leave all of the limit to those that still have work', async () => {
    const latency = { oneWayMs: 1, baseMs: 250, perTokenMs: 1, jitter: 0.2 };
    const limits = { requestsPerMinute: 2_400, tokensPerMinute: 20_000_000 };
    const setup = { provider: 'openai', bucketSeconds: 1, limits, latency } as const;
    const jobs: FleetCase['jobs'] = (dice) => makeJobs({ count: 2_400, shape: 'uniform', random: dice });
    const result = await runFleet({ name: 'end', setup, jobs }, { processes: 8, seed: 1 });
    expect(result.ratio).toBeLessThan(1.03);
  });

  it.each([8, 64])('send 20 commands a second at 200 calls a second when they are %d', async (processes) => {
    const limits = { requestsPerMinute: 12_000, tokensPerMinute: 100_000_000 };
    const setup = { provider: 'openai', fill: 0.05, limits } as const;
    // Whether calls wait or not.
    for (const pace of [{}, { perMinute: 11_500 }]) {
      const jobs: FleetCase['jobs'] = (random) => makeJobs({ count: 9_000, shape: 'uniform', random, ...pace });
      const result = await runFleet({ name: '200 a second', setup, jobs }, { processes, seed: SEED });
      expect(result.succeeded).toBe(result.calls);
      expect(result.steadyCommandsPerSecond).toBeLessThanOrEqual(20);
      expect(result.commandsPerSecond).toBeLessThanOrEqual(processes === 8 ? 20 : 40);
      expect(result.waste).toBeLessThan(0.005);
    }
  });

  it.each([16, 64])('send no more when they are %d and receive urgent news', async (processes) => {
    const result = await runFleet(rpm, { processes, seed: SEED });
    expect(result.succeeded).toBe(result.calls);
    // Most of what exceeds 20 is sent at the start.
    expect(result.commandsPerSecond).toBeLessThanOrEqual(21);
    expect(result.ratio).toBeLessThan(1.05);
    expect(result.waste).toBeLessThan(0.005);
    expect(result.jain).toBeGreaterThan(0.98);
  });

  it.each(tableCases().map((each) => [each.name, each] as const))(
    'continue under several faults at once: %s',
    async (_name, { processes, trouble, ...each }) => {
      const run = { processes, seed: SEED };
      const result = await (trouble ? runPool(each, { ...run, trouble }) : runFleet(each, run));
      expect(result.succeeded).toBe(result.calls);
      expect(result.ratio).toBeLessThan(1.05);
      expect(result.waste).toBeLessThan(0.015);
    },
  );

  it('do better than without a store', async () => {
    const alone = await runFleet(shortRpm, { processes: 8, seed: SEED, alone: true });
    const result = await runFleet(shortRpm, { processes: 8, seed: SEED });
    expect(result.waste).toBeLessThan(alone.waste / 10);
  });

  it.each<[string, FleetRun['fate'], number, number]>([
    ['lost for a minute', during(60_000, 120_000, 'lost'), 1.1, 0.02],
    ['refusing for a minute', during(60_000, 120_000, 'refused'), 1.1, 0.02],
    ['answering late for a minute', during(60_000, 120_000, 'late'), 1.1, 0.02],
    ['losing one answer in five', chance('answer lost'), 1.1, 0.02],
    ['losing one request in five', chance('lost'), 1.1, 0.02],
  ])('continue with a store that is %s', async (_what, fate, ratio, waste) => {
    const result = await runFleet(rpm, { processes: 8, seed: SEED, ...(fate && { fate }) });
    expect(result.succeeded).toBe(result.calls);
    expect(result.ratio).toBeLessThan(ratio);
    expect(result.waste).toBeLessThan(waste);
  });
});

it('continue at once when a frozen store answers again, and none is refused', async () => {
  const frozen = { fromMs: 20_000, untilMs: 25_000 };
  const limits = { requestsPerMinute: 6_000, tokensPerMinute: 100_000_000 };
  const setup = { provider: 'openai', fill: 0.2, limits } as const;
  const jobs: FleetCase['jobs'] = (dice) => makeJobs({ count: 5_000, shape: 'uniform', random: dice });
  const result = await runFleet({ name: 'frozen', setup, jobs }, { processes: 4, seed: SEED, frozen });
  const gaps = result.sent.map((at, index) => (at < frozen.fromMs ? 0 : at - result.sent[index - 1]!));
  // Half a second until the store is given up.
  expect(Math.max(...gaps)).toBeLessThan(600);
  const after = result.sent.filter((at) => at >= frozen.untilMs && at < frozen.untilMs + 2_000).length;
  // The refill of two seconds, and some that was unused meanwhile.
  expect(after).toBeGreaterThan(200);
  expect(result.waste).toBe(0);
  expect(result.ratio).toBeLessThan(1.1);
});

it('lose nothing while requests and answers are lost, refused, late and out of order for five minutes', async () => {
  const random = mulberry32(5);
  const fates = ['lost', 'answer lost', 'late', 'refused'] as const;
  const fate = (now: number): Fate => (now < 300_000 && random() < 0.3 ? fates[Math.floor(4 * random())]! : 'answered');
  const setup = { provider: 'openai', limits: { requestsPerMinute: 500, tokensPerMinute: 2_000_000 } } as const;
  const jobs: FleetCase['jobs'] = (dice) => makeJobs({ count: 3_000, shape: 'uniform', random: dice });
  const result = await runFleet({ name: 'chaos', setup, jobs }, { processes: 8, seed: SEED, fate });
  expect(result.wallMs).toBeGreaterThan(300_000);
  expect(result.succeeded).toBe(result.calls);
  expect(result.ratio).toBeLessThan(1.1);
  expect(result.waste).toBeLessThan(0.05);
});

type Fate = ReturnType<NonNullable<FleetRun['fate']>>;

function during(fromMs: number, untilMs: number, fate: Fate): FleetRun['fate'] {
  return (now) => (now >= fromMs && now < untilMs ? fate : 'answered');
}

function chance(fate: Fate): FleetRun['fate'] {
  const random = mulberry32(3);
  return () => (random() < 0.2 ? fate : 'answered');
}
