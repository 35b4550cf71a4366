import { describe, expect, it } from 'vitest';
import type { LimitReading } from '../../src/core/outcome.ts';
import { flush } from '../helpers/virtual-clock.ts';
import { DAY, fail, finish, type Harness, harness, info, PACING, reading, watch, type Watched } from './harness.ts';

async function call(h: Harness, inputTokens = 20): Promise<Watched> {
  const watched = watch(h, { info: info({ inputTokens, maxOutputTokens: 0 }) });
  await flush();
  return watched;
}

/** Calls four times a second for so long; each that goes is answered at once. Returns how many did not go. */
async function traffic(h: Harness, seconds: number, answer: (ticket: Watched['ticket']) => void): Promise<number> {
  let refused = 0;
  for (let count = 0; count < 4 * seconds; count++) {
    const each = await call(h);
    if (each.ticket) answer(each.ticket);
    else refused++;
    await h.clock.advance(250);
  }
  return refused;
}

const NOTHING_LEFT: readonly LimitReading[] = [{ ...reading('requests_day', 500, 0, DAY), resetMs: 3_600_000 }];

describe('a call that is refused because of what is believed of a limit', () => {
  it('goes now and then, until a provider that serves at an empty day is believed', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    expect((await call(h)).error).toMatchObject({ reason: 'day_limit' });
    const refused = await traffic(h, 10, (ticket) => finish(ticket, NOTHING_LEFT));
    expect(refused).toBeLessThanOrEqual(20);
    expect(await traffic(h, 20, (ticket) => finish(ticket, NOTHING_LEFT))).toBe(0);
  });

  it('goes half as often each time that the provider refuses it too', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    let sent = 0;
    await traffic(h, 300, (ticket) => {
      sent++;
      fail(ticket, { outcome: 'throttled', dimension: 'requests_day', limit: 500, resetMs: 3_600_000 });
    });
    expect(sent).toBeGreaterThanOrEqual(5);
    expect(sent).toBeLessThanOrEqual(10);
  });

  it('goes although a refusal said that it is too large', async () => {
    const h = harness({ pacing: PACING });
    const first = await call(h);
    fail(first.ticket, { outcome: 'too_large', dimension: 'tokens', limit: 1, requested: 20 });
    expect((await call(h)).error).toMatchObject({ reason: 'too_large' });
    await traffic(h, 10, (ticket) => finish(ticket));
    expect(await traffic(h, 20, (ticket) => finish(ticket))).toBe(0);
  });

  it('does not go where the application has set the limit', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerDay: 1 } });
    finish((await call(h)).ticket);
    expect(await traffic(h, 200, (ticket) => finish(ticket))).toBe(800);
  });

  it('does not keep others from being tried when it is never sent', async () => {
    const h = harness({ pacing: PACING });
    finish((await call(h)).ticket, NOTHING_LEFT);
    expect((await call(h)).error).toBeDefined();
    await h.clock.advance(2_000);
    const unsent = await call(h);
    unsent.ticket!.release();
    await h.clock.advance(2_000);
    expect((await call(h)).ticket).toBeDefined();
  });
});
