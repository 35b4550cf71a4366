import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdmittedMinute } from '../../src/pacing/usage/admitted-minute.ts';
import { noAmounts } from '../../src/pacing/usage/reservation.ts';
import { finish, harness, info, MINUTE, PACING, reading, watch } from './harness.ts';

const SLOT_MS = 5_000;

describe('what was admitted within a minute', () => {
  it('is what a full list would give, to a slot', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(40_000), amount: fc.nat(100) }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.nat(70_000), (taken, restMs) => {
        const minute = new AdmittedMinute();
        let now = 1_234.5;
        const list: { at: number; amount: number }[] = [];
        for (const { afterMs, amount } of taken) {
          now += afterMs;
          minute.add({ ...noAmounts(), requests: amount }, now);
          list.push({ at: now, amount });
        }
        now += restMs;
        const within = (ms: number): number =>
          list.filter(({ at }) => now - at < ms).reduce((sum, { amount }) => sum + amount, 0);
        const counted = minute.of('requests', now);
        expect(counted).toBeGreaterThanOrEqual(within(MINUTE - SLOT_MS) - 1e-6);
        expect(counted).toBeLessThanOrEqual(within(MINUTE + SLOT_MS) + 1e-6);
      }),
    );
  });

  it('is corrected in the slot of its admission, and not once that is out of the minute', () => {
    const minute = new AdmittedMinute();
    minute.add({ ...noAmounts(), tokens: 1_000 }, 10_000);
    minute.giveBack('tokens', 400, 10_000, 30_000);
    expect(minute.of('tokens', 30_000)).toBe(600);
    minute.add({ ...noAmounts(), tokens: 50 }, 80_000);
    minute.giveBack('tokens', 600, 10_000, 80_000);
    expect(minute.of('tokens', 80_000)).toBe(50);
  });
});

describe('utilization', () => {
  const of = (h: ReturnType<typeof harness>, dimension: string): number | undefined =>
    h.lane.dimensions().find((each) => each.dimension === dimension)?.utilization;

  it('refers to the limit if the provider enforces a second of it, which is full at every answer', async () => {
    const h = harness({ pacing: { ...PACING, headroom: 0 } });
    for (let second = 0; second < 180; second++) {
      const calls = Array.from({ length: 10 }, () => watch(h));
      await h.clock.advance(1_000);
      for (const { ticket } of calls) {
        if (!ticket) continue;
        // A tenth of a second's part is missing.
        finish(ticket, [{ ...reading('requests', 600, 599), resetMs: 100 }]);
      }
    }
    expect(of(h, 'requests')).toBeGreaterThan(0.9);
    await h.clock.advance(2 * MINUTE);
    expect(of(h, 'requests')).toBe(0);
  });

  it('counts tokens as the provider finally does, for every limit that is counted', async () => {
    const h = harness({ pacing: { ...PACING, tokensPerMinute: 10_000, requestsPerDay: 1_000, maxConcurrent: 4 } });
    const call = watch(h, { info: info({ inputBytes: 3_600, maxOutputTokens: 3_000 }) });
    await h.clock.advance(1_000);
    expect(call.ticket).toBeDefined();
    expect(of(h, 'tokens')).toBeCloseTo(0.4, 1);
    expect(of(h, 'concurrency')).toBe(0.25);
    const usage = { inputTokens: 500, outputTokens: 500, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    call.ticket!.onHead([], 200);
    call.ticket!.settle({ outcome: 'ok', usage });
    expect(of(h, 'requests_day')).toBeCloseTo(0.001);
    expect(of(h, 'tokens')).toBeCloseTo(0.1);
  });
});

describe('waiting calls', () => {
  it('are reported by priority, with the tenant that has the most', async () => {
    const h = harness({ maxConcurrent: 1 });
    const first = watch(h);
    await h.clock.advance(10);
    expect(h.lane.waiting()).toEqual({ urgent: 0, busiestTenant: undefined, busiestShare: 0 });
    for (const tenant of ['a', 'b', 'b', 'b']) watch(h, { tenant, priority: 'interactive' });
    watch(h, { tenant: 'b', priority: 'batch' });
    watch(h, { priority: 'normal' });
    watch(h, { priority: 'batch' });
    await h.clock.advance(10);
    expect(h.lane.waiting()).toEqual({ urgent: 5, busiestTenant: 'b', busiestShare: 4 / 7 });
    finish(first.ticket);
    await h.clock.advance(0);
    expect(h.lane.waiting().urgent).toBeLessThan(5);
  });
});

describe('the oldest wait', () => {
  it('is that of the earliest arrival, and 0 if none waits', async () => {
    const h = harness({ maxConcurrent: 1 });
    const first = watch(h);
    await h.clock.advance(10);
    expect(h.lane.oldestWaitMs()).toBe(0);
    watch(h);
    await h.clock.advance(4_000);
    watch(h);
    await h.clock.advance(1_000);
    expect(h.lane.oldestWaitMs()).toBe(5_000);
    expect(h.lane.cause).toBe('concurrency');
    finish(first.ticket);
    await h.clock.advance(0);
    expect(h.lane.oldestWaitMs()).toBe(1_000);
  });
});
