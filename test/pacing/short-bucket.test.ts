import { describe, expect, it } from 'vitest';
import { ShortBucket } from '../../src/pacing/limits/short-bucket.ts';

const LIMIT = 3_000;
/** Units per millisecond. */
const RATE = LIMIT / 60_000;
const observe = (bucket: ShortBucket, remaining: number, resetMs?: number): number | undefined => {
  bucket.observe(remaining, resetMs, LIMIT, RATE);
  return bucket.capacity;
};

describe('a bucket that is shorter than the window of its limit', () => {
  it('is told by a reset that comes long before what is missing of the window would refill', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 49, 20)).toBe(50);
    // Nearly empty, and full again within a second.
    expect(observe(bucket, 2, 960)).toBe(50);
    expect(observe(bucket, 49)).toBe(50);
  });

  it('grows with what answers show of it', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 3, 940)).toBe(4);
    expect(observe(bucket, 30, 400)).toBe(31);
  });

  it('is none where the missing takes as long to refill as it would in the window', () => {
    const bucket = new ShortBucket();
    for (const remaining of [2_999, 1_500, 300, 0]) {
      expect(observe(bucket, remaining, (LIMIT - remaining) / RATE)).toBeUndefined();
    }
  });

  it('is none where no reset is told, or little is missing', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 10)).toBeUndefined();
    expect(observe(new ShortBucket(), 2_500, 20)).toBeUndefined();
  });

  it('is given up when a level shows that the whole window is there: a fixed window near its end looked like one', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 100, 1_000)).toBe(101);
    expect(observe(bucket, 2_990, 59_000)).toBeUndefined();
    expect(observe(bucket, 100, 1_000)).toBeUndefined();
  });

  it('is looked for anew when the limit changes', () => {
    const bucket = new ShortBucket();
    expect(observe(bucket, 2_990, 200)).toBeUndefined();
    bucket.forget();
    expect(observe(bucket, 19, 20)).toBe(20);
  });
});
