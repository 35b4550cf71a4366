import { describe, expect, it } from 'vitest';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { ReturnedUnits } from '../../src/pacing/limits/returned-units.ts';

const LIMIT = 60;
/** Units per millisecond. */
const STATED = LIMIT / 60_000;

/** Answers of a limiter that returns `perMs` and is full at the limit; all at once each `lumpMs` if that is not 0. */
function limiter(perMs: number, lumpMs = 0) {
  const returns = new ReturnedUnits();
  let level = LIMIT;
  let sequence = 0;
  let at = 0;
  let lumpAt = lumpMs;
  const rates: number[] = [];
  return {
    returns,
    rates,
    pause(ms: number): void {
      at += ms;
      if (lumpMs === 0) {
        level = Math.min(LIMIT, level + perMs * ms);
      } else if (at >= lumpAt) {
        level = LIMIT;
        lumpAt = lumpMs * (Math.floor(at / lumpMs) + 1);
      }
    },
    calls(count: number): void {
      for (let i = 0; i < count && level >= 1; i++) {
        level--;
        sequence++;
        const report = { at, remaining: level, sequence, mark: sequence };
        const rate = returns.observe(report, LIMIT, STATED, STATED, 1, 0);
        if (rate !== undefined) rates.push(rate);
      }
    },
    refused(): void {
      sequence++;
      returns.neverCounted(sequence, 1);
    },
  };
}

describe('units that return sooner than the stated limit can', () => {
  it('prove a higher rate once more than a whole limit has returned, and show it', () => {
    const { returns, rates, pause, calls } = limiter(1 / 20);
    calls(60);
    expect(returns.isProven).toBe(false);
    for (let i = 0; i < 10; i++) {
      pause(200);
      calls(10);
    }
    expect(returns.isProven).toBe(true);
    expect(rates.length).toBeGreaterThan(2);
    for (const rate of rates) expect(rate).toBeCloseTo(1 / 20, 2);
  });

  it('are shown by a short window as its average', () => {
    const { rates, pause, calls } = limiter(0, 1_000);
    for (let i = 0; i < 40; i++) {
      pause(100);
      calls(6);
    }
    expect(rates.length).toBeGreaterThan(0);
    for (const rate of rates) expect(rate).toBeLessThan(0.07);
  });

  it.each([
    ['a bucket', 0],
    ['a fixed window', 60_000],
  ])('are not seen in %s of the stated limit, however it is spent', (_what, lumpMs) => {
    const { returns, rates, pause, calls } = limiter(STATED, lumpMs);
    for (let i = 0; i < 500; i++) {
      calls((i * 7) % 13);
      pause(((i * 11) % 17) * 250);
    }
    expect(returns.isProven).toBe(false);
    expect(rates).toEqual([]);
  });

  it('are not proven by refused requests, which are not counted', () => {
    const { returns, pause, calls, refused } = limiter(STATED);
    calls(60);
    for (let i = 0; i < 300; i++) refused();
    pause(10_000);
    calls(5);
    expect(returns.isProven).toBe(false);
  });
});

describe('tokens that a server returns at the end of an answer', () => {
  it('are not taken for a higher rate, whatever the provider is known to do', () => {
    const policy = { headroom: 0, smooth: false, corrects: false };
    const limit = new LimitBucket('tokens', 6_000, 'header', policy, 0);
    for (let sequence = 1; sequence <= 40; sequence++) {
      const at = 100 * sequence;
      limit.take(500, sequence);
      // A tenth of the reserved tokens is used, and the rest comes back.
      const remaining = 6_000 - 500 - 50 * sequence;
      const sent = { sentAt: at, sampledAt: at, previousAt: at, sequence, mark: 500 * sequence, since: 0 };
      const seen = { limit: 6_000, remaining, source: 'header', inFlight: 1, amount: 500, refused: false } as const;
      limit.observe({ ...seen, ...sent }, at + 10);
    }
    expect(limit.snapshot(4_100).beliefs).not.toContain('shorter_window');
  });
});
