import { describe, expect, it } from 'vitest';
import { AnswerTime } from '../../src/pacing/queue/answer-time.ts';

describe('how late a call may be sent', () => {
  it('is its deadline while no answer has come, and never without one', () => {
    const time = new AnswerTime();
    expect(time.startBy(5_000, 1_000)).toBe(5_000);
    expect(time.startBy(Infinity, 1_000)).toBe(Infinity);
  });

  it('leaves time for what nine of ten answers took', () => {
    const time = new AnswerTime();
    for (let tookMs = 100; tookMs <= 1_000; tookMs += 100) time.answered(0, tookMs);
    expect(time.startBy(5_000, 0)).toBe(4_000);
  });

  it('is never in the past, however long answers took', () => {
    const time = new AnswerTime();
    time.answered(0, 60_000);
    expect(time.startBy(5_000, 0)).toBeCloseTo(500);
    expect(time.startBy(5_000, 5_000)).toBe(5_000);
    expect(time.startBy(4_000, 5_000)).toBe(4_000);
  });

  it('learns from attempts that their deadline cut off, and forgets them as newer answers come', () => {
    const time = new AnswerTime();
    for (let i = 0; i < 32; i++) time.answered(0, 300);
    for (let i = 0; i < 4; i++) time.cut(0, 500);
    expect(time.startBy(5_000, 0)).toBe(4_000);
    for (let i = 0; i < 32; i++) time.answered(0, 300);
    expect(time.startBy(5_000, 0)).toBe(4_700);
  });

  it('forgets attempts that were cut off when a later one is answered', () => {
    const time = new AnswerTime();
    for (let i = 0; i < 32; i++) time.cut(0, 4_000);
    time.answered(4_900, 5_000);
    expect(time.startBy(20_000, 5_000)).toBe(12_000);
    time.answered(5_100, 5_200);
    expect(time.startBy(20_000, 5_200)).toBe(19_900);
    // Sent before the lane recovered, and cut off only now.
    for (let i = 0; i < 32; i++) time.cut(50, 6_000);
    expect(time.startBy(20_000, 6_000)).toBe(19_900);
  });
});
