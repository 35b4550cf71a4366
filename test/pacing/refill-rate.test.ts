import { describe, expect, it } from 'vitest';
import { RefillRate } from '../../src/pacing/limits/refill-rate.ts';

const LIMIT = 800;
/** Units per millisecond, at the rate stated for a minute. */
const RATE = LIMIT / 60_000;

describe('a limit that is full sooner than it states', () => {
  it('is believed to refill as fast as its longest reset says, after several resets that no window explains', () => {
    const refill = new RefillRate();
    for (const [at, resetMs] of [
      [0, 900],
      [30, 700],
      [60, 1_100],
      [90, 900],
    ] as const) {
      refill.reset(LIMIT, LIMIT, resetMs, RATE, at);
    }
    expect(refill.factor).toBe(1);
    refill.reset(LIMIT, LIMIT, 900, RATE, 10_000);
    expect(refill.factor).toBeCloseTo(60_000 / 1_100);
  });

  it('is believed from answers minutes apart too', () => {
    const refill = new RefillRate();
    for (let at = 0; at <= 600_000; at += 100_000) {
      refill.reset(LIMIT, LIMIT, 500.5, RATE, at);
      refill.accepted(LIMIT, LIMIT, RATE, at);
    }
    expect(refill.factor).toBeGreaterThan(100);
  });

  it('is not believed if a fixed window was seen near its end', () => {
    const refill = new RefillRate();
    for (let at = 0; at <= 60_000; at += 1_000) {
      const resetMs = at <= 5_000 ? 5_100 - at : 65_100 - at;
      refill.reset(0.9 * LIMIT, LIMIT, resetMs, RATE, at);
      expect(refill.factor).toBeLessThanOrEqual(1);
    }
  });

  it('is tried faster while it delays calls, and slower again when it refuses', () => {
    const refill = new RefillRate();
    for (let i = 0; i < 5; i++) refill.reset(LIMIT, LIMIT, 2_000, RATE, i * 3_000);
    const told = refill.factor;
    expect(told).toBeCloseTo(20);
    for (let now = 15_000; now <= 25_000; now += 500) refill.held(0, now);
    expect(refill.factor).toBeGreaterThan(3 * told);
    const tried = refill.factor;
    refill.refused(25_000);
    expect(refill.factor).toBeCloseTo(tried / 2);
  });
});
