import { expect, test } from 'vitest';
import type { LimitReading } from '../src/core/outcome.ts';
import { GuardCore } from '../src/guard.ts';
import { joinLane, leaveLane, type SharedLane } from '../src/lane-registry.ts';
import { ACTUAL, info, request } from './pacing/harness.ts';
import { VirtualClock } from './helpers/virtual-clock.ts';

const IDENTITY = { provider: 'openai', baseURL: 'https://let-go.test', credential: 'let go', group: 'all' } as const;
const LIMIT = 60;
const USED = 40;
const SHORT = info({ inputBytes: 400 });

/** Makes calls that the provider answers with a limit and what is left of it. */
async function call(lane: SharedLane, calls: number): Promise<void> {
  for (let index = 1; index <= calls; index++) {
    const ticket = await lane.admission.acquire(request({ info: SHORT }));
    const left: LimitReading = {
      dimension: 'requests',
      limit: LIMIT,
      remaining: LIMIT - index,
      resetMs: index * 1_000,
      windowMs: 60_000,
      source: 'header',
    };
    ticket.onHead([left], 200);
    const usage = { inputTokens: 300, outputTokens: 20, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    ticket.settle({ outcome: 'ok', usage });
    ticket.release();
  }
}

const requestsOf = (lane: SharedLane) => lane.snapshot().dimensions.find(({ dimension }) => dimension === 'requests');

test('a lane that is recreated knows its limits, what is left of them, and the usage of calls', async () => {
  const clock = new VirtualClock();
  const guard = new GuardCore({ telemetry: false }, { clock, random: () => 0.5 });
  const lane = joinLane(IDENTITY, ACTUAL, guard);
  await call(lane, USED);
  leaveLane(lane, guard);
  await clock.advance(6_000);

  const back = joinLane(IDENTITY, ACTUAL, guard);
  expect(back).not.toBe(lane);
  expect(requestsOf(back)).toMatchObject({ limit: LIMIT, source: 'learned' });
  expect(requestsOf(back)!.remaining).toBeCloseTo(LIMIT - USED + 6, 0);
  const ticket = await back.admission.acquire(request({ info: SHORT }));
  expect(ticket.estimate!.inputTokens).toBeGreaterThan(250);
  ticket.release();
  leaveLane(back, guard);

  // A day later the account may have another tier.
  await clock.advance(90_000_000);
  const later = joinLane(IDENTITY, ACTUAL, guard);
  expect(later.snapshot().dimensions).toEqual([]);
  leaveLane(later, guard);
  await guard.close();
});
