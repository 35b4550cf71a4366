import { RefillRate } from '../../src/pacing/limits/refill-rate.ts';
import { EnforcedRate } from '../../src/pacing/limits/enforced-rate.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../src/pacing/limits/concurrency-limit.ts';
import { Crowding } from '../../src/pacing/limits/crowding.ts';
import { PromisedReset } from '../../src/pacing/limits/promised-reset.ts';
import { Headroom } from '../../src/pacing/limits/headroom.ts';
import { HiddenLimit } from '../../src/pacing/limits/hidden-limit.ts';
import { ColdStart } from '../../src/pacing/limits/cold-start.ts';
import { LargerScope } from '../../src/pacing/limits/larger-scope.ts';
import { OtherUsers } from '../../src/pacing/limits/other-users.ts';
import { IndexedHeap } from '../../src/pacing/queue/indexed-heap.ts';
import { HeaderRounding } from '../../src/pacing/limits/header-rounding.ts';
import { SharedPace } from '../../src/pacing/limits/shared-pace.ts';

/** Sends calls at an interval to a limit of `perSecond`; counts the refusals. */
function drive(hidden: HiddenLimit, lets: (now: number, sent: number) => boolean, untilMs: number): number[] {
  const refused: number[] = [];
  let sequence = 0;
  for (let now = 0; now < untilMs; now += 10) {
    while (hidden.waitMs(1, now) === 0 && sequence < now / 10 + 1) {
      hidden.take(1, ++sequence, now);
      if (lets(now, sequence)) {
        hidden.succeeded(sequence, now, now);
        continue;
      }
      refused.push(now);
      hidden.throttled(
        { cost: 1, sequence, sentAt: now, hintMs: undefined, news: true, alone: false, opening: false },
        now,
      );
      break;
    }
  }
  return refused;
}

describe('an unknown limit', () => {
  it('binds only after refusals, and then at about what it lets through', () => {
    const hidden = new HiddenLimit();
    let level = 10;
    let at = 0;
    const refused = drive(
      hidden,
      (now) => {
        level = Math.min(10, level + (now - at) * 0.02);
        at = now;
        if (level < 1) return false;
        level--;
        return true;
      },
      60_000,
    );
    expect(refused.length).toBeLessThan(600);
    expect(hidden.belief).toBe('pace');
    expect(hidden.ratePerMs!).toBeGreaterThan(0.014);
    expect(hidden.ratePerMs!).toBeLessThan(0.06);
  });

  it('stops calls while none succeeds, tries one at a time, and is forgotten when one does', () => {
    const hidden = new HiddenLimit();
    const refused = drive(hidden, (now) => now > 7_000, 12_000);
    expect(refused.length).toBeLessThan(40);
    expect(refused.at(-1)).toBeLessThanOrEqual(7_000);
    expect(hidden.belief).not.toBe('wall');
  });

  it('is not inferred from the first call alone while those sent beside it are unanswered', () => {
    const hidden = new HiddenLimit();
    for (let sequence = 1; sequence <= 4; sequence++) hidden.take(1, sequence, 0);
    const refusal = { cost: 1, sentAt: 0, hintMs: undefined, alone: false, opening: true };
    expect(hidden.throttled({ ...refusal, sequence: 1, news: true }, 30).who).toBe('call');
    expect(hidden.waitMs(1, 30)).toBe(0);
    expect(hidden.throttled({ ...refusal, sequence: 2, news: false }, 31).who).toBe('lane');
    expect(hidden.belief).toBe('wall');
  });

  it('counts as chance if refusals come at any pace, and slows nothing down', () => {
    const hidden = new HiddenLimit();
    const refused = drive(hidden, (_now, sent) => sent % 9 !== 0, 60_000);
    expect(refused.length).toBeGreaterThan(500);
    expect(hidden.waitMs(1, 60_000)).toBe(0);
  });
});

