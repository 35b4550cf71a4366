import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRetryBudget } from '../../src/policies/budget.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const options = { ratio: 0.2, minimum: 10, windowMs: 60_000 };

function take(budget: { withdraw(): boolean }): number {
  let taken = 0;
  while (taken < 100_000 && budget.withdraw()) taken++;
  return taken;
}

describe('createRetryBudget', () => {
  it('allows the minimum with no traffic, and the ratio on top of it', () => {
    const clock = new VirtualClock();
    expect(take(createRetryBudget(options, clock))).toBe(10);
    const busy = createRetryBudget(options, clock);
    for (let i = 0; i < 500; i++) busy.deposit();
    expect(busy.balance()).toBe(110);
    expect(take(busy)).toBe(110);
    expect(busy.balance()).toBe(0);
  });

  it('counts whole retries despite floating point', () => {
    const budget = createRetryBudget({ ratio: 0.1, minimum: 0, windowMs: 60_000 }, new VirtualClock());
    for (let calls = 1; calls <= 1_000; calls++) {
      budget.deposit();
      expect(budget.balance()).toBe(Math.floor(calls / 10));
    }
  });

  it('refunds as the window moves on, by the monotonic clock', async () => {
    const clock = new VirtualClock();
    const budget = createRetryBudget(options, clock);
    expect(take(budget)).toBe(10);
    clock.jumpWall(3_600_000);
    expect(budget.withdraw()).toBe(false);
    await clock.advance(59_000);
    expect(budget.withdraw()).toBe(false);
    await clock.advance(5_000);
    expect(take(budget)).toBe(10);
  });

  it('allows none with ratio and minimum 0', () => {
    const budget = createRetryBudget({ ratio: 0, minimum: 0, windowMs: 1_000 }, new VirtualClock());
    for (let i = 0; i < 100; i++) budget.deposit();
    expect(budget.withdraw()).toBe(false);
  });

  it('limits an outage to the ratio plus the minimum in every window', async () => {
    const outage = fc.record({
      callsPerTick: fc.integer({ min: 0, max: 8 }),
      ratio: fc.constantFrom(0.1, 0.2, 0.5),
      minimum: fc.integer({ min: 0, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(outage, async ({ callsPerTick, ratio, minimum }) => {
        const clock = new VirtualClock();
        const budget = createRetryBudget({ ratio, minimum, windowMs: 10_000 }, clock);
        const ticks: { at: number; calls: number; retries: number }[] = [];
        for (let tick = 0; tick < 80; tick++) {
          let retries = 0;
          for (let call = 0; call < callsPerTick; call++) {
            budget.deposit();
            while (retries < 50 && budget.withdraw()) retries++;
          }
          ticks.push({ at: clock.now(), calls: callsPerTick, retries });
          await clock.advance(500);
        }
        for (const { at: end } of ticks) {
          // A bucket longer than the window, which is what the window may still hold of the calls.
          const inside = (ms: number): typeof ticks => ticks.filter(({ at }) => at <= end && end - at < ms);
          const retries = inside(10_000).reduce((sum, tick) => sum + tick.retries, 0);
          const calls = inside(10_500.001).reduce((sum, tick) => sum + tick.calls, 0);
          expect(retries).toBeLessThanOrEqual(ratio * calls + minimum + 1e-6);
        }
      }),
      { numRuns: 40 },
    );
  });
});
