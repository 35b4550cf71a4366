import { describe, expect, it } from 'vitest';
import { Allowance } from '../../src/pacing/limits/own-credit.ts';
import { BlindLimit } from '../../src/pacing/limits/unknown-limit.ts';
import { ConcurrencyLimit } from '../../src/pacing/limits/concurrency-limit.ts';
import { Cubic } from '../../src/pacing/limits/cubic.ts';
import { Foreign } from '../../src/pacing/limits/other-users.ts';
import { IndexedHeap } from '../../src/pacing/queue/indexed-heap.ts';
import { Quantum } from '../../src/pacing/limits/header-rounding.ts';
import { Sharing } from '../../src/pacing/limits/shared-pace.ts';
import { SlowStart } from '../../src/pacing/limits/slow-start.ts';

describe('CUBIC', () => {
  it('cuts to 70 %, is back at the old rate after K, and goes on from there', () => {
    const cubic = new Cubic(1, 0);
    expect(cubic.rate).toBeCloseTo(0.7);
    cubic.accepted(15_000);
    cubic.advance(Cubic.K_MS / 2, 0);
    expect(cubic.rate).toBeCloseTo(1 - 0.3 / 8);
    cubic.advance(Cubic.K_MS, 0);
    expect(cubic.rate).toBeCloseTo(1);
    cubic.advance(2 * Cubic.K_MS, 0);
    expect(cubic.rate).toBeCloseTo(1.3);
  });

  it('takes what was accepted between two refusals for the limit', () => {
    const cubic = new Cubic(1, 0);
    cubic.accepted(12_000);
    cubic.accepted(-2_000);
    cubic.throttled(20_000);
    expect(cubic.rate).toBeCloseTo(0.7 * 0.5);
    // With nothing accepted the rate falls, but never to nothing.
    cubic.throttled(21_000);
    expect(cubic.rate).toBeCloseTo((0.7 * 0.35) / 4);
  });
});

describe('a limit of which nothing is known', () => {
  it('binds only after a refusal, pauses longer each time in a row, and is forgotten where limits are known', () => {
    const blind = new BlindLimit();
    for (let call = 0; call < 100; call++) blind.take(1, call * 10);
    expect(blind.waitMs(1, 1_000)).toBe(0);
    expect([blind.throttled(1_000, false), blind.throttled(2_000, false), blind.throttled(4_000, false)]).toEqual([
      1_000, 2_000, 4_000,
    ]);
    expect(blind.waitMs(1, 4_000)).toBeGreaterThan(0);
    blind.succeeded(5_000, false);
    expect(blind.throttled(6_000, false)).toBe(1_000);
    blind.succeeded(120_000, false);
    expect(blind.ratePerMs).toBeDefined();
    blind.succeeded(120_000, true);
    expect(blind.ratePerMs).toBeUndefined();
  });
});

describe('a caller alone, refused without a word', () => {
  it('pauses longer while nothing gets through, and gets no rate from that', () => {
    const blind = new BlindLimit();
    blind.take(1, 0);
    expect([blind.throttled(100, true), blind.throttled(1_200, true), blind.throttled(3_300, true)]).toEqual([
      1_000, 2_000, 4_000,
    ]);
    expect(blind.ratePerMs).toBeUndefined();
    expect(blind.waitMs(1, 7_300)).toBe(0);
  });

  it('gets the rate of what was let through when it is refused again', () => {
    const blind = new BlindLimit();
    blind.throttled(0, true);
    for (let call = 1; call <= 10; call++) blind.take(1, call * 1_000);
    blind.succeeded(10_500, false);
    blind.throttled(20_000, true);
    expect(blind.ratePerMs).toBeCloseTo((Cubic.BETA * 10) / 20_000);
  });
});

describe('callers at once, refused without a word', () => {
  it('start from what went in the last minute, and owe nothing for it', () => {
    const blind = new BlindLimit();
    for (let call = 0; call < 500; call++) blind.take(1, 5_000);
    blind.throttled(5_060, false);
    expect(blind.ratePerMs! * 60_000).toBeCloseTo(Cubic.BETA * 500, -1);
    // A call after the pause, not when the five hundred are paid.
    expect(blind.waitMs(1, 6_060)).toBe(0);
  });

  it('learn nothing from a few: the bucket was empty when they came', () => {
    const blind = new BlindLimit();
    for (let call = 0; call < 4; call++) blind.take(1, call * 250);
    blind.throttled(900, false);
    expect(blind.ratePerMs! * 1_000).toBeGreaterThan(2);
  });

  it('keep their rate while nothing gets through', () => {
    const blind = new BlindLimit();
    for (let call = 0; call < 60; call++) blind.take(1, call * 100);
    blind.throttled(6_000, false);
    const rate = blind.ratePerMs;
    blind.throttled(7_000, false);
    blind.throttled(9_000, false);
    expect(blind.ratePerMs).toBe(rate);
  });
});

