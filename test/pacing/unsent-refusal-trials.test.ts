import { describe, expect, it, vi } from 'vitest';
import type { LimitReading } from '../../src/core/outcome.ts';
import { flush } from '../helpers/virtual-clock.ts';
import { DAY, fail, finish, type Harness, harness, info, PACING, reading, watch, type Watched } from './harness.ts';

async function call(h: Harness, inputTokens = 20): Promise<Watched> {
  const watched = watch(h, { info: info({ inputTokens, maxOutputTokens: 0 }) });
  await flush();
  return watched;
}

/** Calls four times a second for this long, each answered at once when sent. Returns how many were refused unsent. */
async function traffic(h: Harness, seconds: number, answer: (ticket: Watched['ticket']) => void): Promise<number> {
  let refused = 0;
  for (let count = 0; count < 4 * seconds; count++) {
    const each = await call(h);
    if (each.ticket) answer(each.ticket);
    else if (each.error) refused++;
    await h.clock.advance(250);
  }
  return refused;
}

const NOTHING_LEFT: readonly LimitReading[] = [{ ...reading('requests_day', 500, 0, DAY), resetMs: 3_600_000 }];

const DAY_IS_SPENT = { outcome: 'throttled', dimension: 'requests_day', limit: 500, resetMs: 3_600_000 } as const;

describe('a call that a believed limit would refuse unsent', () => {
  it('is sent on trial while the others wait: if refused, they are refused unsent', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    const trial = await call(h);
    const waiting = [await call(h), await call(h)];
    expect(waiting.some(({ ticket, error }) => ticket ?? error)).toBe(false);
    fail(trial.ticket, DAY_IS_SPENT);
    await flush();
    for (const { error } of [...waiting, await call(h)]) expect(error).toMatchObject({ reason: 'day_limit' });
  });

  it('is sent on trial while the others wait: if it succeeds, they follow ever faster', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    const calls = await Promise.all(Array.from({ length: 200 }, () => call(h)));
    const answered = new Set<Watched>();
    for (let ms = 0; ms < 6_000; ms += 10) {
      await h.clock.advance(10);
      for (const each of calls) {
        if (!each.ticket || answered.has(each)) continue;
        answered.add(each);
        finish(each.ticket, NOTHING_LEFT);
      }
    }
    expect(answered.size).toBe(200);
  });

  it('waits silently while the lane is paused', async () => {
    const h = harness({ pacing: PACING });
    const [first, second] = [await call(h), await call(h)];
    finish(first.ticket, NOTHING_LEFT);
    fail(second.ticket, { outcome: 'throttled', dimension: 'unknown', hintMs: 60_000 });
    const timers = vi.spyOn(h.clock, 'after');
    const waiting = await call(h);
    await h.clock.advance(59_000);
    expect([waiting.ticket, waiting.error]).toEqual([undefined, undefined]);
    expect(timers.mock.calls.length).toBeLessThan(10);
    await h.clock.advance(10_000);
    expect(waiting.ticket).toBeDefined();
  });

  it('is not refused unsent for a refusal by another limit', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    const trial = await call(h);
    const waiting = await call(h);
    fail(trial.ticket, { outcome: 'throttled', dimension: 'requests', limit: 60, hintMs: 1_000 });
    await h.clock.advance(5_000);
    expect(waiting.error).toBeUndefined();
    expect(waiting.ticket).toBeDefined();
  });

  it('waits no longer than a refusal takes for the answer to the trial', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    expect((await call(h)).ticket).toBeDefined();
    const calls = await Promise.all(Array.from({ length: 20 }, () => call(h)));
    await h.clock.advance(6_000);
    expect(calls.every(({ ticket }) => ticket)).toBe(true);
  });

  it('is sent now and then, until a provider that answers on an empty daily limit is believed', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    fail((await call(h)).ticket, DAY_IS_SPENT);
    expect((await call(h)).error).toMatchObject({ reason: 'day_limit' });
    const refused = await traffic(h, 10, (ticket) => finish(ticket, NOTHING_LEFT));
    expect(refused).toBeLessThanOrEqual(20);
    expect(await traffic(h, 20, (ticket) => finish(ticket, NOTHING_LEFT))).toBe(0);
  });

  it('is not sent again and again if one is too large and another is over a daily limit', async () => {
    const h = harness({ pacing: PACING });
    const tooLarge = { outcome: 'too_large', dimension: 'tokens', limit: 1_000, requested: 5_000 } as const;
    finish((await call(h)).ticket, NOTHING_LEFT);
    let sent = 0;
    for (let count = 0; count < 240; count++) {
      const isLarge = count % 2 === 0;
      const { ticket } = await call(h, isLarge ? 5_000 : 20);
      if (ticket) {
        sent++;
        fail(ticket, isLarge ? tooLarge : DAY_IS_SPENT);
      }
      await h.clock.advance(250);
    }
    expect(sent).toBeLessThanOrEqual(8);
  });

  it('is sent half as often each time the provider refuses it too', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    let sent = 0;
    await traffic(h, 300, (ticket) => {
      sent++;
      fail(ticket, DAY_IS_SPENT);
    });
    expect(sent).toBeGreaterThanOrEqual(5);
    expect(sent).toBeLessThanOrEqual(10);
  });

  it('is sent although a refusal said that it is too large', async () => {
    const h = harness({ pacing: PACING });
    const first = await call(h);
    fail(first.ticket, { outcome: 'too_large', dimension: 'tokens', limit: 1, requested: 20 });
    fail((await call(h)).ticket, { outcome: 'too_large', dimension: 'tokens', limit: 1, requested: 20 });
    expect((await call(h)).error).toMatchObject({ reason: 'too_large' });
    await traffic(h, 10, (ticket) => finish(ticket));
    expect(await traffic(h, 20, (ticket) => finish(ticket))).toBe(0);
  });

  it('is not sent if the application has set the limit', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerDay: 1 } });
    finish((await call(h)).ticket);
    expect(await traffic(h, 200, (ticket) => finish(ticket))).toBe(800);
  });

  it('does not keep others from being tried when it is never sent', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    const unsent = await call(h);
    const waiting = await call(h);
    unsent.ticket!.release();
    await h.clock.advance(2_000);
    expect(waiting.ticket).toBeDefined();
  });
});
