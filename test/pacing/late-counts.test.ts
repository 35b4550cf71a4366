import { describe, expect, it } from 'vitest';
import { BucketLevel } from '../../src/pacing/limits/bucket-level.ts';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { Consumption } from '../../src/pacing/usage/lane-totals.ts';
import { noAmounts, type Reservation } from '../../src/pacing/usage/reservation.ts';

const ROUND_TRIP_MS = 50;
const OUTPUT = 40;

function send(consumption: Consumption, sentAt: number): Reservation {
  const reserved = { ...noAmounts(), requests: 1, outputTokens: OUTPUT };
  const reservation = { reserved, charged: noAmounts(), marks: noAmounts(), sentAt } as unknown as Reservation;
  consumption.sent(reservation);
  return reservation;
}

describe('output, which providers count while it is generated', () => {
  it('is part of an answer if it ended before that request arrived', () => {
    const consumption = new Consumption();
    const settle = (each: Reservation, at: number): void => {
      consumption.pass(ROUND_TRIP_MS, at);
      consumption.charge(each, 'outputTokens', OUTPUT);
    };
    const before = [send(consumption, 0), send(consumption, 0), send(consumption, 0)];
    settle(before[0]!, 900);
    const asked = send(consumption, 1_000);
    // Its end was already on the way when the request was sent.
    settle(before[1]!, 1_000 + ROUND_TRIP_MS);
    settle(before[2]!, 1_000 + 2 * ROUND_TRIP_MS);
    consumption.charge(asked, 'outputTokens', OUTPUT);
    expect(consumption.since('outputTokens', asked)).toBe(2 * OUTPUT);
  });

  it("is not missing by what was refilled while the provider's bucket was still full", () => {
    const level = new BucketLevel(100, 0);
    level.take(100);
    level.refill(60, 1_000, 80);
    expect(level.lead).toBe(40);
    // Never more than what is not counted yet.
    level.refill(0, 1_000, 30);
    expect(level.lead).toBe(30);
    // Refill that our bucket could not take did not fit there before either.
    level.refill(50, 1_000, 30);
    expect(level.lead).toBe(30);
    level.refill(20, 1_000, 0);
    expect(level.lead).toBe(0);
  });

  it('does not delay calls of a short bucket while long answers are running', () => {
    const policy = { headroom: 0, smooth: false, corrects: true };
    let uncounted = 0;
    // A hundred a second, in answers that take five seconds.
    const bucket = new LimitBucket('output_tokens', 6_000, 'header', policy, 0, () => uncounted);
    bucket.burstIs(100, 0);
    let sent = 0;
    for (let now = 0, sequence = 1; now < 20_000; now += 50) {
      bucket.refill(now);
      uncounted = 100 * Math.min(5, now / 1_000) * 0.5;
      while (bucket.waitMs(OUTPUT) === 0) {
        bucket.take(OUTPUT, sequence++);
        sent += OUTPUT;
      }
      if (now % 500 > 0) continue;
      // The provider's bucket is full all the time: as much as ends is refilled.
      const seen = {
        limit: 6_000,
        remaining: 5_999,
        source: 'header',
        mark: 0,
        amount: 1,
        inFlight: 1,
        refused: false,
      } as const;
      bucket.observe({ ...seen, sentAt: now, sampledAt: now, previousAt: now, sequence, since: uncounted }, now);
    }
    expect(sent).toBeGreaterThan(0.95 * 2_000);
  });
});

describe('a level higher than expected', () => {
  it('is waited for no longer than it is held back', () => {
    const bucket = new LimitBucket('requests', 6_000, 'header', { headroom: 0, smooth: false, corrects: true }, 0);
    const seen = { limit: 6_000, source: 'header', mark: 0, since: 0, amount: 1, inFlight: 1, refused: false } as const;
    bucket.observe({ ...seen, remaining: 0, sentAt: 0, sampledAt: 0, previousAt: 0, sequence: 1 }, 0);
    bucket.observe({ ...seen, remaining: 6_000, sentAt: 1, sampledAt: 1, previousAt: 0, sequence: 2 }, 1);
    expect(bucket.level).toBeGreaterThan(2_500);
    expect(bucket.waitMs(2_000)).toBeGreaterThan(0);
    expect(bucket.waitMs(2_000)).toBeLessThan(1_000);
  });
});
