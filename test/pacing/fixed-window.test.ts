import { describe, expect, it } from 'vitest';
import { FixedWindow } from '../../src/pacing/limits/fixed-window.ts';

const LIMIT = 600;
/** Units per millisecond. */
const RATE = LIMIT / 60_000;

/** Time in which `missing` units would be refilled. */
const asBucket = (missing: number): number => missing / RATE;

function told(window: FixedWindow, at: number, missing: number, resetMs: number, quantum = 1): boolean {
  window.observe({ at, missing, resetMs }, RATE, quantum);
  return window.believed;
}

describe('a fixed window', () => {
  it('is believed when its reset runs down while more is taken, and predicts its next start', () => {
    const window = new FixedWindow();
    expect(told(window, 0, 10, 40_250)).toBe(false);
    expect(told(window, 1_000, 100, 39_250)).toBe(false);
    expect(told(window, 2_000, 300, 38_250)).toBe(true);
    expect([window.endsAt(40_249), window.endsAt(40_250)]).toEqual([40_250, undefined]);
  });

  it('is not believed of a bucket, busy or idle, full or rounded', () => {
    const window = new FixedWindow();
    for (const [at, missing] of [
      [0, 100],
      [1_000, 300],
      [2_000, 290],
      [10_000, 210],
      [12_000, 590],
    ] as const) {
      expect(told(window, at, missing, asBucket(missing))).toBe(false);
    }
    const rounded = new FixedWindow();
    for (let at = 0; at < 20_000; at += 700) {
      // Levels are whole units, but the reset reveals the fraction.
      const missing = 500 + ((at / 700) % 2);
      expect(told(rounded, at, Math.ceil(missing), asBucket(missing - ((at / 100) % 10) / 10))).toBe(false);
    }
  });

  it('is not believed of a log, whose reset is always one window away', () => {
    const window = new FixedWindow();
    for (let at = 0; at < 20_000; at += 500) expect(told(window, at, 100 + at / 100, 60_000)).toBe(false);
  });

  it('is dropped when resets follow what is missing', () => {
    const window = new FixedWindow();
    for (const [at, missing] of [
      [0, 10],
      [1_000, 100],
      [2_000, 300],
    ] as const)
      told(window, at, missing, 40_250 - at);
    expect(window.believed).toBe(true);
    told(window, 3_000, 100, asBucket(100));
    expect(told(window, 6_000, 500, asBucket(500))).toBe(false);
  });

  it('is dropped after refusals when enough should have been left', () => {
    const window = new FixedWindow();
    for (let at = 0; at < 20_000; at += 1_000) told(window, at, 10 + at / 50, 40_000 - at);
    expect(window.believed).toBe(true);
    for (let i = 0; i < 3; i++) window.contradicted();
    expect(window.believed).toBe(false);
  });

  it('is distinguished from a bucket with whole-second resets only over a longer time', () => {
    const window = new FixedWindow();
    expect(told(window, 0, 10, 40_000)).toBe(false);
    expect(told(window, 1_000, 300, 39_000)).toBe(false);
    expect(told(window, 3_000, 300, 37_000)).toBe(false);
    expect(told(window, 6_000, 400, 34_000)).toBe(true);
  });
});
