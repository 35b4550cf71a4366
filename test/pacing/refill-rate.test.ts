import { describe, expect, it } from 'vitest';
import { RefillRate } from '../../src/pacing/limits/refill-rate.ts';

const LIMIT = 800;
/** Units per millisecond, at the rate stated for a minute. */
const RATE = LIMIT / 60_000;

/** All that is tried gets through; it is charged a part of what it took. */
function serve(refill: RefillRate, from: number, until: number, charged = 1): void {
  for (let now = from; now <= until; now += 500) {
    const taken = refill.factor * RATE * 500;
    refill.accepted(charged * taken, taken, LIMIT, RATE, now, now);
    refill.held(0, now);
  }
}

/** Reported levels return twenty times as fast as stated, and are full again each time. */
function returning(): RefillRate {
  const refill = new RefillRate();
  refill.returned(20, 15_000);
  refill.mayBeHigher(true);
  return refill;
}

describe('a limit that refills sooner than it states', () => {
  it('is tried faster while it delays calls, and slower again when it refuses', () => {
    const refill = returning();
    const told = refill.factor;
    expect(told).toBeCloseTo(20);
    serve(refill, 15_000, 25_000);
    expect(refill.factor).toBeGreaterThan(3 * told);
    const tried = refill.factor;
    refill.refused(0, 25_000);
    expect(refill.factor).toBeCloseTo(tried / 2);
  });

  it('is tried faster too where calls are charged less than they were expected to take', () => {
    const refill = returning();
    const told = refill.factor;
    serve(refill, 15_000, 25_000, 0.3);
    expect(refill.factor).toBeGreaterThan(3 * told);
  });

  it('is tried no faster than what gets through proves, whatever else holds calls back', () => {
    const refill = returning();
    const told = refill.factor;
    // A tenth of what is tried gets through, since another limit is in the way.
    for (let now = 15_000; now <= 75_000; now += 500) {
      const taken = 0.1 * told * RATE * 500;
      refill.accepted(taken, taken, LIMIT, RATE, now, now);
      refill.held(0, now);
    }
    expect(refill.factor).toBeLessThanOrEqual(4 * told);
  });

  it('is, once refused twice, what got through in between', () => {
    const refill = returning();
    serve(refill, 15_000, 25_000);
    refill.refused(0, 25_000);
    const halved = refill.factor;
    // The same refusal, seen by another call.
    refill.refused(0, 25_100);
    expect(refill.factor).toBe(halved);
    refill.refused(0.9 * halved, 27_000);
    expect(refill.factor).toBeGreaterThan(0.8 * halved);
    expect(refill.factor).toBeLessThan(0.9 * halved);
  });

  it('is not believed because calls sent before the last report got through', () => {
    const refill = new RefillRate();
    refill.told(10_000);
    for (let now = 20_000; now <= 80_000; now += 1_000) {
      refill.accepted(LIMIT / 60, LIMIT / 60, LIMIT, RATE, 5_000, now);
      refill.held(60_000, now);
    }
    expect(refill.factor).toBe(1);
  });
});
