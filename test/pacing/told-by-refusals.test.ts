import { describe, expect, it } from 'vitest';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { ACTUAL, fail, finish, type Harness, harness, info, PACING, reading, watch, type Watched } from './harness.ts';

const policy = { headroom: 0, smooth: false, corrects: true };
const PER_MINUTE = 600;
const RATE = PER_MINUTE / 60_000;

/** A limit that only refusals reveal, found exhausted. */
function found(): LimitBucket {
  const bucket = new LimitBucket('requests', PER_MINUTE, 'body', policy, 0);
  bucket.take(1, 1);
  bucket.refused({ amount: 1, sequence: 1, sentAt: 0, news: true }, 0, 0, 1 / RATE, 10);
  return bucket;
}

describe('a limit that only refusals reveal', () => {
  it('does not keep counting what it refused: no header would ever correct that', () => {
    const bucket = found();
    for (let sequence = 2; sequence <= 60; sequence++) bucket.take(1, sequence);
    for (let sequence = 2; sequence <= 60; sequence++) {
      bucket.refused({ amount: 1, sequence, sentAt: 10, news: sequence === 2 }, undefined, 0, 1 / RATE, 20);
    }
    expect(bucket.waitMs(1)).toBeLessThan(1.1 / RATE);
  });

  it('is raised on trial while calls wait and none is refused, and lowered by a refusal', () => {
    const bucket = found();
    let sequence = 2;
    let now = 20;
    for (; now < 30_000; now += 10) {
      bucket.refill(now);
      if (bucket.waitMs(1) > 0) continue;
      bucket.take(1, sequence++);
      bucket.accepted(1, now);
    }
    const higher = bucket.limitRate;
    expect(higher).toBeGreaterThan(2 * RATE);
    bucket.refused({ amount: 1, sequence: sequence - 1, sentAt: now - 50, news: true }, undefined, 0, 100, now);
    expect(bucket.limitRate).toBeLessThanOrEqual(higher / 2);
  });

  it('is found to hold less than a minute if a rest refills no more', () => {
    const bucket = found();
    // After ten seconds of rest a hundred should be there; thirty are.
    for (let sequence = 2; sequence <= 101; sequence++) {
      bucket.refill(10_000);
      bucket.take(1, sequence);
    }
    for (let sequence = 32; sequence <= 101; sequence++) {
      bucket.refused(
        { amount: 1, sequence, sentAt: 10_000, news: sequence === 32 },
        undefined,
        101 - sequence,
        1 / RATE,
        10_050,
      );
    }
    expect(bucket.burst).toBeCloseTo(30, -1);
  });

  it('is not exceeded if the user has set it', () => {
    const bucket = new LimitBucket('requests', PER_MINUTE, 'config', policy, 0);
    let sequence = 1;
    for (let now = 0; now < 120_000; now += 10) {
      bucket.refill(now);
      if (bucket.waitMs(1) > 0) continue;
      bucket.take(1, sequence++);
      bucket.accepted(1, now);
    }
    expect(bucket.limitRate).toBe(RATE);
  });
});

describe('a call that was told to wait for long', () => {
  const HINT_MS = 59_000;
  const refusal = {
    outcome: 'throttled',
    dimension: 'tokens',
    hintMs: HINT_MS,
    hintSource: 'retry_after',
    limit: 30_000,
    remaining: 100,
    requested: 4_100,
  } as const;

  /**
   * Six calls with at most 4,000 tokens of output are sent, then one is refused while `inFlight` are not answered yet.
   */
  async function refusedBeside(inFlight: number, corrects = true): Promise<Harness & { readonly calls: Watched[] }> {
    const h = harness({ pacing: { ...PACING, tokensPerMinute: 30_000 }, charge: { ...ACTUAL, corrects } });
    const calls = Array.from({ length: 6 }, () =>
      watch(h, { info: info({ maxOutputTokens: 4_000, inputBytes: 400 }) }),
    );
    await h.clock.advance(10_000);
    for (const { ticket } of calls.slice(inFlight + 1)) finish(ticket, [reading('tokens', 30_000, 5_000)]);
    fail(calls[0]!.ticket, refusal);
    return { ...h, calls };
  }

  it('does not wait if calls in flight must return more than is missing', async () => {
    const { lane } = await refusedBeside(5);
    expect(lane.pausedForMs()).toBe(0);
  });

  it('waits if too little is returned, or the provider returns nothing', async () => {
    for (const { lane } of [await refusedBeside(1), await refusedBeside(5, false)]) {
      expect(lane.pausedForMs()).toBeGreaterThanOrEqual(HINT_MS);
    }
  });
});
