import { describe, expect, it } from 'vitest';
import type { DimensionSnapshot, LaneSnapshot } from '../../src/core/snapshot.ts';
import { isCurrent } from '../../src/telemetry/lane-gauges.ts';
import { dimension, Harness, lane, pointsOf } from './harness.ts';
import { VERSION } from '../../src/telemetry/names.ts';

const MODEL = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5.1' };
const REQUESTS = { ...MODEL, 'tidegate.limit.dimension': 'requests' };

function harnessWith(...lanes: LaneSnapshot[]): Harness {
  const harness = new Harness();
  harness.lanes = lanes;
  return harness;
}

async function limits(harness: Harness, attributes: Record<string, string> = {}): Promise<unknown[]> {
  const all = await harness.collect();
  return ['limit', 'remaining', 'reset_seconds'].map((name) =>
    pointsOf<number>(all.get(`tidegate.ratelimit.${name}`), attributes).map(({ value }) => value),
  );
}

describe('limits', () => {
  it('are published with what is left, the reset in seconds, the rate and the age', async () => {
    const harness = harnessWith(lane({ dimensions: [dimension()] }));
    expect(await harness.value('tidegate.ratelimit.limit', REQUESTS)).toBe(100);
    expect(await harness.value('tidegate.ratelimit.remaining', REQUESTS)).toBe(40);
    expect(await harness.value('tidegate.ratelimit.reset_seconds', REQUESTS)).toBe(30);
    expect(await harness.value('tidegate.pacer.rate_per_second', REQUESTS)).toBe(1.5);
    expect(await harness.value('tidegate.ratelimit.observed_age_seconds', MODEL)).toBe(2);
  });

  it('are published with their utilization by our own count, whatever is known of what is left', async () => {
    const own = dimension({ utilization: 0.6, remaining: undefined });
    const waiting = { urgent: 5, busiestTenant: 'acme', busiestShare: 0.75 };
    const harness = harnessWith(
      lane({ dimensions: [own], oldestWaitMs: 61_500, waiting, pausedForMs: 12_500 }),
      lane({ dimensions: [dimension()] }),
    );
    expect(await harness.value('tidegate.queue.urgent')).toBe(5);
    expect(await harness.value('tidegate.queue.tenant_share_ratio')).toBe(0.75);
    expect(await harness.scrape()).not.toContain('acme');
    expect(await harness.value('tidegate.limit.utilization_ratio', REQUESTS)).toBe(0.6);
    expect(await harness.value('tidegate.queue.oldest_wait_seconds')).toBe(61.5);
    expect(await harness.value('tidegate.queue.paused_seconds')).toBe(12.5);
    harness.lanes = [lane({ dimensions: [dimension({ utilization: undefined })] })];
    expect(await harness.values('tidegate.limit.utilization_ratio', REQUESTS)).toEqual([0]);
  });

  it('are read when a reader collects, not before', async () => {
    const harness = harnessWith();
    harness.lanes = [lane({ dimensions: [dimension({ remaining: 40 })] })];
    expect(await harness.value('tidegate.ratelimit.remaining')).toBe(40);
    harness.lanes = [lane({ dimensions: [dimension({ remaining: 39 })] })];
    expect(await harness.value('tidegate.ratelimit.remaining')).toBe(39);
  });

  it.each<[string, Partial<DimensionSnapshot>]>([
    ['nothing is known of what is left', { remaining: undefined }],
    ['what is left is negative (Azure)', { remaining: -1 }],
    ['the limit is negative', { limit: -1 }],
    ['what is left is not a number', { remaining: Number.NaN }],
    ['the reset has passed since the reading', { remaining: 0, resetMs: 0 }],
    ['a window has passed since the reading', { remaining: 0, resetMs: undefined, observedAgeMs: 60_001 }],
    ['the lane has been full for longer than a window', { remaining: 100, resetMs: 0, observedAgeMs: 60_001 }],
  ])('are never published in part, not even when %s', async (_, over) => {
    const harness = harnessWith(lane({ dimensions: [dimension(over)] }));
    expect(await limits(harness)).toEqual([[], [], []]);
  });

  it.each<[string, Partial<DimensionSnapshot>]>([
    ['a configured limit was never read', { observedAgeMs: undefined, source: 'config' }],
    ['the bucket is still refilling, however old the reading', { observedAgeMs: 70_000, resetMs: 8_000 }],
    ['the reading is fresh and the bucket full', { remaining: 100, resetMs: 0 }],
    ['the reset is not known', { resetMs: undefined }],
  ])('are current when %s', (_, over) => {
    expect(isCurrent(dimension(over))).toBe(true);
  });

  it('omit an unknown reset, and are never below zero', async () => {
    const harness = harnessWith(
      lane({
        dimensions: [
          dimension({ resetMs: undefined }),
          dimension({ dimension: 'tokens', remaining: 100, resetMs: -5 }),
        ],
      }),
    );
    expect(await limits(harness, { 'tidegate.limit.dimension': 'requests' })).toEqual([[100], [40], []]);
    expect(await limits(harness, { 'tidegate.limit.dimension': 'tokens' })).toEqual([[100], [100], [0]]);
  });

  it('publish a pacing rate for per-minute limits only', async () => {
    const names = ['requests', 'tokens', 'input_tokens', 'output_tokens', 'requests_day', 'concurrency'] as const;
    const harness = harnessWith(lane({ dimensions: names.map((name) => dimension({ dimension: name })) }));
    const rated = pointsOf((await harness.collect()).get('tidegate.pacer.rate_per_second')).map(
      ({ attributes }) => attributes['tidegate.limit.dimension'],
    );
    expect(rated).toEqual(['requests', 'tokens', 'input_tokens', 'output_tokens']);
  });
});

