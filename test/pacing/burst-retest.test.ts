import { describe, expect, it } from 'vitest';
import { BurstRetest } from '../../src/pacing/limits/burst-retest.ts';

/** When a burst of 100, found at 0, is next retested. */
function nextTry(retest: BurstRetest): number {
  let now = 0;
  while (retest.next(100, now) === undefined) now += 1_000;
  return now;
}

describe('a burst that was found smaller than the limit', () => {
  it('is retested a little larger after half a minute, and half as often each time it is confirmed', () => {
    const retest = new BurstRetest();
    retest.refused(100, 1_000);
    const times = [0, 1, 2].map(() => {
      const at = nextTry(retest);
      retest.refused(100, 105);
      return at;
    });
    expect(times).toEqual([31_000, 61_000, 121_000]);
  });

  it('is left to the process that has found it larger', () => {
    const retest = new BurstRetest();
    retest.refused(100, 1_000);
    retest.triedElsewhere();
    expect(nextTry(retest)).toBe(61_000);
  });

  it('is retested as often by a process that learned its size between two tests', () => {
    const retest = new BurstRetest();
    retest.refused(100, 1_000);
    // 105 was tried and refused meanwhile; then the other process finds 102.
    retest.triedElsewhere();
    retest.refused(102, 105);
    expect(nextTry(retest)).toBe(61_000);
  });
});
