import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divide, LIVE_MS } from '../../src/fleet/divide.ts';
import { type LaneState, newLane } from '../../src/fleet/lane-state.ts';
import type { Grant } from '../../src/fleet/fleet-store.ts';
import { limit, MINUTE, report, tokens } from './reports.ts';

const NOW = 1_000_000;

function grantedOf(grant: Grant, name = 'requests'): number {
  return grant.limits.find((each) => each.name === name)!.granted;
}

/** A lane whose bucket of 600 requests is down to `level`, and known for a while. */
function laneAt(level: number): LaneState {
  const lane = newLane(NOW);
  divide(lane, report('first', [limit({ level })]), NOW);
  lane.limits.set('requests', { ...lane.limits.get('requests')!, since: NOW - 2 * MINUTE });
  return lane;
}

describe('one exchange', () => {
  it('leases what is wanted while there is enough, and takes back what was not spent', () => {
    const lane = laneAt(600);
    expect(grantedOf(divide(lane, report('a', [limit({ need: 1, want: 20 })]), NOW))).toBe(20);
    expect(lane.limits.get('requests')!.free).toBe(580);
    divide(lane, report('a', [limit({ spent: 5 })]), NOW);
    expect(lane.limits.get('requests')).toMatchObject({ free: 595, held: 0, total: 5 });
  });

  it('grants the next call in all limits or in none', () => {
    const lane = newLane(NOW);
    divide(lane, report('first', [limit(), tokens({ level: 500 })]), NOW);
    const need = [limit({ need: 1, want: 5 }), tokens({ need: 1_000, want: 5_000 })];
    const denied = divide(lane, report('a', need), NOW);
    expect([grantedOf(denied), grantedOf(denied, 'tokens')]).toEqual([0, 0]);
    // 500 tokens are refilled in half a second.
    expect(denied.waitMs).toBeCloseTo(500);
    expect(lane.limits.get('requests')!.free).toBe(600);
    const granted = divide(lane, report('a', need), NOW + 500);
    expect(grantedOf(granted, 'tokens')).toBeCloseTo(1_000);
    expect(grantedOf(granted)).toBeGreaterThanOrEqual(1);
  });

  it('counts spending once, however often answers are lost', () => {
    const lane = laneAt(600);
    for (const spent of [0, 3, 3, 9]) divide(lane, report('a', [limit({ need: 1, want: 10, spent })]), NOW);
    divide(lane, report('a', [limit({ spent: 9 })]), NOW);
    expect(lane.limits.get('requests')!.free).toBe(591);
  });

  it('counts the lease of a process that is gone as spent', () => {
    const lane = laneAt(600);
    divide(lane, report('a', [limit({ need: 1, want: 20 })]), NOW);
    divide(lane, report('b', [limit()]), NOW + 1);
    expect(lane.limits.get('requests')!.held).toBe(20);
    const later = divide(lane, report('b', [limit()]), NOW + LIVE_MS + 1);
    expect(later.fleet).toBe(1);
    expect(lane.limits.get('requests')!.held).toBe(0);
  });

  it('reserves what a large call needs, and gives smaller ones elsewhere only what is left', () => {
    const lane = laneAt(0);
    const large = (): Grant => divide(lane, report('large', [limit({ need: 300, want: 300 })]), now);
    let now = NOW;
    let small = 0;
    let spent = 0;
    for (; now < NOW + MINUTE; now += 100) {
      if (grantedOf(large()) > 0) break;
      const granted = grantedOf(divide(lane, report('small', [limit({ spent, need: 1, want: 50 })]), now));
      small += granted;
      spent += granted;
    }
    // 300 are refilled in 30 s; a process that was there before has a little more.
    expect(now - NOW).toBeLessThan(33_000);
    expect(small).toBeLessThan(30);
  });

  it('does not delay processes whose calls wait for processes that only keep a reserve', () => {
    const lane = laneAt(0);
    const spent = { busy: 0, a: 0, b: 0, c: 0 };
    for (let now = NOW; now < NOW + 2 * MINUTE; now += 450) {
      for (const idle of ['a', 'b', 'c']) divide(lane, report(idle, [limit({ want: 2 })]), now);
      spent.busy += grantedOf(divide(lane, report('busy', [limit({ spent: spent.busy, need: 1, want: 50 })]), now));
    }
    // Everything refilled except what the others hold.
    expect(spent.busy).toBeGreaterThan(1_200 - 3 * 2 - 10);
  });

  it('lets eight processes probe an unknown lane, and the others follow gradually', () => {
    const lane = newLane(NOW);
    const waits = Array.from({ length: 64 }, (_, index) => divide(lane, report(`${index}`, []), NOW).waitMs);
    expect(waits.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => 0));
    expect(waits.slice(8).every((waitMs, index) => waitMs > 0 && waitMs >= (waits[7 + index] ?? 0))).toBe(true);
    expect(divide(lane, report('63', []), NOW + 1_501).waitMs).toBe(0);
    divide(lane, report('0', [limit()]), NOW + 1_501);
    expect(divide(lane, report('64', []), NOW + 1_501).waitMs).toBe(0);
  });

  it('leases little of a limit that is new to many processes', () => {
    const lane = newLane(NOW);
    for (let index = 0; index < 32; index++) divide(lane, report(`${index}`, []), NOW);
    const granted = Array.from({ length: 32 }, (_, index) =>
      grantedOf(divide(lane, report(`${index}`, [limit({ need: 1, want: 50 })]), NOW)),
    );
    // The refill of half a second, and what the first sixteen need.
    expect(granted.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(5 + 16);
  });

  it('leases the next call of each of many processes once a limit has been known for ten seconds, while there is enough', () => {
    const lane = newLane(NOW);
    divide(lane, report('first', [tokens()]), NOW);
    const granted = Array.from({ length: 32 }, (_, index) => {
      const told = tokens({ need: 3_000, want: 3_000 });
      return grantedOf(divide(lane, report(`${index}`, [told]), NOW + 10_000), 'tokens');
    });
    expect(granted.filter((each) => each > 0)).toHaveLength(20);
  });

  it('grants nothing during a pause that any process reported', () => {
    const lane = laneAt(600);
    const { epoch } = divide(lane, report('a', [limit({ want: 10 })]), NOW);
    divide(lane, report('b', [limit({ want: 10 })], { pauseMs: 5_000 }), NOW);
    const during = divide(lane, report('a', [limit({ want: 10 })]), NOW + 400);
    expect(during).toMatchObject({ pauseMs: 4_600, epoch: epoch + 1 });
    expect(grantedOf(during)).toBe(0);
    expect(grantedOf(divide(lane, report('a', [limit({ want: 10 })]), NOW + 5_000))).toBe(10);
  });

  it('makes no debt of spending alone that a sample has already shown', () => {
    const lane = laneAt(600);
    for (const name of ['a', 'b']) divide(lane, report(name, [limit()]), NOW);
    // Before b reported its 500, an answer to a had shown what they leave.
    divide(lane, report('b', [limit({ spent: 500, level: 100 })], { returns: true }), NOW + 1_000);
    const sample = { ageMs: 500, left: 95, total: 0, unspentLeast: 0, unspentMost: 0 };
    divide(lane, report('a', [limit({ sample })]), NOW + 1_000);
    expect(lane.limits.get('requests')!.free).toBe(0);
  });

  it('follows the newest sample, whichever process brought it', () => {
    const lane = laneAt(600);
    const sample = { total: 0, unspentLeast: 0, unspentMost: 0 };
    divide(lane, report('a', [limit({ sample: { ...sample, ageMs: 100, left: 300 } })]), NOW + 1_000);
    expect(lane.limits.get('requests')!.free).toBeCloseTo(301);
    divide(lane, report('b', [limit({ sample: { ...sample, ageMs: 600, left: 100 } })]), NOW + 1_000);
    expect(lane.limits.get('requests')!.free).toBeCloseTo(301);
    divide(lane, report('b', [limit({ sample: { ...sample, ageMs: 0, left: 200 } })]), NOW + 1_000);
    expect(lane.limits.get('requests')!.free).toBeCloseTo(200);
  });

  it('allows for leases that may not be spent yet', () => {
    const lane = laneAt(600);
    const later = NOW + MINUTE;
    divide(lane, report('a', [limit({ need: 1, want: 100 })]), later);
    const seen = { ageMs: 0, total: 100, unspentLeast: 0, unspentMost: 100 };
    divide(lane, report('b', [limit({ sample: { ...seen, left: 550 } })]), later);
    expect(lane.limits.get('requests')!.free).toBe(500);
    divide(lane, report('b', [limit({ sample: { ...seen, ageMs: -1, left: 450 } })]), later);
    expect(lane.limits.get('requests')!.free).toBeCloseTo(450, 1);
  });

  it('ignores outdated parts of a late report, and leases nothing to a process that no longer waits for it', () => {
    const lane = laneAt(600);
    const later = NOW + 5_000;
    divide(lane, report('b', [limit()]), later);
    const sample = { ageMs: 100, left: 20, total: 50, unspentLeast: 0, unspentMost: 0 };
    const told = limit({ need: 1, want: 20, spent: 50, sample, refusedAt: 10 });
    divide(lane, report('a', [limit()]), later);
    const late = divide(lane, report('a', [told], { at: NOW, pauseMs: 6_000 }), later);
    expect(late).toMatchObject({ now: later, pauseMs: 1_000 });
    expect(grantedOf(late)).toBe(0);
    expect(lane.limits.get('requests')).toMatchObject({ free: 550, caution: 0 });
    const inTime = divide(lane, report('a', [{ ...told, refusedAt: undefined }], { at: later + 900 }), later + 1_000);
    expect(lane.limits.get('requests')!.free).toBeLessThan(30);
    expect(grantedOf(inTime)).toBeGreaterThan(0);
  });

  it('does not let processes that return from working alone take what they had used', () => {
    const lane = laneAt(600);
    divide(lane, report('a', [limit()]), NOW);
    divide(lane, report('a', [limit({ spent: 900 })], { returns: true }), NOW + 1_000);
    expect(lane.limits.get('requests')!.free).toBe(0);
  });

  it('voids the leases of a bucket that turns out to be smaller', () => {
    const lane = laneAt(600);
    divide(lane, report('a', [limit({ need: 1, want: 400 })]), NOW);
    divide(lane, report('b', [limit({ full: 10, changed: true, level: 4 })]), NOW);
    expect(lane.limits.get('requests')).toMatchObject({ full: 10, free: 4, held: 0 });
  });

  it('announces once to many processes with the last calls that there is enough for all of them', () => {
    const lane = laneAt(0);
    const last = (index: number, now: number): boolean => {
      divide(lane, report(`waits ${index}`, [limit({ need: 1, want: 2, rest: 2 })]), now);
      return lane.news !== undefined;
    };
    const told = Array.from({ length: 20 }, (_, index) => last(index, NOW));
    // 40 are refilled in four seconds.
    told.push(last(0, NOW + 3_000), last(1, NOW + 5_000), last(2, NOW + 5_001), last(3, NOW + 5_002));
    expect(told.flatMap((news, index) => (news ? [index] : []))).toEqual([21]);
    // A process that still gets new calls may need it.
    divide(lane, report('busy', [limit({ need: 1, want: 2 })]), NOW + 5_003);
    expect(last(4, NOW + 5_004)).toBe(false);
  });

  it('grants the last calls of a process all at once, if there is enough for those of all others', () => {
    const lane = laneAt(0);
    const ask = (index: number, rest: number, now: number): number =>
      grantedOf(
        divide(lane, report(`waits ${index}`, [limit({ need: 1, want: rest, rest })], { renewMs: 4_000 }), now),
      );
    const all = Array.from({ length: 40 }, (_, index) => index);
    for (const index of all) ask(index, 1, NOW);
    expect(ask(40, 2, NOW)).toBe(0);
    // 43 are refilled.
    for (const index of all) expect(ask(index, 1, NOW + 4_300)).toBe(1);
    expect(ask(40, 2, NOW + 4_301)).toBe(2);
  });

  describe('the part of the bucket that is kept', () => {
    const kept = { headroom: 0.1, need: 1, want: 20 };
    const laneWith = (left: number): LaneState => {
      const lane = laneAt(600);
      divide(lane, report('a', [limit({ headroom: 0.1, need: 1, want: 600 - left })]), NOW);
      divide(lane, report('a', [limit({ headroom: 0.1, spent: 600 - left })]), NOW);
      lane.limits.get('requests')!.kept = 60;
      return lane;
    };

    it('is not leased while new calls arrive', () => {
      const lane = laneWith(50);
      divide(lane, report('b', [limit({ ...kept })]), NOW);
      expect(grantedOf(divide(lane, report('c', [limit({ ...kept, rest: 20 })]), NOW))).toBe(0);
    });

    it('is for the last calls, if everything that waits fits', () => {
      const lane = laneWith(50);
      divide(lane, report('b', [limit({ ...kept, rest: 31 })]), NOW);
      // 51 calls for 50 units.
      expect(grantedOf(divide(lane, report('c', [limit({ ...kept, rest: 20 })]), NOW))).toBe(0);
      divide(lane, report('b', [limit({ ...kept, rest: 30 })]), NOW);
      expect(grantedOf(divide(lane, report('c', [limit({ ...kept, rest: 20 })]), NOW))).toBeGreaterThanOrEqual(1);
    });
  });

  it('assumes that leases of a fast bucket are spent by processes that want more', () => {
    const lane = laneAt(600);
    const calls = { full: 5, changed: true, level: 5 };
    divide(lane, report('a', [limit(calls)]), NOW);
    const told = { full: 5, level: 5, need: 1 };
    expect(grantedOf(divide(lane, report('a', [limit({ ...told, want: 100 })]), NOW))).toBe(5);
    // Ten a second are refilled, of which one is reserved for the next call of the process that was asked to come back.
    expect(grantedOf(divide(lane, report('b', [limit({ ...told, want: 2 })]), NOW + 300))).toBeCloseTo(2);
    // A process that got everything it wanted may still hold it.
    divide(lane, report('c', [limit({ ...told, want: 1 })]), NOW + 2_000);
    expect(lane.limits.get('requests')!.free).toBeCloseTo(2);
  });

  it('credits what a refused call returns only up to the level that the refusal has shown', () => {
    const lane = laneAt(50);
    divide(lane, report('a', [limit({ need: 40, want: 40 })]), NOW);
    divide(lane, report('a', [limit({ spent: 40, need: 40, want: 40 })]), NOW);
    divide(lane, report('a', [limit({ refusedAt: 30 })]), NOW);
    expect(lane.limits.get('requests')!.free).toBe(30);
  });

  it('admits one call to a bucket of one, however cautious refusals have made it', () => {
    const lane = laneAt(600);
    divide(lane, report('a', [limit({ full: 1, changed: true, level: 1 })]), NOW);
    divide(lane, report('a', [limit({ full: 1, refusedAt: 0 })]), NOW);
    const granted = divide(lane, report('a', [limit({ full: 1, need: 1, want: 9 })]), NOW + 1_000);
    expect(lane.limits.get('requests')!.caution).toBeGreaterThan(0);
    expect(grantedOf(granted)).toBe(1);
  });

  it('adopts a refill rate from any process that has found the stated one wrong', () => {
    const lane = laneAt(0);
    divide(lane, report('a', [limit({ changed: true, windowMs: 6_000 })]), NOW);
    divide(lane, report('b', [limit()]), NOW + 600);
    expect(lane.limits.get('requests')).toMatchObject({ windowMs: 6_000 });
    expect(lane.limits.get('requests')!.free).toBeCloseTo(60);
  });

  it('does not attribute output that no answer has reported yet to others', () => {
    const output = { name: 'output_tokens', limit: 6_000, full: 6_000, level: 3_000 };
    const lane = newLane(NOW);
    divide(lane, report('a', [limit(output)]), NOW);
    const sample = { ageMs: 0, total: 0, unspentLeast: 0, unspentMost: 0 };
    for (let second = 1; second <= 20; second++) {
      const seen = { ...sample, left: 3_000 - 50 * second };
      divide(lane, report('a', [limit({ ...output, sample: seen })]), NOW + second * 1_000);
    }
    expect(lane.limits.get('output_tokens')).toMatchObject({ foreign: 0, free: 2_000 });
  });

  it('credits output that answers show, except for what may not be generated yet', () => {
    const output = { name: 'output_tokens', limit: 6_000, full: 6_000, level: 0 };
    const lane = newLane(NOW);
    divide(lane, report('a', [limit(output)]), NOW);
    const told = divide(lane, report('b', [limit({ ...output, unanswered: 1_000 })]), NOW).limits[0]!;
    expect(told.unspentMost).toBe(1_000);
    // The first sample counts as it is.
    for (let second = 1; second <= 30; second++) {
      const { total, unspentLeast, unspentMost } = told;
      const sample = { ageMs: 0, left: 6_000, total, unspentLeast, unspentMost };
      divide(lane, report('a', [limit({ ...output, sample })]), NOW + second * 100);
    }
    // Plus the refill of three seconds.
    expect(lane.limits.get('output_tokens')!.free).toBeGreaterThan(4_900);
    expect(lane.limits.get('output_tokens')!.free).toBeLessThan(5_310);
    divide(lane, report('b', [limit(output)], { leaves: true }), NOW + 3_100);
    expect(lane.limits.get('output_tokens')!.pending).toBe(0);
  });

  it('serves by weight', () => {
    const lane = laneAt(0);
    const served = { urgent: 0, other: 0 };
    for (let now = NOW; now < NOW + 5 * MINUTE; now += 450) {
      for (const [process, weight] of [
        ['other', 1],
        ['urgent', 8],
      ] as const) {
        const spent = served[process];
        const granted = divide(lane, report(process, [limit({ spent, need: 1, want: 100 })], { weight }), now);
        served[process] += grantedOf(granted);
      }
    }
    expect(served.urgent / served.other).toBeGreaterThan(6);
    expect(served.urgent / served.other).toBeLessThan(10);
  });

  it('gives a class of calls one part, whether it waits in one process or in many', () => {
    const lane = laneAt(0);
    const classesOf: Record<string, Record<string, number>> = {
      a: { A: 4, B: 4 },
      b: { A: 4 },
      c: { A: 4 },
      d: { C: 1 },
    };
    const served: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
    let parts: Grant['parts'];
    for (let now = NOW; now < NOW + 10 * MINUTE; now += 450) {
      for (const [process, classes] of Object.entries(classesOf)) {
        const weight = Object.values(classes).reduce((sum, each) => sum + each);
        const told = limit({ spent: served[process]!, need: 1, want: 100 });
        const grant = divide(lane, report(process, [told], { weight, classes }), now);
        served[process]! += grantedOf(grant);
        if (process === 'a') parts = grant.parts;
        else expect(grant.parts).toBeUndefined();
      }
    }
    const all = Object.values(served).reduce((sum, each) => sum + each);
    // A and B have 4 parts each and C has one; three processes spend a third each of A's.
    const expected = { a: 16 / 3 / 9, b: 4 / 3 / 9, c: 4 / 3 / 9, d: 1 / 9 };
    for (const [process, part] of Object.entries(expected)) expect(served[process]! / all).toBeCloseTo(part, 1);
    expect(served['a']! / served['b']!).toBeGreaterThan(3.6);
    expect(served['a']! / served['b']!).toBeLessThan(4.4);
    expect(parts).toEqual({ A: 1 / 3, B: 1 });
  });

  it('stops counting the classes of a process that has gone, or whose calls no longer wait', () => {
    const lane = laneAt(0);
    const waits = (process: string, classes: Record<string, number>): Grant =>
      divide(lane, report(process, [limit({ need: 1, want: 9 })], { weight: 4, classes }), NOW);
    waits('a', { A: 4 });
    waits('b', { A: 4, B: 4 });
    waits('c', { C: 4 });
    expect([...lane.classes.keys()]).toEqual(['A', 'B', 'C']);
    divide(lane, report('c', [limit()], { classes: {} }), NOW);
    expect([...lane.classes.keys()]).toEqual(['A', 'B']);
    divide(lane, report('b', [limit()], { leaves: true }), NOW);
    expect([...lane.classes]).toEqual([['A', { sum: 4, squares: 16 }]]);
    divide(lane, report('d', [limit()]), NOW + LIVE_MS + 1);
    expect(lane.classes.size).toBe(0);
  });

  it('serves calls of one priority alike, whether they wait in one process or in many', () => {
    const lane = laneAt(0);
    const served = new Map<string, number>();
    const others = Array.from({ length: 15 }, (_, index) => `other ${index}`);
    for (let now = NOW; now < NOW + 5 * MINUTE; now += 450) {
      for (const process of ['urgent', ...others]) {
        const spent = served.get(process) ?? 0;
        const weight = process === 'urgent' ? 8 : 1;
        const told = report(process, [limit({ spent, need: 1, want: 100 })], { weight, classes: { [weight]: weight } });
        served.set(process, spent + grantedOf(divide(lane, told, now)));
      }
    }
    const ofOthers = others.map((process) => served.get(process)!);
    const sum = ofOthers.reduce((a, b) => a + b);
    expect(served.get('urgent')! / sum).toBeGreaterThan(6);
    expect(served.get('urgent')! / sum).toBeLessThan(10);
    expect(Math.max(...ofOthers) / Math.min(...ofOthers)).toBeLessThan(1.5);
  });

  it('never leases more than the bucket has held and received', () => {
    const step = fc.record({
      process: fc.constantFrom('a', 'b', 'c'),
      afterMs: fc.integer({ min: 0, max: 2_000 }),
      need: fc.integer({ min: 0, max: 700 }),
      more: fc.integer({ min: 0, max: 700 }),
      spends: fc.double({ min: 0, max: 1, noNaN: true }),
      weight: fc.constantFrom(1, 8),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const lane = laneAt(600);
        const spent = new Map<string, number>();
        const lease = new Map<string, number>();
        let now = NOW;
        let used = 0;
        for (const { process, afterMs, need, more, spends, weight, leaves } of steps) {
          now += afterMs;
          const spend = spends * (lease.get(process) ?? 0);
          used += spend;
          spent.set(process, (spent.get(process) ?? 0) + spend);
          const told = limit({ need, want: need + more, spent: spent.get(process)! });
          lease.set(process, grantedOf(divide(lane, report(process, [told], { weight, leaves }), now)));
          const leased = Array.from(lease.values()).reduce((a, b) => a + b, 0);
          expect(used + leased).toBeLessThanOrEqual(600 + (now - NOW) / 100 + 1e-6);
          expect(lane.limits.get('requests')!.held).toBeGreaterThanOrEqual(-1e-6);
        }
      }),
    );
  });
});
