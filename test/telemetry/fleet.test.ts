import { describe, expect, it } from 'vitest';
import type { StoreFault } from '../../src/core/event-values.ts';
import type { GuardEvent } from '../../src/core/events.ts';
import type { SharedSnapshot } from '../../src/core/snapshot.ts';
import { valuesOf } from '../../src/telemetry/contract/closed-set.ts';
import { STORE_FAULTS } from '../../src/telemetry/contract/closed-sets.ts';
import { Harness, lane } from './harness.ts';

const MODEL = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5.1' };

function shared(over: Partial<SharedSnapshot> = {}): SharedSnapshot {
  const tokens = { dimension: 'tokens', leased: 300, free: 9_000, mostOvershoot: 700 } as const;
  return { mode: 'shared', processes: 3, active: 2, exchangeMs: 1, dimensions: [tokens], ...over };
}

const exchange = (durationMs: number, fault?: StoreFault): GuardEvent => ({
  type: 'shared.exchange',
  lane: 'openai/gpt-5.1',
  durationMs,
  fault,
});

describe('shared limits', () => {
  it('report how many lanes use leases, and how many work alone', async () => {
    const harness = new Harness();
    harness.lanes = [
      lane({ shared: shared() }),
      lane({ shared: shared(), lane: 'openai/b', group: 'b' }),
      lane({ shared: shared({ mode: 'alone' }), lane: 'openai/c', group: 'c' }),
      lane({ lane: 'openai/d', group: 'd' }),
    ];
    const of = (mode: string): Promise<number> =>
      harness.value('tidegate.fleet.lanes', { 'tidegate.fleet.mode': mode });
    expect([await of('shared'), await of('alone'), await of('joining')]).toEqual([2, 1, 0]);
    harness.lanes = [lane({ shared: shared({ mode: 'joining' }) })];
    expect([await of('shared'), await of('alone'), await of('joining')]).toEqual([0, 0, 1]);
  });

  it("add up over the guards of a process, and stay apart by the guards' attributes", async () => {
    const harness = new Harness();
    harness.lanes = [lane({ shared: shared() })];
    harness.another({}, () => [lane({ shared: shared(), lane: 'openai/b', group: 'b' })]);
    harness.another({ attributes: { 'tidegate.client': 'other' } }, () => [lane({ shared: shared() })]);
    const values = await harness.values('tidegate.fleet.lanes', { 'tidegate.fleet.mode': 'shared' });
    expect(values.toSorted()).toEqual([1, 2]);
  });

  it("report each lane's fleet, and for each limit what is leased and what may be exceeded", async () => {
    const harness = new Harness();
    harness.lanes = [lane({ shared: shared() })];
    expect(await harness.value('tidegate.fleet.processes', MODEL)).toBe(3);
    const limit = { ...MODEL, 'tidegate.limit.dimension': 'tokens' };
    expect(await harness.value('tidegate.fleet.leased', limit)).toBe(300);
    expect(await harness.value('tidegate.fleet.overshoot_bound', limit)).toBe(700);
  });

  it('count faults of the store, from zero, in a closed set', async () => {
    const harness = new Harness();
    const of = (fault: string): Promise<number[]> =>
      harness.values('tidegate.fleet.exchange_errors', { 'tidegate.fleet.fault': fault });
    harness.play(exchange(2));
    expect([await of('timeout'), await of('connection')]).toEqual([[0], [0]]);
    for (const fault of valuesOf(STORE_FAULTS)) harness.play(exchange(2, fault));
    harness.play(exchange(2, 'OOM command not allowed, key sk-secret' as StoreFault));
    for (const fault of valuesOf(STORE_FAULTS)) expect(await of(fault)).toEqual([fault === 'other' ? 2 : 1]);
    expect(await harness.scrape()).not.toContain('sk-secret');
  });

  it('measure the latency of answers, not of immediate refusals', async () => {
    const harness = new Harness();
    harness.play(exchange(3), exchange(80), exchange(0, 'connection'), exchange(520, 'timeout'));
    const [histogram, ...more] = await harness.histograms('tidegate.fleet.exchange_seconds');
    expect(more).toEqual([]);
    expect(histogram!.value.count).toBe(3);
    expect(histogram!.value.sum).toBeCloseTo(0.603);
  });

  it('add no series if limits are not shared, and few if they are', async () => {
    const harness = new Harness();
    harness.lanes = [lane()];
    expect(await harness.scrape()).not.toContain('tidegate_fleet');
    harness.lanes = Array.from({ length: 20 }, (_, index) =>
      lane({ lane: `openai/${index}`, group: `model-${index}`, shared: shared() }),
    );
    for (let at = 0; at < 100; at++) harness.play(exchange(at));
    const series = (await harness.scrape()).split('\n').filter((line) => line.startsWith('tidegate_fleet'));
    // Three modes, two faults and a histogram for the process, and three for a model with one limit.
    expect(series.length).toBe(3 + 2 + 10 + 3 * 20);
  });
});