describe('an expired point', () => {
  it('is set to its rest value: the SDK goes on exporting it, and zero remaining would page for ever', async () => {
    const harness = harnessWith(lane({ dimensions: [dimension({ remaining: 0 })] }));
    expect(await limits(harness)).toEqual([[100], [0], [30]]);
    harness.lanes = [lane({ dimensions: [dimension({ remaining: 0, resetMs: 0, ratePerSecond: undefined })] })];
    expect(await limits(harness)).toEqual([[100], [100], [0]]);
    expect(await harness.value('tidegate.pacer.rate_per_second')).toBe(0);
    expect(await limits(harness)).toEqual([[100], [100], [0]]);
    harness.lanes = [lane({ dimensions: [dimension({ remaining: 7, limit: 90 })] })];
    expect(await limits(harness)).toEqual([[90], [7], [30]]);
  });

  it('of a removed lane reports nothing bad any more', async () => {
    const harness = harnessWith(lane({ circuit: 'open' }));
    expect(await harness.value('tidegate.circuit.state', { 'tidegate.circuit.state': 'open' })).toBe(1);
    harness.instrumentation.shutdown();
    expect(await harness.value('tidegate.circuit.state', { 'tidegate.circuit.state': 'open' })).toBe(0);
    expect(await harness.value('tidegate.circuit.state', { 'tidegate.circuit.state': 'closed' })).toBe(1);
    expect(await harness.value('tidegate.bulkhead.queued')).toBe(0);
    expect(await harness.value('tidegate.bulkhead.active')).toBe(0);
  });
});

describe('lanes under the same labels', () => {
  it('show the limit with the highest utilisation, both numbers from one lane', async () => {
    const harness = harnessWith(
      lane({ dimensions: [dimension({ limit: 100, remaining: 50 })] }),
      lane({ dimensions: [dimension({ limit: 1_000, remaining: 100 })] }),
      lane({ dimensions: [dimension({ limit: 10, remaining: 9 })] }),
    );
    expect(await limits(harness)).toEqual([[1_000], [100], [30]]);
  });

  it('of two guards are one point, too', async () => {
    const harness = harnessWith(lane({ dimensions: [dimension({ remaining: 50 })] }));
    harness.another({}, () => [lane({ dimensions: [dimension({ remaining: 5 })] })]);
    expect(await limits(harness)).toEqual([[100], [5], [30]]);
  });

  it('show the most recent reading', async () => {
    const harness = harnessWith(
      lane({
        dimensions: [dimension({ observedAgeMs: 9_000 }), dimension({ dimension: 'tokens', observedAgeMs: 3_000 })],
      }),
      lane({ dimensions: [dimension({ observedAgeMs: 5_000 })] }),
    );
    expect(await harness.value('tidegate.ratelimit.observed_age_seconds')).toBe(3);
  });

  it('show the fullest bulkhead and the worst circuit', async () => {
    const harness = harnessWith(
      lane({ queued: 10, inFlight: 500, circuit: 'half_open' }),
      lane({ queued: 900, inFlight: 2, maxConcurrent: 50, circuit: 'open' }),
      lane({ queued: 0, inFlight: 0, circuit: 'closed' }),
    );
    expect(await harness.value('tidegate.bulkhead.queued')).toBe(900);
    expect(await harness.value('tidegate.bulkhead.active')).toBe(2);
    expect(await harness.value('tidegate.bulkhead.capacity')).toBe(50);
    expect(await harness.value('tidegate.circuit.state', { 'tidegate.circuit.state': 'open' })).toBe(1);
  });

  it('beyond the cap are one lane', async () => {
    const harness = new Harness({ maxModels: 1 });
    harness.lanes = [
      lane({ group: 'a', dimensions: [dimension({ remaining: 100, resetMs: 10 })] }),
      lane({ group: 'b', dimensions: [dimension({ remaining: 60 })] }),
      lane({ group: 'c', dimensions: [dimension({ remaining: 20 })] }),
    ];
    expect(await harness.value('tidegate.ratelimit.remaining', { 'gen_ai.request.model': 'a' })).toBe(100);
    expect(await harness.value('tidegate.ratelimit.remaining', { 'gen_ai.request.model': '_OTHER' })).toBe(20);
  });
});

