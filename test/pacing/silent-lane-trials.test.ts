import { describe, expect, it } from 'vitest';
import { flush } from '../helpers/virtual-clock.ts';
import { fail, finish, type Harness, harness, PACING, watch, type Watched } from './harness.ts';

const REFUSAL = { outcome: 'throttled', dimension: 'unknown' } as const;

/** Believes that one call a minute is allowed. */
async function slowLane(): Promise<Harness> {
  const h = harness({ pacing: { ...PACING, requestsPerMinute: 1 } });
  await h.clock.advance(60_000);
  const first = watch(h);
  await flush();
  finish(first.ticket);
  return h;
}

/** A caller that waits for ten seconds. */
async function hasty(h: Harness): Promise<Watched> {
  const call = watch(h, { deadlineAt: h.clock.now() + 10_000 });
  await flush();
  return call;
}

describe('a call that a believed limit would delay beyond its deadline', () => {
  it('is refused while answers are recent, and sent after two seconds of silence', async () => {
    const h = await slowLane();
    expect((await hasty(h)).error).toMatchObject({ reason: 'deadline' });
    await h.clock.advance(2_000);
    const tried = await hasty(h);
    expect(tried.ticket).toBeDefined();
    // One at a time.
    expect((await hasty(h)).error).toMatchObject({ reason: 'deadline' });
    finish(tried.ticket);
    await h.clock.advance(2_000);
    expect((await hasty(h)).ticket).toBeDefined();
  });

  it('is sent half as often after each refusal', async () => {
    const h = await slowLane();
    for (const silenceMs of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      await h.clock.advance(silenceMs - 1);
      expect((await hasty(h)).error).toMatchObject({ reason: 'deadline' });
      await h.clock.advance(1);
      fail((await hasty(h)).ticket, REFUSAL);
    }
  });

  it('waits its time without a deadline', async () => {
    const h = await slowLane();
    const patient = watch(h);
    await h.clock.advance(50_000);
    expect(patient.ticket).toBeUndefined();
    await h.clock.advance(20_000);
    expect(patient.ticket).toBeDefined();
  });

  it('is not sent during a wait that the provider requested', async () => {
    const h = harness();
    const first = watch(h);
    await flush();
    fail(first.ticket, { ...REFUSAL, hintMs: 60_000 });
    await h.clock.advance(5_000);
    expect((await hasty(h)).error).toMatchObject({ reason: 'deadline' });
  });
});
