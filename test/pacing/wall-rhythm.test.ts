import { describe, expect, it } from 'vitest';
import { WallRhythm } from '../../src/pacing/limits/wall-rhythm.ts';
import { callsAtOnce, fixedWindow, slidingLog, varied } from './gateways.ts';

describe('the rhythm in which an exhausted limit admits again', () => {
  /** Exhausted a second after it began, and found to admit again after so many seconds, tried every second. */
  function walled(rhythm: WallRhythm, begins: number, lasts: number): void {
    rhythm.opened(begins + 1_000, begins + lasts - 1_000, begins + lasts);
  }

  it('is unknown at first, and after a wall of a moment', () => {
    const rhythm = new WallRhythm();
    rhythm.begins(0);
    expect(rhythm.pauseMs(250, 1_000)).toBe(250);
    rhythm.opened(1_000, 1_500, 2_000);
    expect(rhythm.pauseMs(250, 3_000)).toBe(250);
  });

  it('is the shortest usual window that explains the wall, and counts for more once it is kept', () => {
    const rhythm = new WallRhythm();
    rhythm.begins(0);
    walled(rhythm, 0, 60_500);
    const first = rhythm.pauseMs(250, 61_500);
    expect(first).toBeGreaterThan(15_000);
    expect(first).toBeLessThan(20_000);
    walled(rhythm, 60_500, 60_000);
    expect(rhythm.pauseMs(250, 121_500)).toBeGreaterThan(first + 10_000);
    // Never beyond its end, and after that as if nothing were known.
    expect(rhythm.pauseMs(8_000, 181_000)).toBeLessThan(500);
    expect(rhythm.pauseMs(8_000, 183_000)).toBe(8_000);
  });

  it('is another one once it admits sooner', () => {
    const rhythm = new WallRhythm();
    rhythm.begins(0);
    walled(rhythm, 0, 60_500);
    walled(rhythm, 60_500, 10_000);
    expect(rhythm.pauseMs(250, 71_500)).toBeLessThan(5_000);
  });
});

describe('a small limit of a minute that says nothing', () => {
  it.for([
    ['windows of the clock', fixedWindow(10, 60_000)],
    ['a sliding window', slidingLog(10, 60_000)],
  ] as const)('is hardly asked before it admits again: %s', async ([, admits]) => {
    const { seconds, lost, refused } = await callsAtOnce({ status: 429, admits, answerMs: varied(500) }, 50);
    expect(lost).toBe(0);
    expect(seconds).toBeLessThan(310);
    expect(refused).toBeLessThan(90);
  });
});
