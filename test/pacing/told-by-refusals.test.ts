import { describe, expect, it } from 'vitest';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';

const policy = { headroom: 0, smooth: false, corrects: true };
const PER_MINUTE = 600;
const RATE = PER_MINUTE / 60_000;

/** A limit of which only refusals tell, found exhausted. */
function found(): LimitBucket {
  const bucket = new LimitBucket('requests', PER_MINUTE, 'body', policy, 0);
  bucket.take(1, 1);
  bucket.refused({ amount: 1, sequence: 1, sentAt: 0, news: true }, 0, 0, 1 / RATE, 10);
  return bucket;
}

describe('a limit of which only refusals tell', () => {
  it('does not go on counting what it refused: no header would ever correct that', () => {
    const bucket = found();
    for (let sequence = 2; sequence <= 60; sequence++) bucket.take(1, sequence);
    for (let sequence = 2; sequence <= 60; sequence++) {
      bucket.refused({ amount: 1, sequence, sentAt: 10, news: sequence === 2 }, undefined, 0, 1 / RATE, 20);
    }
    expect(bucket.waitMs(1)).toBeLessThan(1.1 / RATE);
  });

  it('is tried upwards while calls wait for it and none is refused, and down again by a refusal', () => {
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

  it('is found to hold less than a minute where a rest brings no more', () => {
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

  it('is not exceeded where a user has told it', () => {
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
