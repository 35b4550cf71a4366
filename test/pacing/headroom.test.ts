import { describe, expect, it } from 'vitest';
import { caseJob } from '../../bench/sim/random/draw-jobs.ts';
import type { LimitSpec } from '../../bench/sim/random/case.ts';
import { runCase } from '../../bench/sim/random/run-case.ts';
import { PLAIN_VIEW, type LimitView } from '../../src/simulator/limits/limit-view.ts';

const PER_MINUTE = 240;
const MINUTES = 3;
const MINUTE = 60_000;

/** Calls admitted in each minute, when they arrive at a share of the limit. */
async function sentByMinute(
  headroom: number,
  load: number,
  limit: Pick<LimitSpec, 'kind' | 'windowMs'>,
  view: Partial<LimitView>,
): Promise<number[]> {
  const calls = Math.round(PER_MINUTE * load * MINUTES);
  const jobs = Array.from({ length: calls }, (_, index) =>
    caseJob({
      inputTokens: 100,
      maxOutputTokens: 20,
      outputTokens: 10,
      latencyMs: 200,
      faultSeed: index,
      arriveMs: (index * MINUTES * MINUTE) / calls,
    }),
  );
  const minutes: number[] = [];
  let before = 0;
  await runCase(
    {
      name: 'headroom',
      command: '',
      seed: 1,
      jobs: () => jobs,
      options: { pacing: { headroom } },
      provider: {
        dialect: 'openai',
        limits: [{ name: 'requestsPerMinute', perMinute: PER_MINUTE, ...limit }],
        headers: 'all',
        view: { ...PLAIN_VIEW, ...view },
        retryAfter: 'seconds',
        texts: 'full',
        oneWayMs: 5,
      },
    },
    'tidegate',
    {
      everyMs: MINUTE,
      onTick(_now, { admitted }) {
        minutes.push(admitted.calls - before);
        before = admitted.calls;
      },
    },
  );
  return minutes.slice(0, MINUTES);
}

const minuteBucket = { kind: 'bucket', windowMs: MINUTE } as const;
const secondBucket = { kind: 'bucket', windowMs: 1_000 } as const;
const minuteWindow = { kind: 'fixed', windowMs: MINUTE } as const;

describe('headroom', () => {
  it.each([
    ['a bucket of a minute', minuteBucket, {}],
    ['a bucket of a second', secondBucket, { remaining: 'bucket' }],
    ['a window of the clock', minuteWindow, {}],
  ] as const)('leaves its share of %s to others, whatever resets promise', async (_what, limit, view) => {
    const minutes = await sentByMinute(0.7, 0.5, limit, view);
    const ours = 0.3 * PER_MINUTE;
    // The same part of what is banked at the start is ours.
    expect(minutes[0]).toBeLessThanOrEqual(2.05 * ours);
    expect(minutes[2]).toBeLessThanOrEqual(1.05 * ours);
    expect(minutes[2]).toBeGreaterThan(0.95 * ours);
  });

  it('delays nothing that fits beside it', async () => {
    const minutes = await sentByMinute(0.5, 0.38, minuteBucket, {});
    for (const sent of minutes.slice(0, -1)) expect(Math.abs(sent - 0.38 * PER_MINUTE)).toBeLessThanOrEqual(1);
  });
});
