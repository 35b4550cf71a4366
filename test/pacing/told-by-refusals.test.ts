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
  bucket.refused({ amount: 1, sequence: 1, sentAt: 0, news: true, hinted: false }, 0, 0, 1 / RATE, 10);
  return bucket;
}

describe('a limit that only refusals reveal', () => {
  it('does not keep counting what it refused: no header would ever correct that', () => {
    const bucket = found();
    for (let sequence = 2; sequence <= 60; sequence++) bucket.take(1, sequence);
    for (let sequence = 2; sequence <= 60; sequence++) {
      bucket.refused(
        { amount: 1, sequence, sentAt: 10, news: sequence === 2, hinted: false },
        undefined,
        0,
        1 / RATE,
        20,
      );
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
      bucket.accepted(1, 1, now, now);
    }
    const higher = bucket.limitRate;
    expect(higher).toBeGreaterThan(2 * RATE);
    bucket.refused(
      { amount: 1, sequence: sequence - 1, sentAt: now - 50, news: true, hinted: false },
      undefined,
      0,
      100,
      now,
    );
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
        { amount: 1, sequence, sentAt: 10_000, news: sequence === 32, hinted: false },
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
      bucket.accepted(1, 1, now, now);
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

describe('a refusal whose text states the whole minute of a bucket that holds less', () => {
  const seen = {
    limit: 3_000,
    remaining: 0,
    source: 'body',
    mark: 0,
    since: 0,
    amount: 1,
    refused: true,
    sentAt: 0,
    sampledAt: 0,
    previousAt: 0,
    inFlight: 1,
    sequence: 2,
  } as const;

  it('does not stop the lane until that minute would have refilled', () => {
    const bucket = new LimitBucket('requests', 3_000, 'body', policy, 0);
    bucket.burstIs(50, 0);
    bucket.take(1, 1);
    bucket.refused({ amount: 1, sequence: 2, sentAt: 0, news: true, hinted: false }, undefined, 0, 250, 10);
    bucket.observe(seen, 10);
    bucket.refill(10);
    expect(bucket.waitMs(1)).toBeLessThanOrEqual(250);
  });

  it('does not make other users of what the bucket never held', () => {
    const bucket = new LimitBucket('requests', 3_000, 'body', policy, 0);
    bucket.observe(seen, 0);
    // After a rest of twenty seconds a bucket of a second has fifty, not a thousand.
    bucket.refill(20_000);
    for (let sequence = 3; sequence <= 52; sequence++) bucket.take(1, sequence);
    bucket.observe(
      { ...seen, mark: 50, sentAt: 20_000, sampledAt: 20_000, previousAt: 0, inFlight: 1, sequence: 53 },
      20_010,
    );
    bucket.refill(20_020);
    expect(bucket.shared).toBe(false);
  });
});