describe('the cold start', () => {
  const atOnce = (opening: ColdStart, now: number): number => {
    let calls = 0;
    for (; opening.waitMs(now) === 0; calls++) opening.take(0);
    return calls;
  };
  /** Looks again whenever it is told to, as a waiting call does. */
  const until = (opening: ColdStart, from: number, to: number): number => {
    let calls = 0;
    for (let now = from; now <= to; now += 10) calls += atOnce(opening, now);
    return calls;
  };

  it('lets a few calls go first, twice as many in each half second, and a few more with each answer', () => {
    const opening = new ColdStart();
    expect(atOnce(opening, 0)).toBe(4);
    opening.answered(2);
    expect(atOnce(opening, 0)).toBe(2);
    expect(until(opening, 0, 500)).toBe(6);
    opening.allow(10);
    expect(atOnce(opening, 500)).toBe(10);
    expect(opening.done).toBe(false);
  });

  it('does not count time in which something else holds the calls', () => {
    const opening = new ColdStart();
    expect(atOnce(opening, 0)).toBe(4);
    expect(atOnce(opening, 60_000)).toBe(1);
  });

  it('lets a batch go sixteen times as fast as the stated refill, and twice as fast each time', () => {
    const opening = new ColdStart();
    opening.allow(10_000);
    let sent = 0;
    const sentBy = (now: number): number => {
      for (; opening.waitMs(now) === 0; sent++) opening.take(100);
      return sent - 257;
    };
    expect(sentBy(0)).toBe(0);
    expect(opening.isBurst(10)).toBe(false);
    expect(sentBy(300)).toBe(69);
    expect(sentBy(600)).toBe(207);
    // A whole minute's worth.
    expect(sentBy(1_000)).toBeGreaterThan(600);
  });

  it('counts as a burst only as long as not more than one of those went', () => {
    const opening = new ColdStart();
    expect([opening.isBurst(256), opening.isBurst(257)]).toEqual([true, false]);
  });
});

describe('the headroom', () => {
  it('is kept from what a full bucket holds and what is refilled, and never all of a bucket of one', () => {
    const headroom = new Headroom(0.1, 100);
    expect(headroom.kept).toBeCloseTo(10);
    headroom.refilled(50, 0, 100, 1_000);
    expect(headroom.kept).toBeCloseTo(15);
    headroom.refilled(50, 50, 100, 1_000);
    expect(headroom.kept).toBeCloseTo(10);
    const one = new Headroom(0.1, 1);
    one.refilled(1, 1, 1, 1_000);
    expect(one.kept).toBe(0);
  });

  it('holds back an unexpected level, and releases it within a second', () => {
    const headroom = new Headroom(0, 100);
    headroom.hold(80, 5);
    expect(headroom.kept).toBe(75);
    headroom.refilled(0, 0, 100, 100);
    expect(headroom.kept).toBe(70);
    headroom.refilled(0, 0, 100, 500);
    expect(headroom.kept).toBe(0);
  });

  it('reports when it will have released enough', () => {
    const headroom = new Headroom(0, 100);
    expect(headroom.heldMs(0)).toBe(0);
    headroom.hold(80, 5);
    expect(headroom.heldMs(75)).toBe(0);
    expect(headroom.heldMs(70)).toBeCloseTo(100);
    headroom.refilled(0, 0, 100, 60);
    expect(headroom.heldMs(70)).toBeCloseTo(40);
    headroom.refilled(0, 0, 100, headroom.heldMs(0));
    expect(headroom.kept).toBe(0);
  });

  it('holds back nothing of what turned out to be missing', () => {
    const headroom = new Headroom(0, 100);
    headroom.hold(80, 5);
    headroom.drop(60, 100);
    expect(headroom.held).toBe(15);
    headroom.drop(60, 100);
    expect(headroom.held).toBe(0);
  });
});

describe('refusals that name no limit', () => {
  /** Three succeed at a time, and a fourth is refused, repeatedly. */
  function crowded(times: number): Crowding {
    const crowding = new Crowding();
    let sequence = 0;
    for (let turn = 0; turn < times; turn++) {
      for (const inFlight of [1, 2, 3]) crowding.served({ sequence: ++sequence, inFlight });
      crowding.refused({ sequence: ++sequence, inFlight: 4 });
    }
    return crowding;
  }

  it('are caused by concurrency only if more than succeed are refused, repeatedly', () => {
    expect(crowded(5).believed).toBe(false);
    expect(crowded(6).believed).toBe(true);
  });

  it('have another cause if as few are refused, or more succeed', () => {
    const fewer = crowded(6);
    expect(fewer.refused({ sequence: 100, inFlight: 2 })).toBe(true);
    expect(fewer.believed).toBe(false);
    const more = crowded(6);
    expect(more.served({ sequence: 100, inFlight: 4 })).toBe(false);
    expect(more.served({ sequence: 101, inFlight: 5 })).toBe(true);
    expect(more.believed).toBe(false);
  });

  it('have another cause if a lone call is refused', () => {
    const crowding = new Crowding();
    for (let sequence = 1; sequence < 40; sequence += 2) {
      crowding.served({ sequence, inFlight: 1 });
      crowding.refused({ sequence: sequence + 1, inFlight: 1 });
    }
    expect(crowding.believed).toBe(false);
  });

  it('are inconclusive while concurrency grows: refusals are known before others succeed', () => {
    const crowding = new Crowding();
    for (let sequence = 20; sequence < 200; sequence += 10) {
      crowding.refused({ sequence, inFlight: sequence });
      crowding.served({ sequence: sequence / 20, inFlight: sequence / 20 });
    }
    expect(crowding.believed).toBe(false);
  });
});