describe('the slow start', () => {
  it('grows with answers that say nothing of a limit, until nothing waits', () => {
    expect(atOnce(new SlowStart(0), 10_000)).toBe(4);
    const start = new SlowStart(0);
    for (let answer = 0; answer < 60; answer++) start.answered();
    expect(atOnce(start, 10_000)).toBe(32);
    expect(start.done).toBe(false);
    for (let answer = 0; answer < 1_000; answer++) start.answered();
    expect(start.done).toBe(true);
  });
});

function atOnce(start: SlowStart, now: number): number {
  let calls = 0;
  for (; start.waitMs(now) === 0; calls++) start.take();
  return calls;
}

describe('the allowance', () => {
  it('opens from half a second worth, doubling each two seconds, and releases what it held back once', () => {
    const allowance = new Allowance(0, false, 0);
    allowance.resize(600, 60_000, 600, 0);
    expect(allowance.level).toBe(600);
    allowance.reopen(0, 1);
    expect(allowance.level).toBe(5);
    allowance.level = 0;
    allowance.refill(4_000, 1, false);
    expect(allowance.capacity).toBeCloseTo(20);
    // Fifteen were released, and there is no room for more than twenty.
    expect(allowance.level).toBeCloseTo(20);
    allowance.level = 0;
    allowance.refill(60_000, 1, false);
    expect(allowance.opening).toBe(false);
    expect(allowance.level).toBeCloseTo(600);
  });

  it('opens in steps what is there again when others have gone, less its headroom', () => {
    const allowance = new Allowance(0.1, false, 0);
    allowance.resize(600, 60_000, 600, 0);
    allowance.level = 2;
    allowance.refill(1_000, 0.5, true);
    allowance.regain(100, 1_000);
    expect(allowance.level).toBeLessThan(10);
    allowance.refill(1_000 + 60_000, 1, false);
    expect(allowance.level).toBeCloseTo(540);
    allowance.level = 2;
    allowance.regain(100, 61_000);
    // Eighteen seconds open it all: 438 that were held back, and nine a second that came.
    let given = 0;
    for (let now = 61_000; now <= 80_000; now += 100) {
      allowance.refill(now, 1, false);
      given += allowance.level;
      allowance.level = 0;
    }
    expect(given).toBeCloseTo(2 + 438 + 19 * 9, 0);
  });

  it('follows a limit and keeps what was used', () => {
    const allowance = new Allowance(0.1, false, 0);
    allowance.resize(1_000, 60_000, 1_000, 0);
    allowance.level -= 300;
    allowance.resize(2_000, 60_000, 2_000, 0);
    expect(allowance.level).toBeCloseTo(1_800 - 300);
    allowance.resize(200, 60_000, 200, 0);
    expect(allowance.level).toBeCloseTo(180 - 300);
  });
});

