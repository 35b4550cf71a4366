import { describe, expect, it } from 'vitest';
import { flush, VirtualClock } from '../helpers/virtual-clock.ts';
import {
  ACTUAL,
  fail,
  finish,
  type Harness,
  harness,
  info,
  MINUTE,
  PACING,
  reading,
  watch,
  type Watched,
} from './harness.ts';

async function admit(h: Harness, over: Parameters<typeof watch>[1] = {}) {
  const call = watch(h, over);
  await flush();
  if (!call.ticket) throw new Error('It had to wait', { cause: call.error });
  return call.ticket;
}

function admittedBy(calls: readonly Watched[], at: number): number {
  return calls.filter((each) => each.at !== undefined && each.at <= at && each.ticket).length;
}

/** A lane whose bucket is known to be full, past its cold start. */
async function opened(requests: number, over: Partial<typeof PACING> = {}): Promise<Harness> {
  const h = harness({ maxConcurrent: 10_000, pacing: { ...PACING, requestsPerMinute: requests, ...over } });
  await h.clock.advance(60_000);
  return h;
}

describe('the pace', () => {
  it('starts slowly when nothing is known, and grows faster the longer the wait', async () => {
    const h = harness({ pacing: PACING, maxConcurrent: 10_000 });
    const calls = Array.from({ length: 500 }, () => watch(h));
    const start = h.clock.now();
    await flush();
    expect(admittedBy(calls, h.clock.now())).toBe(4);
    await h.clock.advance(4_000);
    const [one, two, four] = [1_000, 2_000, 4_000].map((ms) => admittedBy(calls, start + ms));
    // Twice as many each half second.
    expect(one).toBe(16);
    expect(two).toBe(63);
    expect(four).toBe(500);
    h.lane.close();
  });

  it.each([
    ['nobody', 0, [100, 100]],
    ['somebody, as it may be', 1_100, [5, 40]],
  ] as const)(
    'lets a burst that fits go at once, or little by little beside %s',
    async (_name, missing, [least, most]) => {
      const h = harness({ pacing: PACING, maxConcurrent: 10_000 });
      const calls = Array.from({ length: 100 }, () => watch(h));
      await h.clock.advance(100);
      // The first four of the lane.
      for (let call = 0; call < 4; call++)
        finish(calls[call]!.ticket, [reading('requests', 1_200, 1_199 - call - missing)]);
      await h.clock.advance(200);
      const sent = admittedBy(calls, h.clock.now());
      expect(sent).toBeGreaterThanOrEqual(least);
      expect(sent).toBeLessThanOrEqual(most);
      h.lane.close();
    },
  );

  it('sends a batch in steps, to find a smaller bucket in time, and finally spends all that is banked', async () => {
    const h = harness({ pacing: PACING, maxConcurrent: 10_000 });
    const probes = await Promise.all([admit(h), admit(h), admit(h)]);
    const calls = Array.from({ length: 600 }, () => watch(h));
    await h.clock.advance(50);
    probes.forEach((probe, index) => finish(probe, [reading('requests', 500, 499 - index)]));
    const start = h.clock.now();
    await flush();
    expect(admittedBy(calls, start)).toBeLessThanOrEqual(20);
    await h.clock.advance(24_000);
    expect(admittedBy(calls, start + 100)).toBeLessThan(100);
    expect(admittedBy(calls, start + 1_000)).toBeGreaterThan(400);
    expect(admittedBy(calls, start + 1_500)).toBeGreaterThan(490);
    expect(admittedBy(calls, start + 1_500)).toBeLessThanOrEqual(515);
    expect(admittedBy(calls, start + 12_000)).toBeLessThan(620);
    h.lane.close();
  });

  it('keeps the headroom', async () => {
    const h = await opened(60, { headroom: 0.5 });
    const calls = Array.from({ length: 200 }, () => watch(h));
    const start = h.clock.now();
    await h.clock.advance(120_000);
    // Half of the bucket, and half of the rate.
    expect(admittedBy(calls, start)).toBe(30);
    expect(admittedBy(calls, start + 120_000)).toBeGreaterThanOrEqual(89);
    expect(admittedBy(calls, start + 120_000)).toBeLessThanOrEqual(90);
    h.lane.close();
  });

  it('is even in smooth mode', async () => {
    const h = await opened(60, { mode: 'smooth', headroom: 0 });
    const calls = Array.from({ length: 20 }, () => watch(h));
    await h.clock.advance(20_000);
    const times = calls.map((each) => each.at!);
    for (let index = 1; index < times.length; index++) {
      expect(times[index]! - times[index - 1]!).toBeGreaterThan(990);
      expect(times[index]! - times[index - 1]!).toBeLessThan(1_010);
    }
  });

  it('lets an interactive call wait no longer than its own refill behind a saturating batch', async () => {
    const h = await opened(60, { headroom: 0 });
    const batch = Array.from({ length: 200 }, () => watch(h, { priority: 'batch' }));
    await h.clock.advance(10_300);
    const interactive = watch(h, { priority: 'interactive' });
    const asked = h.clock.now();
    await h.clock.advance(1_100);
    expect(interactive.at! - asked).toBeLessThanOrEqual(1_001);
    expect(admittedBy(batch, h.clock.now())).toBeLessThan(75);
    h.lane.close();
  });

  it('does not starve a large request behind a stream of small ones', async () => {
    const h = harness({
      maxConcurrent: 10_000,
      pacing: { ...PACING, tokensPerMinute: 10_000, headroom: 0 },
    });
    const small = info({ inputTokens: 100, maxOutputTokens: 0 });
    Array.from({ length: 150 }, () => watch(h, { info: small }));
    await h.clock.advance(30_000);
    const large = watch(h, { info: info({ inputTokens: 9_000, maxOutputTokens: 0 }), tenant: 'other' });
    const asked = h.clock.now();
    for (let step = 0; step < 60 && large.at === undefined; step++) {
      watch(h, { info: small });
      watch(h, { info: small });
      await h.clock.advance(1_000);
    }
    expect(large.at! - asked).toBeLessThanOrEqual(MINUTE);
    h.lane.close();
  });

  it('admits what is larger than the bucket when it is full, and lets the level go negative', async () => {
    const huge = info({ inputTokens: 1_100, maxOutputTokens: 0 });
    const lane = harness({ pacing: { ...PACING, tokensPerMinute: 1_000, headroom: 0 }, maxConcurrent: 100 });
    await lane.clock.advance(60_000);
    const first = await admit(lane, { info: huge });
    expect(first.waitedMs).toBe(0);
    const second = watch(lane, { info: huge });
    await lane.clock.advance(65_000);
    expect(second.at).toBeUndefined();
    await lane.clock.advance(2_000);
    expect(second.ticket?.cause).toBe('tokens');
  });

  it('keeps fewer in flight than the provider calls too many, and tries more again', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute: 100_000 }, maxConcurrent: 1_000 });
    await h.clock.advance(60_000);
    const running = await Promise.all(Array.from({ length: 20 }, () => admit(h)));
    fail(running.pop(), { outcome: 'throttled', dimension: 'concurrency', hintMs: 100 });
    expect(h.lane.dimensions().find((each) => each.dimension === 'concurrency')).toMatchObject({
      limit: 19,
      source: 'learned',
    });
    const waiting = watch(h);
    await h.clock.advance(500);
    expect(waiting.at).toBeUndefined();
    finish(running.pop());
    await flush();
    expect(waiting.ticket?.cause).toBe('concurrency');
    for (const ticket of running) finish(ticket);
    for (let second = 0; second < 15; second++) {
      await h.clock.advance(1_000);
      finish(await admit(h));
    }
    expect(h.lane.dimensions().some((each) => each.dimension === 'concurrency')).toBe(false);
  });

  it('shrinks when usage grows too fast for the provider', async () => {
    const h = harness({ pacing: { ...PACING, inputTokensPerMinute: 1_000_000 }, maxConcurrent: 1_000 });
    await h.clock.advance(60_000);
    const asked = info({ inputTokens: 1_000, maxOutputTokens: 0 });
    const failure = {
      outcome: 'throttled',
      dimension: 'acceleration',
      shrinkRate: true,
      limit: 60_000,
      hintMs: 500,
    } as const;
    fail(await admit(h, { info: asked }), failure);
    const calls = Array.from({ length: 100 }, () => watch(h, { info: asked }));
    const start = h.clock.now();
    await h.clock.advance(20_000);
    // A thousand a second, growing by 5 % a minute.
    expect(admittedBy(calls, start + 20_000)).toBeGreaterThanOrEqual(19);
    expect(admittedBy(calls, start + 20_000)).toBeLessThanOrEqual(25);
    expect(calls.find((each) => each.ticket)!.ticket!.cause).toBe('acceleration');
    expect(h.lane.dimensions().find((each) => each.dimension === 'acceleration')?.source).toBe('learned');
    h.lane.close();
  });

  it('returns to the earlier rate when a provider that told everybody to slow down recovers', async () => {
    const h = harness({ pacing: { ...PACING, inputTokensPerMinute: 1_000_000 }, maxConcurrent: 1_000 });
    const asked = info({ inputTokens: 100, maxOutputTokens: 0 });
    for (let second = 0; second < 60; second++) {
      finish(await admit(h, { info: asked }));
      finish(await admit(h, { info: asked }));
      await h.clock.advance(1_000);
    }
    const failure = { outcome: 'throttled', dimension: 'acceleration', shrinkRate: true } as const;
    for (let refusal = 0; refusal < 30; refusal++) {
      const refused = watch(h, { info: asked });
      await h.clock.advance(10_000);
      fail(refused.ticket, failure);
    }
    // Nothing succeeded at any rate: one call in two seconds tests whether that has changed.
    const probe = watch(h, { info: asked });
    await h.clock.advance(10_000);
    finish(probe.ticket);
    const calls = Array.from({ length: 100 }, () => watch(h, { info: asked }));
    const start = h.clock.now();
    await h.clock.advance(10_000);
    expect(admittedBy(calls, start + 10_000)).toBeGreaterThanOrEqual(20);
    expect(admittedBy(calls, start + 10_000)).toBeLessThanOrEqual(40);
    h.lane.close();
  });

  it('is not changed by a wall clock that jumps an hour either way', async () => {
    const times = async (jumps: boolean): Promise<(number | undefined)[]> => {
      const clock = new VirtualClock();
      const h = harness({ clock, pacing: { ...PACING, requestsPerMinute: 60 }, maxConcurrent: 100, charge: ACTUAL });
      const calls = Array.from({ length: 40 }, () => watch(h));
      for (let step = 0; step < 30; step++) {
        if (jumps) clock.jumpWall(step % 2 === 0 ? 3_600_000 : -7_200_000);
        await clock.advance(1_000);
      }
      h.lane.close();
      return calls.map((each) => (each.ticket ? each.at : undefined));
    };
    expect(await times(true)).toEqual(await times(false));
  });
});