describe('a promised reset', () => {
  const told = (at: number, missing: number, mark: number, resetMs = 1_000) => ({
    at,
    fullAt: at + resetMs,
    mark,
    missing,
    full: 100,
    comesInMs: 10 * missing,
  });

  it('is believed after it was kept: nothing is missing but what was taken since', () => {
    const promise = new PromisedReset();
    promise.observe(told(0, 100, 100));
    expect(promise.promised).toMatchObject([{ at: 1_000, mark: 100 }]);
    expect(promise.confirmed).toBe(false);
    promise.observe(told(1_100, 20, 120));
    expect(promise.confirmed).toBe(true);
  });

  it('includes, in that of the newest answer, what was taken after the first', () => {
    const promise = new PromisedReset();
    promise.observe(told(0, 50, 50));
    promise.observe(told(600, 90, 90));
    expect(promise.due(999)).toBeUndefined();
    expect(promise.due(1_000)).toMatchObject({ at: 1_000, mark: 50 });
    expect(promise.due(1_600)).toMatchObject({ at: 1_600, mark: 90 });
  });

  it('is not confirmed if hardly anything was missing', () => {
    const promise = new PromisedReset();
    for (let at = 0; at < 10_000; at += 500) promise.observe(told(at, 4, at / 100, 10));
    expect(promise.confirmed).toBe(false);
  });

  it('is not confirmed if nothing was missing', () => {
    const promise = new PromisedReset();
    promise.observe(told(0, 0, 0));
    promise.observe(told(1_100, 5, 7));
    expect(promise.confirmed).toBe(false);
  });

  it('is no longer believed if it is not kept, or after a refusal', () => {
    const next = new PromisedReset();
    for (let at = 0; at < 10_000; at += 500) next.observe(told(at, 90, at / 100, 100));
    expect(next.promised).toEqual([]);
    const refused = new PromisedReset();
    refused.observe(told(0, 100, 100));
    refused.broken();
    expect(refused.promised).toEqual([]);
  });
});

describe('headers of another scope', () => {
  it('are ignored once a refusal named a smaller limit, until they change or some time has passed', () => {
    const scope = new LargerScope();
    scope.named(100, 1_000, 0);
    expect(scope.covers(1_000, 60_000)).toBe(true);
    expect(scope.covers(900, 60_000)).toBe(false);
    expect(scope.covers(1_000, 121_000)).toBe(false);
    scope.named(100, 1_000, 130_000);
    expect(scope.covers(1_000, 300_000)).toBe(true);
    scope.named(1_000, 1_000, 300_000);
    expect(scope.covers(1_000, 300_001)).toBe(false);
  });
});

/** An answer to a request of a process that sends one call at a time, ten a second. */
const sample = (
  at: number,
  remaining: number,
  sequence: number,
  mark: number,
): Parameters<OtherUsers['observe']>[0] => ({
  at,
  previousAt: at - 100,
  remaining,
  sequence,
  mark,
  pending: 1,
});