describe('what others take', () => {
  const limitRate = 0.01;

  it('is what is missing though we did not spend it', () => {
    const foreign = new Foreign();
    let remaining = 500;
    let mark = 0;
    foreign.observe({ at: 0, remaining, sequence: 1, mark }, 600, limitRate, 1);
    for (let second = 1; second <= 40; second++) {
      mark += 5;
      remaining -= 5 + 6 - 10;
      foreign.observe({ at: second * 1_000, remaining, sequence: second + 1, mark }, 600, limitRate, 1);
    }
    expect(foreign.share(limitRate, 40_000)).toBeCloseTo(5 / 11, 1);
    expect(foreign.share(limitRate, 3_600_000)).toBe(1);
  });

  it('is nothing when all that is missing is ours, or was never counted', () => {
    const foreign = new Foreign();
    foreign.observe({ at: 0, remaining: 300, sequence: 1, mark: 0 }, 600, limitRate, 1);
    for (let sequence = 2; sequence < 12; sequence++) foreign.neverCounted(sequence, 1);
    foreign.observe({ at: 2_000, remaining: 300, sequence: 31, mark: 30 }, 600, limitRate, 1);
    expect(foreign.share(limitRate, 2_000)).toBe(1);
  });

  it('is not told by one answer: what is missing in it may be left from any time before', () => {
    const foreign = new Foreign();
    foreign.observe({ at: 100, remaining: 12, sequence: 1, mark: 1 }, 600, limitRate, 1);
    expect([foreign.gauged, foreign.share(limitRate, 100)]).toEqual([false, 1]);
    foreign.observe({ at: 1_100, remaining: 12 + 10 - 5, sequence: 6, mark: 6 }, 600, limitRate, 1);
    expect(foreign.share(limitRate, 1_100)).toBe(1);
  });

  it('tells what an interval between two answers told', () => {
    const foreign = new Foreign();
    expect(foreign.observe({ at: 0, remaining: 300, sequence: 1, mark: 0 }, 600, limitRate, 1)).toBeUndefined();
    // 20 came, 40 were ours, and 10 of these were not counted.
    const interval = foreign.observe({ at: 2_000, remaining: 290, sequence: 41, mark: 40 }, 600, limitRate, 1);
    expect(interval).toEqual({ own: 40, taken: -10 });
  });

  it('shows in the second answer, at whatever pace it was taken', () => {
    const foreign = new Foreign();
    foreign.observe({ at: 0, remaining: 500, sequence: 1, mark: 1 }, 600, limitRate, 1);
    // Five of ours, ninety-five of theirs: far above the limit's own rate, as long as there is something to take.
    foreign.observe({ at: 1_000, remaining: 500 + 10 - 100, sequence: 6, mark: 6 }, 600, limitRate, 1);
    expect(foreign.share(limitRate, 1_000)).toBeCloseTo(0.05, 1);
  });
});

describe('a limit among many', () => {
  it('is never kept for others by more than the level at which all of them settle', () => {
    const sharing = new Sharing();
    sharing.foreign.observe({ at: 0, remaining: 400, sequence: 1, mark: 1 }, 500, 500 / 60_000, 1);
    sharing.foreign.observe({ at: 1_000, remaining: 350, sequence: 2, mark: 2 }, 500, 500 / 60_000, 1);
    const need = 11;
    // At the level of a call and its reserve the others slow down: it must not fall below.
    sharing.divide(need, 500, 500 / 60_000, 300, need, 1_000);
    expect(sharing.shared).toBe(true);
    expect(sharing.left).toBeGreaterThan(0);
    // Also where a single call is most of the bucket.
    sharing.divide(450, 500, 500 / 60_000, 300, 450, 1_000);
    expect(sharing.pace).toBeGreaterThanOrEqual(sharing.share);
  });
});

describe('small parts', () => {
  it('find the step to which numbers are rounded', () => {
    const quantum = new Quantum();
    const steps = [29_000, 28_000, 27_000, 26_000].map((value) => quantum.observe(value, 30_000));
    expect(steps).toEqual([1, 1, 1, 1_000]);
    expect(quantum.observe(25_431, 30_000)).toBe(1);
  });

  it('cut the number in flight and let it grow until it has nothing to say', () => {
    const limit = new ConcurrencyLimit(50);
    expect(limit.current(0)).toBe(50);
    limit.cut(20, 0);
    expect([limit.current(999), limit.current(1_000), limit.current(2_000)]).toEqual([14, 16, 20]);
    expect(limit.current(60_000)).toBe(50);
    limit.name(8);
    expect([limit.current(60_000), limit.source]).toEqual([8, 'body']);
  });

  it('keep a heap in order while any entry leaves', () => {
    const heap = new IndexedHeap<'index', { key: number; index: number }>('index', (a, b) => a.key < b.key);
    const entries = Array.from({ length: 200 }, (_, index) => ({ key: (index * 7_919) % 200, index: -1 }));
    for (const entry of entries) heap.push(entry);
    for (const entry of entries.filter((each) => each.key % 3 === 0)) heap.remove(entry);
    const keys: number[] = [];
    for (let entry = heap.peek(); entry; entry = heap.peek()) {
      keys.push(entry.key);
      heap.remove(entry);
    }
    expect(keys).toEqual(Array.from({ length: 200 }, (_, key) => key).filter((key) => key % 3 !== 0));
  });
});
