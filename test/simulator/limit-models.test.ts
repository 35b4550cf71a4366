import { describe, expect, it } from 'vitest';
import { FixedWindow } from '../../src/simulator/limits/fixed-window.ts';
import type { LimitModel } from '../../src/simulator/limits/limit-model.ts';
import { PLAIN_VIEW, limitLevel } from '../../src/simulator/limits/limit-view.ts';
import { SlidingLog } from '../../src/simulator/limits/sliding-log.ts';
import { TokenBucket } from '../../src/simulator/limits/token-bucket.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

/** Spends one unit whenever it is granted; returns the times. */
function grants(model: LimitModel, untilMs: number, stepMs = 1): number[] {
  const times: number[] = [];
  for (let now = 0; now < untilMs; now += stepMs) {
    while (model.waitMs(1, now) === 0) {
      model.spend(1, now);
      times.push(now);
    }
  }
  return times;
}

describe('TokenBucket', () => {
  it('grants what it holds at once, then one unit per refill interval', () => {
    expect(grants(new TokenBucket(3, 0.01), 500)).toEqual([0, 0, 0, 100, 200, 300, 400]);
  });

  it('knows when one unit and when all of it will be available', () => {
    const bucket = new TokenBucket(10, 0.01);
    bucket.spend(7.5, 0);
    expect(bucket.available(0)).toBe(2.5);
    expect(bucket.nextInMs(0)).toBeCloseTo(50);
    expect(bucket.fullInMs(0)).toBeCloseTo(750);
    expect(bucket.waitMs(4, 0)).toBeCloseTo(150);
  });

  it('is overdrawn by a correction, and never exceeds its capacity', () => {
    const bucket = new TokenBucket(10, 0.01);
    bucket.spend(10, 0);
    bucket.spend(5, 0);
    expect(bucket.waitMs(1, 0)).toBeCloseTo(600);
    bucket.spend(-100, 0);
    expect(bucket.available(0)).toBe(10);
  });

  it('keeps its level when the limit changes, up to the new capacity', () => {
    const bucket = new TokenBucket(100, 0.1);
    bucket.resize(40, 0.04, 0, 'level');
    expect(bucket.available(0)).toBe(40);
    bucket.spend(40, 0);
    expect(bucket.waitMs(4, 0)).toBeCloseTo(100);
  });

  it('or keeps its usage', () => {
    const bucket = new TokenBucket(100, 0.1);
    bucket.spend(70, 0);
    bucket.resize(40, 0.04, 0, 'used');
    expect(bucket.available(0)).toBe(-30);
  });

  it('loses only refill to others', () => {
    const bucket = new TokenBucket(10, 0.01);
    bucket.advance(1_000, 4);
    expect(bucket.available(1_000)).toBe(10);
    bucket.spend(10, 1_000);
    bucket.advance(1_500, 2);
    expect(bucket.available(1_500)).toBe(3);
  });
});

describe('FixedWindow', () => {
  it('starts over at every tick of the clock', () => {
    // 300 ms of the first window have passed.
    expect(grants(new FixedWindow(2, 1_000, -300), 2_000)).toEqual([0, 0, 700, 700, 1_700, 1_700]);
  });

  it('counts what others take since the beginning of the window', () => {
    const window = new FixedWindow(10, 1_000);
    window.advance(1_250, 5);
    expect(window.available(1_250)).toBe(9);
  });

  it('refunds only what was taken in the same window', () => {
    const window = new FixedWindow(10, 1_000);
    window.spend(8, 500);
    window.spend(-3, 900, 500);
    expect(window.available(900)).toBe(5);
    window.spend(6, 1_100);
    window.spend(-4, 1_200, 900);
    expect(window.available(1_200)).toBe(4);
    expect(window.fullInMs(1_200)).toBeCloseTo(800);
  });
});

describe('SlidingLog', () => {
  it('never grants more than the limit in any interval of its length', () => {
    const random = mulberry32(3);
    const log = new SlidingLog(7, 100);
    const times: number[] = [];
    for (let now = 0; now < 5_000; now += random() * 20) {
      if (log.waitMs(1, now) > 0) continue;
      log.spend(1, now);
      times.push(now);
    }
    for (const start of times) {
      expect(times.filter((each) => each >= start && each < start + 100).length).toBeLessThanOrEqual(7);
    }
  });

  it('knows the moment at which enough has expired', () => {
    const log = new SlidingLog(10, 1_000);
    log.spend(4, 0);
    log.spend(5, 300);
    expect(log.waitMs(1, 400)).toBe(0);
    expect(log.waitMs(5, 400)).toBeCloseTo(600);
    expect(log.waitMs(6, 400)).toBeCloseTo(900);
    expect(log.nextInMs(400)).toBeCloseTo(600);
    expect(log.fullInMs(400)).toBeCloseTo(900);
  });

  it('refunds at the time of the spending', () => {
    const log = new SlidingLog(10, 1_000);
    log.spend(6, 0);
    log.spend(4, 500);
    log.spend(-3, 600, 500);
    expect(log.available(600)).toBe(3);
    expect(log.available(1_000)).toBe(9);
    log.spend(-2, 1_100, 0);
    expect(log.available(1_100)).toBe(9);
  });
});

describe('the refilled amount', () => {
  it.each([
    ['bucket', new TokenBucket(10, 0.01), 5],
    ['fixed window', new FixedWindow(10, 1_000), 10],
    ['sliding log', new SlidingLog(10, 1_000), 10],
  ])('of a %s', (_name, model, units) => {
    model.spend(10, 0);
    expect(model.returned(600, 1_100)).toBeCloseTo(units);
  });
});

describe('limitLevel', () => {
  const bucket = (): LimitModel => {
    // 3,000 a minute, of which a second's worth is enforced at once.
    const model = new TokenBucket(50, 0.05);
    model.spend(20, 0);
    return model;
  };
  const told = (view: Partial<typeof PLAIN_VIEW>): { limit: number; remaining: number; fullInMs: number } =>
    limitLevel(
      { name: 'requestsPerMinute', limit: 3_000, model: bucket(), touched: true },
      { ...PLAIN_VIEW, ...view },
      0,
    );

  it('states a minute, or only what is enforced at once', () => {
    expect(told({})).toMatchObject({ limit: 3_000, remaining: 2_980, fullInMs: 400 });
    expect(told({ remaining: 'bucket' })).toMatchObject({ limit: 3_000, remaining: 30 });
    expect(told({ limit: 'bucket', remaining: 'bucket' })).toMatchObject({ limit: 50, remaining: 30 });
  });

  it('states the time to the next unit, rounded numbers, and too high a limit', () => {
    expect(told({ reset: 'next' }).fullInMs).toBeCloseTo(20);
    expect(told({ roundTo: 100 }).remaining).toBe(3_000);
    expect(told({ inflated: 1.5 })).toMatchObject({ limit: 4_500, remaining: 4_480 });
  });
});