describe('circuits and bulkheads', () => {
  it.each(['closed', 'open', 'half_open'] as const)('report %s in addition to closed', async (circuit) => {
    const harness = harnessWith(lane({ circuit }));
    const states = async (): Promise<unknown[]> =>
      pointsOf<number>((await harness.collect()).get('tidegate.circuit.state')).map(({ value, attributes }) => {
        const { 'tidegate.circuit.state': state, ...circuitOf } = attributes;
        expect(circuitOf).toEqual({ 'gen_ai.provider.name': 'openai', 'tidegate.circuit': 'openai/gpt-5.1' });
        return [state, value];
      });
    const others = circuit === 'closed' ? [] : [circuit];
    expect(await states()).toEqual([['closed', circuit === 'closed' ? 1 : 0], ...others.map((state) => [state, 1])]);
    harness.lanes = [lane({ circuit: 'closed' })];
    expect(await states()).toEqual([['closed', 1], ...others.map((state) => [state, 0])]);
  });

  it('publish slots and queue with their sizes', async () => {
    const harness = harnessWith(lane());
    const labels = { 'gen_ai.provider.name': 'openai', 'tidegate.bulkhead': 'openai/gpt-5.1' };
    expect(await harness.value('tidegate.bulkhead.active', labels)).toBe(3);
    expect(await harness.value('tidegate.bulkhead.queued', labels)).toBe(7);
    expect(await harness.value('tidegate.bulkhead.capacity', labels)).toBe(500);
    expect(await harness.value('tidegate.bulkhead.queue_capacity', labels)).toBe(1_000);
  });

  it('have capped labels', async () => {
    const harness = harnessWith(...Array.from({ length: 60 }, (_, index) => lane({ lane: `openai/m${index}` })));
    expect(await harness.values('tidegate.bulkhead.active')).toHaveLength(21);
    expect(await harness.values('tidegate.circuit.state')).toHaveLength(51);
  });
});

describe('build info', () => {
  it('is there before the first call', async () => {
    expect(await new Harness().value('tidegate.build_info', { version: VERSION, sdk: 'js' })).toBe(1);
  });
});

describe('names in Prometheus', () => {
  it('are the names of the metric table', async () => {
    const harness = harnessWith(
      lane({
        dimensions: [dimension({ utilization: 0.6 })],
        waiting: { urgent: 1, busiestTenant: 'acme', busiestShare: 1 },
      }),
    );
    const types = [...(await harness.scrape()).matchAll(/^# TYPE (\w+) gauge$/gm)].map(([, name]) => name).sort();
    expect(types).toEqual([
      'target_info',
      'tidegate_build_info',
      'tidegate_bulkhead_active',
      'tidegate_bulkhead_capacity',
      'tidegate_bulkhead_queue_capacity',
      'tidegate_bulkhead_queued',
      'tidegate_circuit_state',
      'tidegate_limit_utilization_ratio',
      'tidegate_pacer_rate_per_second',
      'tidegate_queue_oldest_wait_seconds',
      'tidegate_queue_paused_seconds',
      'tidegate_queue_tenant_share_ratio',
      'tidegate_queue_urgent',
      'tidegate_ratelimit_limit',
      'tidegate_ratelimit_observed_age_seconds',
      'tidegate_ratelimit_remaining',
      'tidegate_ratelimit_reset_seconds',
    ]);
  });
});