describe('consumption by others', () => {
  const limitRate = 0.01;

  it('is what is missing although we did not spend it', () => {
    const foreign = new OtherUsers();
    let remaining = 500;
    let mark = 0;
    foreign.observe(sample(0, remaining, 1, mark), 600, limitRate, 1);
    for (let second = 1; second <= 40; second++) {
      mark += 5;
      remaining -= 5 + 6 - 10;
      foreign.observe(sample(second * 1_000, remaining, second + 1, mark), 600, limitRate, 1);
    }
    expect(foreign.share(limitRate, 40_000)).toBeCloseTo(5 / 11, 1);
    expect(foreign.share(limitRate, 3_600_000)).toBe(1);
  });

  it('is zero if all that is missing is ours, or was never counted', () => {
    const foreign = new OtherUsers();
    foreign.observe(sample(0, 300, 1, 0), 600, limitRate, 1);
    for (let sequence = 2; sequence < 12; sequence++) foreign.neverCounted(sequence, 1);
    foreign.observe(sample(2_000, 300, 31, 30), 600, limitRate, 1);
    expect(foreign.share(limitRate, 2_000)).toBe(1);
  });

  it('is not concluded from one answer: what is missing may be older', () => {
    const foreign = new OtherUsers();
    foreign.observe(sample(100, 12, 1, 1), 600, limitRate, 1);
    expect([foreign.gauged, foreign.share(limitRate, 100)]).toEqual([false, 1]);
    foreign.observe(sample(1_100, 12 + 10 - 5, 6, 6), 600, limitRate, 1);
    expect(foreign.share(limitRate, 1_100)).toBe(1);
  });

  it('is what an interval between two answers shows', () => {
    const foreign = new OtherUsers();
    expect(foreign.observe(sample(0, 300, 1, 0), 600, limitRate, 1)).toBeUndefined();
    // 20 were counted, 40 were ours, and 10 of these were not counted.
    const interval = foreign.observe(sample(2_000, 290, 41, 40), 600, limitRate, 1);
    expect(interval).toEqual({ own: 40, taken: -10 });
  });

  it('is zero if nothing was refilled: a fixed window returns everything at its end', () => {
    const foreign = new OtherUsers();
    foreign.observe(sample(0, 500, 1, 1), 600, limitRate, 1, 0);
    foreign.observe(sample(10_000, 440, 61, 61), 600, limitRate, 1, 0);
    expect(foreign.share(limitRate, 10_000)).toBe(1);
    foreign.observe(sample(20_000, 280, 121, 121), 600, limitRate, 1, 0);
    expect(foreign.share(limitRate, 20_000)).toBeCloseTo(0.38, 1);
  });

  it('shows in the second answer, at whatever pace it was taken', () => {
    const foreign = new OtherUsers();
    foreign.observe(sample(0, 500, 1, 1), 600, limitRate, 1);
    // Five of ours, ninety-five of theirs: far above the limit's own rate, as long as the bucket lasts.
    foreign.observe(sample(1_000, 500 + 10 - 100, 6, 6), 600, limitRate, 1);
    expect(foreign.share(limitRate, 1_000)).toBeCloseTo(0.05, 1);
  });
});

describe('the first answer after a pause of ours', () => {
  const limitRate = 0.01;
  const paused = (remaining: number): Parameters<OtherUsers['observe']>[0] => ({
    ...sample(3_000, remaining, 20, 20),
    previousAt: 100,
  });
  const shareAfter = (first: Parameters<OtherUsers['observe']>[0], second: typeof first): number => {
    const foreign = new OtherUsers();
    foreign.observe(first, 600, limitRate, 1);
    foreign.observe(second, 600, limitRate, 1);
    return foreign.share(limitRate, second.at);
  };

  it('shows no other users if a header late by one answer explains it: the level before the pause', () => {
    const refilledBefore = 2;
    expect(shareAfter(sample(0, 100, 10, 10), paused(100 - 10 + refilledBefore))).toBe(1);
    // After calls all along, others have taken what is missing.
    expect(shareAfter(sample(0, 100, 10, 10), sample(3_000, 92, 20, 20))).toBeLessThan(0.4);
  });

  it('shows none if calls then in flight, counted at their end, explain it', () => {
    const first = { ...sample(0, 500, 10, 10), pending: 100 };
    expect(shareAfter(first, paused(500 - 10 - 60 + 30))).toBe(1);
    expect(shareAfter(first, sample(3_000, 460, 20, 20))).toBeLessThan(0.4);
  });

  it('still shows what neither explains', () => {
    expect(shareAfter(sample(0, 500, 10, 10), paused(200))).toBeLessThan(0.2);
  });
});

describe('a limit shared by many processes', () => {
  it('lets its level rise to what a large call needs', () => {
    const sharing = new SharedPace();
    sharing.foreign.observe(sample(0, 400, 1, 1), 500, 500 / 60_000, 1);
    sharing.foreign.observe(sample(1_000, 350, 2, 2), 500, 500 / 60_000, 1);
    for (const need of [20, 200, 480]) {
      sharing.divide(0.99 * need, 500, 500 / 60_000, 300, need, 1_000);
      expect(sharing.shared).toBe(true);
      expect(sharing.left).toBeGreaterThan(0);
    }
  });

  it('is never reserved for others by more than the level at which all of them settle', () => {
    const sharing = new SharedPace();
    sharing.foreign.observe(sample(0, 400, 1, 1), 500, 500 / 60_000, 1);
    sharing.foreign.observe(sample(1_000, 350, 2, 2), 500, 500 / 60_000, 1);
    const need = 11;
    // At the level of a call and its reserve the others slow down: the level must not fall below.
    sharing.divide(need, 500, 500 / 60_000, 300, need, 1_000);
    expect(sharing.shared).toBe(true);
    expect(sharing.left).toBeGreaterThan(0);
    // Also if a single call is most of the bucket.
    sharing.divide(450, 500, 500 / 60_000, 300, 450, 1_000);
    expect(sharing.pace).toBeGreaterThanOrEqual(sharing.share);
  });
});

