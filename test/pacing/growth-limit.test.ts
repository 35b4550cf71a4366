import { describe, expect, it } from 'vitest';
import { Acceleration } from '../../src/pacing/limits/growth-limit.ts';

const UNNAMED = { limit: undefined, served: 0, call: 10 };

/**
 * Sends calls of 10 units as fast as allowed, all of which succeed unless `refuses`. Returns the number of refusals.
 */
function run(limit: Acceleration, fromMs: number, forMs: number, refuses: (rate: number) => boolean): number {
  let refused = 0;
  for (let now = fromMs; now < fromMs + forMs; now += 10) {
    if (limit.done || limit.waitMs(10, now) > 0) continue;
    limit.take(10);
    if (refuses(limit.rate)) {
      refused++;
      limit.throttled(UNNAMED, now);
    } else limit.succeeded(now);
  }
  return refused;
}

describe('the limit on growth after an acceleration refusal', () => {
  it('ends after half a minute without another refusal', () => {
    const limit = new Acceleration(0.01, 0, 0);
    limit.throttled(UNNAMED, 0);
    run(limit, 0, 30_000, () => false);
    expect(limit.done).toBe(true);
  });

  it('is retested more and more rarely if the provider keeps refusing', () => {
    const limit = new Acceleration(0.1, 0, 0);
    limit.throttled(UNNAMED, 0);
    const tooFast = (rate: number): boolean => rate > 0.1;
    const first = run(limit, 0, 600_000, tooFast);
    const second = run(limit, 600_000, 600_000, tooFast);
    expect(first).toBeLessThanOrEqual(12);
    expect(second).toBeLessThanOrEqual(4);
    expect(limit.rate).toBeGreaterThan(0.05);
  });

  it('is not learned from refusals at a time in which nothing succeeded', () => {
    const limit = new Acceleration(0.01, 0, 0);
    for (let now = 0; now < 60_000; now += 1_000) limit.throttled(UNNAMED, now);
    run(limit, 60_000, 30_000, () => false);
    expect(limit.done).toBe(true);
  });
});
