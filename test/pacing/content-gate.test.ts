import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { AdmissionRefused, AdmissionRequest } from '../../src/core/admission.ts';
import type { Failure } from '../../src/core/outcome.ts';
import { ContentGate } from '../../src/pacing/content/content-gate.ts';
import { flush } from '../helpers/virtual-clock.ts';
import { type Harness, harness, info, MINUTE, request, watch, type Watched } from './harness.ts';

function gated(maxLimitWaitMs = 120_000, maxQueued = 100): Harness {
  const inner = harness();
  const { clock, pauses, limits } = inner;
  const lane = new ContentGate(inner.lane, {
    clock,
    random: () => 0,
    maxQueued,
    maxLimitWaitMs,
    listener: {
      onPause: (forMs, dimension) => pauses.push({ forMs, dimension }),
      onLimit: (dimension, limit, _previous, source) => limits.push({ dimension, limit, source }),
      onBelief: () => undefined,
    },
  });
  return { ...inner, lane };
}

const images = (count = 1): { info: ReturnType<typeof info> } => ({ info: info({ content: { images: count } }) });

const refusal = (over: Partial<Failure> = {}): Failure => ({
  outcome: 'throttled',
  dimension: 'images',
  retryable: true,
  advice: '',
  ...over,
});

async function sent(h: Harness, over = images()): Promise<Watched> {
  const watched = watch(h, over);
  await flush();
  return watched;
}

function settle({ ticket }: Watched, failure?: Failure): void {
  ticket!.onHead([], failure ? 429 : 200);
  ticket!.settle(failure ? { outcome: failure.outcome, failure } : { outcome: 'ok' });
  ticket!.release();
}

