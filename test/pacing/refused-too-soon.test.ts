import { describe, expect, it } from 'vitest';
import { SentAttempts, type TestAttempt } from '../helpers/sent-attempts.ts';
import { LoadEvidence } from '../../src/pacing/limits/load-evidence.ts';
import { Spacing } from '../../src/pacing/limits/spacing.ts';
import { callsAtOnce, leakyBucket, varied } from './gateways.ts';

describe('a gateway that admits single calls at a pace', () => {
  it.for([
    { status: 503, perSecond: 20, answersMs: 3_700, count: 200 },
    { status: 503, perSecond: 10, answersMs: 3_000, count: 150 },
    { status: 503, perSecond: 5, answersMs: 300, count: 150 },
    { status: 429, perSecond: 20, answersMs: 300, count: 400 },
    { status: 429, perSecond: 5, answersMs: 1_000, count: 200 },
  ])('is used at that pace: $status, $perSecond a second', async ({ status, perSecond, answersMs, count }) => {
    const gateway = { status, admits: leakyBucket(perSecond, 0), answerMs: varied(answersMs) };
    const { seconds, lost, refused } = await callsAtOnce(gateway, count);
    expect(lost).toBe(0);
    // Until the cause is known, single calls are sent one after the other.
    expect(seconds).toBeLessThan((1.4 * count) / perSecond + 5 + (4.5 * answersMs) / 1_000);
    expect(refused).toBeLessThan(0.15 * count);
  });

  it('is no limit on the number in flight, whatever its status', async () => {
    const gateway = { status: 503, admits: leakyBucket(10, 10), answerMs: varied(4_000) };
    const { seconds, lost } = await callsAtOnce(gateway, 400);
    expect(lost).toBe(0);
    expect(seconds).toBeLessThan(100);
  });
});

describe('calls that come too soon after others', () => {
  /** Sends at these times; those less than 200 ms after the last one let through are refused. */
  function sendAll(spacing: Spacing, times: readonly number[], leastMs = 200): void {
    let last = -Infinity;
    times.forEach((at, index) => {
      const sequence = index + 1;
      spacing.sent(sequence, at);
      if (at - last < leastMs) return spacing.refused(sequence, at, at + 50);
      last = at;
      spacing.served(sequence);
    });
  }

  it('show the shortest time between two that get through', () => {
    const spacing = new Spacing();
    sendAll(spacing, [0, 100, 250, 300, 500, 600, 750, 800]);
    expect(spacing.isBelieved).toBe(true);
    expect(spacing.shortestMs).toBe(250);
  });

  it('are not the cause once one is refused that came later than others did', () => {
    const spacing = new Spacing();
    sendAll(spacing, [0, 100, 250, 300, 500, 600, 750, 800]);
    spacing.sent(9, 1_500);
    spacing.refused(9, 1_500, 1_550);
    expect(spacing.isBelieved).toBe(false);
  });

  it('are not the cause if all come at the same intervals', () => {
    const spacing = new Spacing();
    for (let sequence = 1; sequence <= 60; sequence++) {
      spacing.sent(sequence, 100 * sequence);
      if (sequence % 6 === 0) spacing.refused(sequence, 100 * sequence, 100 * sequence + 50);
      else spacing.served(sequence);
    }
    expect(spacing.isBelieved).toBe(false);
  });

  it('are not the cause while others sent at the same time are kept', () => {
    const spacing = new Spacing();
    sendAll(spacing, [0, 1_000, 2_000, 3_000]);
    for (let sequence = 5; sequence <= 12; sequence++) spacing.sent(sequence, 4_000);
    for (let sequence = 9; sequence <= 12; sequence++) spacing.refused(sequence, 4_000, 4_050);
    expect(spacing.isBelieved).toBe(false);
  });
});

describe('refusals compared by the number in flight', () => {
  function evidence() {
    const sent = new SentAttempts();
    const load = new LoadEvidence(sent.list);
    const attempts = (from: number, count: number, sentAt: number): TestAttempt[] =>
      Array.from({ length: count }, (_, index) => {
        const attempt = sent.send(from + index, sentAt);
        load.look(sentAt);
        return attempt;
      });
    const ended = (attempt: TestAttempt): void => sent.list.remove(attempt);
    return { load, attempts, ended };
  }

  it('are explained by it if what is let through next has fewer before it', () => {
    const { load, attempts, ended } = evidence();
    let held = attempts(1, 8, 0);
    for (let round = 1; round <= 3; round++) {
      const [refused] = attempts(100 * round, 1, 1_000 * round);
      load.refused(refused!, 1_000 * round + 50);
      ended(refused!);
      const [first, ...rest] = held;
      ended(first!);
      held = [...rest, ...attempts(100 * round + 1, 1, 1_000 * round + 100)];
      load.served(held.at(-1)!);
    }
    expect([load.explains, load.contradicts]).toEqual([true, false]);
  });

  it('are not if as many are let through later, once we send them', () => {
    const { load, attempts, ended } = evidence();
    for (let round = 0; round < 3; round++) {
      const held = attempts(100 * round + 1, 8, 10_000 * round);
      const [refused] = attempts(100 * round + 10, 1, 10_000 * round + 1_000);
      load.refused(refused!, 10_000 * round + 1_050);
      ended(refused!);
      ended(held[0]!);
      held.push(...attempts(100 * round + 11, 3, 10_000 * round + 2_000));
      for (const attempt of held.slice(-3)) load.served(attempt);
      for (const attempt of held) ended(attempt);
    }
    expect([load.explains, load.contradicts]).toEqual([false, true]);
  });

  it('are not if it has as many', () => {
    const { load, attempts, ended } = evidence();
    attempts(1, 8, 0);
    for (let round = 1; round <= 3; round++) {
      const [refused] = attempts(100 * round, 1, 1_000 * round);
      load.refused(refused!, 1_000 * round + 50);
      ended(refused!);
      const [next] = attempts(100 * round + 1, 1, 1_000 * round + 100);
      load.served(next!);
    }
    expect([load.explains, load.contradicts]).toEqual([false, true]);
  });
});