describe('small parts', () => {
  it('find the step to which numbers are rounded', () => {
    const quantum = new HeaderRounding();
    const steps = [29_000, 28_000, 27_000, 26_000].map((value) => quantum.observe(value, 30_000));
    expect(steps).toEqual([1, 1, 1, 1_000]);
    expect(quantum.observe(25_431, 30_000)).toBe(1);
  });

  it('find steps of ten if a limit is too small for hundreds', () => {
    const quantum = new HeaderRounding();
    expect([270, 260, 240, 210].map((value) => quantum.observe(value, 280)).at(-1)).toBe(10);
  });

  it('recognize a level rounded to zero: it is full sooner than the limit refills what a call takes', () => {
    const quantum = new HeaderRounding();
    const told = { limit: 487, remaining: 0, resetMs: 0, amount: 57 };
    const hides = (over: Partial<typeof told>): boolean => quantum.hides({ ...told, ...over }, 60_000);
    expect(hides({})).toBe(true);
    expect(hides({ resetMs: 1_000 })).toBe(true);
    // An empty bucket takes as long.
    expect(hides({ resetMs: 7_100 })).toBe(false);
    // The call has taken all of it, or the limit is larger than the step.
    expect(hides({ amount: 480 })).toBe(false);
    expect(hides({ limit: 2_822, amount: 290 })).toBe(false);
    quantum.observe(120, 487);
    expect(hides({})).toBe(false);
  });

  it('is not cut for a few failures of many attempts in flight, whose answers take longer', () => {
    const limit = new ConcurrencyLimit(Infinity);
    for (let failures = 0; failures < 10; failures++) limit.overloaded(120 - failures, 50);
    expect(limit.current(50)).toBe(Infinity);
    for (let failures = 0; failures < 15; failures++) limit.overloaded(110 - failures, 100);
    expect(limit.current(100)).toBeLessThan(80);
  });

  it('cut the concurrency, raise it while calls succeed, and finally drop the limit', () => {
    const limit = new ConcurrencyLimit(50);
    const served = (now: number): number => {
      limit.served(1);
      return limit.current(now);
    };
    expect(limit.current(0)).toBe(50);
    limit.cut(20, 0);
    expect(limit.current(60_000)).toBe(14);
    limit.cut(20, 60_000);
    expect([served(60_999), served(61_000), served(62_000)]).toEqual([14, 16, 19]);
    for (let now = 63_000; now < 80_000; now += 1_000) served(now);
    expect(limit.current(80_000)).toBe(50);
    limit.name(8);
    expect([limit.current(80_000), limit.source]).toEqual([8, 'body']);
  });

  it('accept the attempt that was one too many in flight as the limit, and retest it ever later', () => {
    const limit = new ConcurrencyLimit(Infinity);
    // Sent at once and refused in any order.
    limit.refused(9, true, 0);
    for (const inFlight of [6, 8, 4, 7, 5]) limit.refused(inFlight, false, 0);
    expect(limit.current(0)).toBe(3);
    const tries: number[] = [];
    for (let now = 0; now < 30_000; now += 100) {
      limit.served(3);
      if (limit.current(now) < 4) continue;
      tries.push(now);
      limit.refused(4, true, now);
    }
    expect(tries).toEqual([1_000, 3_000, 7_000, 15_000, 23_000]);
    // More than was refused succeeds: the limit has moved, and soon stops binding.
    for (let now = 31_000; now < 40_000; now += 500) {
      limit.served(5);
      limit.current(now);
    }
    expect(limit.current(40_000)).toBe(Infinity);
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

describe('the refill rate of a limit', () => {
  const PER_MS = 60 / 60_000;

  it('is the stated one until more succeeds than it explains', () => {
    const refill = new RefillRate();
    refill.restart(0);
    for (let call = 1; call <= 120; call++) refill.accepted(1, 1, 60, PER_MS, call * 10, call * 10);
    expect(refill.factor).toBe(1);
    for (let call = 121; call <= 240; call++) refill.accepted(1, 1, 60, PER_MS, call * 10, call * 10);
    expect(refill.factor).toBeGreaterThan(40);
    expect(refill.factor).toBeLessThanOrEqual(120 / 2_400 / PER_MS);
  });

  it('is not what succeeded before the limit changed', () => {
    const refill = new RefillRate();
    refill.restart(0);
    for (let call = 1; call <= 115; call++) refill.accepted(1, 1, 60, PER_MS, call * 10, call * 10);
    refill.restart(1_150);
    for (let call = 116; call <= 150; call++) refill.accepted(1, 1, 20, PER_MS / 3, call * 10, call * 10);
    expect(refill.factor).toBe(1);
  });

  it('is tried if answers reveal nothing, and not again soon after a refusal', () => {
    const refill = new RefillRate();
    const hold = (fromMs: number, silentMs: number): void => {
      for (let now = fromMs; now < fromMs + 20_000; now += 500) refill.held(silentMs, now);
    };
    hold(0, 60_000);
    expect(refill.factor).toBe(1);
    for (let call = 0; call < 4; call++) refill.accepted(1, 1, 60, PER_MS, 20_000, 20_000);
    hold(20_000, 1_000);
    expect(refill.factor).toBe(1);
    hold(40_000, 60_000);
    const tried = refill.factor;
    expect(tried).toBeGreaterThan(1.9);
    expect(tried).toBeLessThanOrEqual(4);
    refill.refused(0, 60_000);
    refill.refused(0, 62_000);
    expect(refill.factor).toBe(1);
    for (let call = 0; call < 4; call++) refill.accepted(1, 1, 60, PER_MS, 62_000, 62_000);
    for (let now = 62_000; now < 72_000; now += 500) refill.held(60_000, now);
    expect(refill.factor).toBe(1);
    refill.told(150_000);
    hold(200_000, 60_000);
    expect(refill.factor).toBe(1);
  });

  it('is what a refusal names if headers state less', () => {
    const refill = new RefillRate();
    refill.named(6_000, 100);
    expect(refill.factor).toBe(60);
    refill.named(50, 100);
    expect(refill.factor).toBe(1);
  });
});

describe('the part of a stated limit that is enforced', () => {
  const TOLD = 1 / 10;

  /** Sends one call every `everyMs`, or when told to, of which `refuse` are refused. Returns those sent. */
  function drive(enforced: EnforcedRate, fromMs: number, forMs: number, refuse: (now: number) => boolean): number {
    let sent = 0;
    for (let now = fromMs; now < fromMs + forMs; now += 10) {
      if (enforced.waitMs(1, TOLD, now) > 0) continue;
      sequence++;
      sent++;
      enforced.take(1, sequence);
      if (refuse(now)) enforced.refused({ amount: 1, sequence, sentAt: now, news: true, hinted: false }, TOLD, now);
    }
    return sent;
  }

  let sequence = 0;

  it('is measured between refusals, and kept', () => {
    sequence = 0;
    // One in 50 ms succeeds, where one in 10 is stated.
    let level = 1;
    let at = 0;
    let refused = 0;
    const sent = drive(new EnforcedRate(), 0, 20_000, (now) => {
      level = Math.min(2, level + (now - at) / 50);
      at = now;
      if (level >= 1) {
        level--;
        return false;
      }
      refused++;
      return true;
    });
    expect(sent - refused).toBeGreaterThan(0.9 * 400);
    expect(refused / sent).toBeLessThan(0.2);
  });

  it('does not fall ever further beside others who use a bucket of a single call', () => {
    sequence = 0;
    const random = mulberry32(7);
    let level = 1;
    let at = 0;
    let served = 0;
    // One in 10 ms is stated and admitted; others take a fifth of it.
    drive(new EnforcedRate(), 0, 120_000, (now) => {
      for (; at < now; at += 10) {
        level = Math.min(1.3, level + 1);
        if (level >= 1 && random() < 0.2) level--;
      }
      if (level < 1) return true;
      level--;
      served++;
      return false;
    });
    expect(served).toBeGreaterThan(0.5 * 12_000);
  });

  it('is all of it if refusals come as often at a quarter of the pace', () => {
    sequence = 0;
    const random = mulberry32(3);
    const enforced = new EnforcedRate();
    drive(enforced, 0, 20_000, () => random() < 0.4);
    expect(drive(enforced, 20_000, 10_000, () => random() < 0.4)).toBeGreaterThan(700);
  });
});
