import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONTESTANTS } from '../../bench/pacing/contestants.ts';
import { type Job, makeJobs } from '../../bench/pacing/jobs.ts';
import { COLUMNS, overview, PAGE, withOverview } from '../../bench/pacing/overview.ts';
import { quantile } from '../../bench/lib/quantile.ts';
import { missesOf, type Row } from '../../bench/pacing/row.ts';
import { type Scenario, SCENARIOS } from '../../bench/pacing/http-scenarios.ts';
import { UNTUNED } from '../../bench/pacing/untuned.ts';
import { lowerBoundMs } from '../../bench/pacing/to-virtual.ts';

function jobs(count: number): Job[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    arriveMs: 0,
    interactive: false,
    text: '',
    maxOutputTokens: 64,
    cost: { inputTokens: 100, cachedTokens: 0, maxOutputTokens: 64 },
    usage: { inputTokens: 100, cachedTokens: 0, outputTokens: 10 },
  }));
}

function scenario(over: Partial<Scenario> = {}): Scenario {
  return {
    name: 'test',
    words: 'test',
    simulator: { provider: 'openai', limits: { requestsPerMinute: 600 }, bucketSeconds: 2 },
    loads: [],
    target: { ratio: 1.02, waste: 0.01 },
    ...over,
  };
}

/** There and back. */
const NETWORK_MS = 2;

describe('lower bound of a pacing scenario', () => {
  it('spends the bucket, then waits for the refill', () => {
    // 20 at once, the other 100 at 10 a second.
    expect(lowerBoundMs(scenario(), jobs(120))).toBeCloseTo(10_000 + NETWORK_MS);
  });

  it('subtracts what a neighbour takes of the refill', () => {
    expect(lowerBoundMs(scenario({ faults: { neighbour: { share: 0.5 } } }), jobs(120))).toBeCloseTo(
      20_000 + NETWORK_MS,
    );
  });

  it('keeps usage when the tier is cut', () => {
    // By 4 s 60 are out; the smaller bucket owes 12 of them: 60 + 12 more at 4 a second.
    const faults = { tierChange: { atMs: 4_000, limits: { requestsPerMinute: 240 } } };
    expect(lowerBoundMs(scenario({ faults }), jobs(120))).toBeCloseTo(22_000 + NETWORK_MS);
  });

  it('loses what overflows the bucket during an outage', () => {
    const faults = { outage: { fromMs: 3_000, untilMs: 8_000 } };
    expect(lowerBoundMs(scenario({ faults }), jobs(120))).toBeCloseTo(13_000 + NETWORK_MS);
    expect(lowerBoundMs(scenario({ faults }), jobs(40))).toBeCloseTo(2_000 + NETWORK_MS);
    expect(lowerBoundMs(scenario({ faults }), jobs(51))).toBeCloseTo(8_000 + NETWORK_MS);
  });

  it('adds the length of an average answer', () => {
    const simulator = { ...scenario().simulator, latency: { baseMs: 250, perTokenMs: 2 } };
    expect(lowerBoundMs(scenario({ simulator }), jobs(120))).toBeCloseTo(10_270 + NETWORK_MS);
  });

  it('uses the limit that binds', () => {
    const simulator = { ...scenario().simulator, limits: { requestsPerMinute: 600, tokensPerMinute: 30_000 } };
    // 100 tokens each: 1,000 at once, 500 a second.
    expect(lowerBoundMs(scenario({ simulator }), jobs(120))).toBeCloseTo(22_000 + NETWORK_MS);
  });
});

describe('scenarios of the pacing benchmark', () => {
  // Thousands of e-mails are read and counted.
  it('last half a minute at most', async () => {
    const bounds = await Promise.all(
      SCENARIOS.map(async (each) => lowerBoundMs(each, await makeJobs(each.loads, each.simulator, 7))),
    );
    expect(bounds.length).toBeGreaterThan(15);
    expect(Math.min(...bounds)).toBeGreaterThan(6_000);
    expect(Math.max(...bounds)).toBeLessThan(35_000);
  });

  it('last as long on untuned providers, and one answer if everything fits', async () => {
    for (const each of UNTUNED) {
      const boundMs = lowerBoundMs(each, await makeJobs(each.loads, each.simulator, 7));
      const cold = each.name.startsWith('cold');
      expect(boundMs, each.name).toBeGreaterThan(cold ? 200 : 6_000);
      expect(boundMs, each.name).toBeLessThan(cold ? 6_000 : 20_000);
    }
  });

  it('have the same calls in every process, and others with another seed', async () => {
    const { loads, simulator } = SCENARIOS[0]!;
    const first = await makeJobs(loads, simulator, 1);
    expect(await makeJobs(loads, simulator, 1)).toEqual(first);
    expect((await makeJobs(loads, simulator, 2)).map(({ text }) => text)).not.toEqual(first.map(({ text }) => text));
    expect(new Set(first.map(({ text }) => text)).size).toBeGreaterThan(first.length / 2);
  });
});

describe('missed targets', () => {
  it('are named with their measure', () => {
    const target = { ratio: 1.02, waste: 0.01 };
    expect(missesOf({ target }, 100, { succeeded: 100, ratio: 1.02, waste: 0.01 })).toEqual([]);
    expect(missesOf({ target }, 100, { succeeded: 98, ratio: 1.5, waste: 0.2 })).toEqual([
      '2 of 100 calls lost',
      'wall 1.500, target 1.02',
      'waste 20.0 %, target 1 %',
    ]);
  });

  it('take quantiles of sorted values, 0 of none', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(3);
    expect(quantile([1, 2, 3, 4], 1)).toBe(4);
    expect(quantile([], 0.5)).toBe(0);
  });
});

describe('the documentation', () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

  it('shows the results that are committed', () => {
    const rows = JSON.parse(read('bench/results/pacing.json')) as Row[];
    for (const { name } of SCENARIOS) {
      for (const [contestant] of COLUMNS) {
        expect(rows.filter((row) => row.scenario === name && row.contestant === contestant)).toHaveLength(1);
      }
    }
    // The formatter pads the columns.
    const cells = (text: string): string[] => text.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
    const shown = cells(read(PAGE)).filter((line) => !line.startsWith('| -'));
    expect(withOverview(read(PAGE), 'another table')).toContain('<!-- pacing -->\n\nanother table\n\n<!-- /pacing -->');
    for (const line of cells(overview(rows, SCENARIOS, CONTESTANTS))) {
      if (!line.startsWith('| -')) expect(shown).toContain(line);
    }
  });
});