describe('a limit on some content', () => {
  it('holds only the calls that have it', async () => {
    const h = gated();
    settle(await sent(h), refusal({ hintMs: 3_000 }));
    const image = await sent(h);
    const text = await sent(h, { info: info() });
    const mixed = await sent(h, { info: info({ content: { inputImages: 1 } }) });
    expect([image.ticket, text.ticket, mixed.ticket].map(Boolean)).toEqual([false, true, true]);
    expect(h.lane.pausedForMs()).toBe(0);
    expect(h.lane.queued).toBe(1);
    await h.clock.advance(3_001);
    expect(image.ticket).toMatchObject({ cause: 'images', waitedMs: 3_000 });
    expect(h.lane.queued).toBe(0);
  });

  it('paces by the numbers that it states, and shows them', async () => {
    const h = gated();
    settle(await sent(h), refusal({ limit: 5, remaining: 0, windowMs: MINUTE }));
    expect(h.limits).toEqual([{ dimension: 'images', limit: 5, source: 'body' }]);
    expect(h.lane.dimensions()).toMatchObject([{ dimension: 'images', limit: 5, remaining: 0, windowMs: MINUTE }]);
    const since = h.clock.now();
    const queue = Array.from({ length: 6 }, () => watch(h, images()));
    await h.clock.advance(2 * MINUTE);
    expect(queue.map(({ at }) => Math.round((at! - since) / 1_000))).toEqual([12, 24, 36, 48, 60, 72]);
  });

  it('counts what a call has of it', async () => {
    const h = gated();
    settle(await sent(h), refusal({ limit: 6, remaining: 0, windowMs: MINUTE }));
    const three = watch(h, images(3));
    const one = watch(h, images());
    const since = h.clock.now();
    await h.clock.advance(MINUTE);
    expect([three, one].map(({ at }) => Math.round((at! - since) / 1_000))).toEqual([30, 40]);
  });

  it('without numbers tries one call, and releases all once that succeeds', async () => {
    const h = gated();
    settle(await sent(h), refusal());
    const waiting = Array.from({ length: 4 }, () => watch(h, images()));
    await h.clock.advance(1_001);
    expect(waiting.map(({ ticket }) => Boolean(ticket))).toEqual([true, false, false, false]);
    settle(waiting[0]!);
    await flush();
    expect(waiting.every(({ ticket }) => ticket)).toBe(true);
  });

  it('waits longer after each refusal without a number', async () => {
    const h = gated();
    const at: number[] = [];
    for (let round = 0; round < 4; round++) {
      const call = watch(h, images());
      await h.clock.advance(20_000);
      at.push(Math.round(h.clock.now() - 20_000));
      settle(call, refusal());
      at[round] = call.ticket!.waitedMs;
    }
    expect(at).toEqual([0, 1_000, 2_000, 4_000]);
  });

  it('of 0 refuses at once what it never admits, except one call a minute', async () => {
    const h = gated();
    settle(await sent(h), refusal({ outcome: 'too_large', retryable: false, limit: 0 }));
    const refused = await sent(h);
    expect(refused.error).toMatchObject({ reason: 'too_large', dimension: 'images', limit: 0 });
    expect((await sent(h, { info: info() })).ticket).toBeDefined();
    await h.clock.advance(60_001);
    const probe = await sent(h);
    expect(probe.ticket).toBeDefined();
    expect((await sent(h)).error).toMatchObject({ reason: 'too_large' });
    settle(probe);
    expect((await sent(h)).ticket).toBeDefined();
  });

  it('is learned from headers', async () => {
    const h = gated();
    const audio = { info: info({ content: { audioSeconds: 0 } }) };
    const first = await sent(h, audio);
    const reading = {
      dimension: 'audio_seconds',
      limit: 7_200,
      remaining: 0,
      windowMs: 3_600_000,
      source: 'header',
    } as const;
    first.ticket!.onHead([reading], 200);
    first.ticket!.settle({ outcome: 'ok' });
    expect(h.lane.dimensions()).toMatchObject([{ dimension: 'audio_seconds', limit: 7_200, source: 'header' }]);
    const second = await sent(h, audio);
    expect(second.ticket).toBeUndefined();
    await h.clock.advance(1_000);
    expect(second.ticket).toBeDefined();
  });

  it('refuses calls that cannot wait that long, because of a deadline or the maximum wait', async () => {
    const h = gated(10_000);
    settle(await sent(h), refusal({ hintMs: 8_000 }));
    const late = await sent(h, { ...images(), deadlineAt: h.clock.now() + 5_000 } as never);
    expect(late.error as AdmissionRefused).toMatchObject({ reason: 'deadline', dimension: 'images' });
    settle(
      await sent(h, { info: info({ content: { audioSeconds: 0 } }) }),
      refusal({ dimension: 'audio_seconds_day', hintMs: 90_000 }),
    );
    const day = await sent(h, { info: info({ content: { audioSeconds: 0 } }) });
    expect(day.error as AdmissionRefused).toMatchObject({ reason: 'day_limit', dimension: 'audio_seconds_day' });
  });

  it('releases an aborted call and those of a closed guard', async () => {
    const h = gated();
    settle(await sent(h), refusal({ hintMs: 8_000 }));
    const controller = new AbortController();
    const owner = {};
    const aborted = await sent(h, { ...images(), signal: controller.signal } as never);
    const owned = await sent(h, { ...images(), owner } as never);
    const closed = await sent(h);
    controller.abort(new Error('enough'));
    await flush();
    expect(aborted.error).toMatchObject({ message: 'enough' });
    h.lane.closeFor(owner);
    await flush();
    expect(owned.error).toMatchObject({ reason: 'closed' });
    h.lane.close();
    await flush();
    expect(closed.error).toMatchObject({ reason: 'closed' });
    expect(h.clock.pending()).toBe(0);
  });

  it('gives back what was never sent', async () => {
    const h = gated();
    settle(await sent(h), refusal({ limit: 60, remaining: 1, windowMs: MINUTE }));
    const first = await sent(h);
    first.ticket!.release();
    await flush();
    expect((await sent(h)).ticket).toBeDefined();
  });
});

describe('ten thousand calls that wait for a limit on their content', () => {
  it('are examined once each on arrival, share one listener, and leave in batches', async () => {
    const h = gated(120_000, 20_000);
    settle(await sent(h), refusal({ hintMs: 60_000 }));
    const controller = new AbortController();
    let looks = 0;
    const calls: AdmissionRequest[] = Array.from({ length: 10_000 }, () => {
      const call = request({ ...images(), signal: controller.signal });
      return Object.defineProperty({ ...call }, 'deadlineAt', {
        get: () => {
          looks++;
          return call.deadlineAt;
        },
      });
    });
    const reasons: unknown[] = [];
    const waits = calls.map(async (call) => {
      await Promise.resolve(h.lane.acquire(call)).catch((reason: unknown) => void reasons.push(reason));
    });
    expect(looks).toBeLessThan(50_000);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort('stop');
    await flush();
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.length).toBeLessThan(1_000);
    // Nor does examining all of them take the rest at once.
    settle(await sent(h, { info: info({ content: { inputImages: 1 } }) }));
    expect(reasons.length).toBeLessThan(5_000);
    await Promise.all(waits);
    expect(new Set(reasons)).toEqual(new Set(['stop']));
    expect([reasons.length, h.lane.queued, h.clock.pending()]).toEqual([10_000, 0, 0]);
  });
});
