import { describe, expect, it } from 'vitest';
import { ShortBucket } from '../../src/pacing/limits/short-bucket.ts';

const LIMIT = 3_000;
/** Units per millisecond. */
const RATE = LIMIT / 60_000;
const observe = (bucket: ShortBucket, remaining: number, resetMs?: number): number | undefined => {
  bucket.observe(remaining, resetMs, LIMIT, RATE);
  return bucket.capacity;
};

describe('a bucket shorter than the window of its limit', () => {
  it('is recognized by a reset long before the window would refill what is missing', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 49, 20)).toBe(50);
    // Nearly empty, and full again within a second.
    expect(observe(bucket, 2, 960)).toBe(50);
    expect(observe(bucket, 49)).toBe(50);
  });

  it('grows with the levels that answers show', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 3, 940)).toBe(4);
    expect(observe(bucket, 30, 400)).toBe(31);
  });

  it('is not assumed if the missing part takes as long to refill as it would in the window', () => {
    const bucket = new ShortBucket();
    for (const remaining of [2_999, 1_500, 300, 0]) {
      expect(observe(bucket, remaining, (LIMIT - remaining) / RATE)).toBeUndefined();
    }
  });

  it('is not assumed without a stated reset, or if little is missing', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 10)).toBeUndefined();
    expect(observe(new ShortBucket(), 2_500, 20)).toBeUndefined();
  });

  it('is dropped when a level shows that the whole window is available: a fixed window near its end looks similar', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 100, 1_000)).toBe(101);
    expect(observe(bucket, 2_990, 59_000)).toBeUndefined();
    expect(observe(bucket, 100, 1_000)).toBeUndefined();
  });

  it('is looked for anew when the limit changes', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 2_990, 200)).toBeUndefined();
    bucket.restart(LIMIT, 1);
    expect(observe(bucket, 19, 20)).toBe(20);
  });
});
