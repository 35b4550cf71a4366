import { decorrelatedJitterGenerator, ExponentialBackoff } from 'cockatiel';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Backoff } from '../../src/policies/backoff.ts';

describe('Backoff', () => {
  it("gives cockatiel's own delays for the same random numbers", () => {
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        (numbers, initialDelay, maxDelay) => {
          const ours = new Backoff(initialDelay, maxDelay, replay(numbers));
          const random = vi.spyOn(Math, 'random').mockImplementation(replay(numbers));
          let theirs = new ExponentialBackoff({
            initialDelay,
            maxDelay,
            generator: decorrelatedJitterGenerator,
          }).next();
          for (const _ of numbers) {
            expect(ours.next()).toBe(theirs.duration);
            theirs = theirs.next(undefined);
          }
          random.mockRestore();
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has medians that double from about the initial delay, and never exceeds the maximum', () => {
    const random = lcg(7);
    const delays: number[][] = [[], [], [], [], [], []];
    for (let call = 0; call < 4_000; call++) {
      const backoff = new Backoff(500, 6_000, random);
      for (const nth of delays) nth.push(backoff.next());
    }
    const medians = delays.map((nth) => nth.sort((a, b) => a - b)[2_000]!);
    for (const [index, expected] of [450, 570, 1_010, 2_000, 4_000].entries()) {
      expect(medians[index]! / expected).toBeGreaterThan(0.93);
      expect(medians[index]! / expected).toBeLessThan(1.07);
    }
    expect(Math.max(...delays.flat())).toBe(6_000);
    expect(Math.min(...delays.flat())).toBeGreaterThanOrEqual(0);
  });

  it('stays finite after thousands of retries, and at zero with an initial delay of zero', () => {
    const long = new Backoff(500, 60_000, () => 0.5);
    const none = new Backoff(0, 60_000, () => 0.5);
    for (let i = 0; i < 20; i++) long.next();
    for (let i = 0; i < 3_000; i++) expect([long.next(), none.next()]).toEqual([60_000, 0]);
  });
});

function replay(numbers: readonly number[]): () => number {
  let index = 0;
  return () => numbers[index++ % numbers.length]!;
}

function lcg(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
}
