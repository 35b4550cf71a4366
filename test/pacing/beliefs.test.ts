import { describe, expect, it } from 'vitest';
import { BELIEFS, type LimitBelief } from '../../src/core/beliefs.ts';
import { BeliefWatch } from '../../src/pacing/limits/belief-watch.ts';
import { type BucketDimension } from '../../src/core/dimensions.ts';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

function rig() {
  const told: [string, LimitBelief, boolean][] = [];
  const watch = new BeliefWatch({
    onPause: () => undefined,
    onLimit: () => undefined,
    onBelief: (dimension, belief, holds) => told.push([dimension, belief, holds]),
  });
  const policy = { headroom: 0.01, smooth: false, corrects: true };
  const bucket = (dimension: BucketDimension): LimitBucket => new LimitBucket(dimension, 3_000, 'header', policy, 0);
  return { told, watch, bucket };
}

const seen = {
  limit: 3_000,
  source: 'header',
  mark: 0,
  since: 0,
  amount: 1,
  inFlight: 1,
  previousAt: 0,
  refused: false,
} as const;

describe('a belief about a limit', () => {
  it('is announced with its evidence when it begins and when it ends', () => {
    const { told, watch, bucket } = rig();
    const requests = bucket('requests');
    watch.look([requests], 'none', 0);
    expect(told).toEqual([]);
    requests.observe({ ...seen, remaining: 49, resetMs: 20, sequence: 1, sentAt: 1_000, sampledAt: 1_000 }, 1_000);
    watch.look([requests], 'pace', 1_000);
    expect(told).toEqual([
      ['requests', 'short_bucket', true],
      ['unknown', 'pace', true],
    ]);
    expect(requests.snapshot(1_000).beliefs).toEqual(['short_bucket']);
    requests.observe({ ...seen, remaining: 2_990, resetMs: 200, sequence: 2, sentAt: 3_000, sampledAt: 3_000 }, 3_000);
    watch.look([requests], 'chance', 3_000);
    expect(told.slice(2)).toEqual([
      ['requests', 'short_bucket', false],
      ['requests', 'resets_at_once', true],
      ['unknown', 'pace', false],
      ['unknown', 'chance', true],
    ]);
    expect(requests.snapshot(3_000).beliefs).toEqual(['resets_at_once']);
  });

  it('is announced once a second at most', () => {
    const { told, watch, bucket } = rig();
    const requests = bucket('requests');
    watch.look([requests], 'none', 0);
    for (let ms = 1; ms < 1_000; ms++) watch.look([requests], ms % 2 === 0 ? 'none' : 'trial', ms);
    expect(told).toEqual([]);
    watch.look([requests], 'trial', 1_000);
    expect(told).toEqual([['unknown', 'trial', true]]);
  });

  it('has a reason for each', () => {
    for (const because of Object.values(BELIEFS)) expect(because).toMatch(/^[a-z].{20,}[a-z]$/);
  });
});

describe.each(SDKS)('$name', (sdk) => {
  it('appears in the snapshot and in an event of its guard', async () => {
    // A bucket of a second, stated as if it were of a minute.
    const headers = {
      'x-ratelimit-limit-requests': '3000',
      'x-ratelimit-remaining-requests': '49',
      'x-ratelimit-reset-requests': '20ms',
      'anthropic-ratelimit-requests-limit': '3000',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': new Date(Date.now() + 1_000).toISOString(),
    };
    const answer = sendJson(sdk.completion, 200, headers);
    const server = await scriptedServer(answer, answer);
    const guard = testGuard(FAST);
    const client = guardedClient(sdk, guard, globalThis.fetch, { baseURL: server.url });
    await sdk.create(client);
    const believed = guard.snapshot().flatMap(({ dimensions }) => dimensions.flatMap(({ beliefs }) => beliefs ?? []));
    expect(believed).toEqual(['short_bucket']);
    expect(eventsOf(guard, 'belief').map(({ belief, holds, because }) => ({ belief, holds, because }))).toEqual(
      believed.map((belief) => ({ belief, holds: true, because: BELIEFS[belief] })),
    );
  });
});
