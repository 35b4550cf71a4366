import { describe, expect, it } from 'vitest';
import { AdmissionRefused } from '../../src/core/admission.ts';
import type { DimensionSnapshot } from '../../src/core/snapshot.ts';
import type { Dimension } from '../../src/core/outcome.ts';
import { flush } from '../helpers/virtual-clock.ts';
import { DAY, fail, finish, type Harness, harness, info, MINUTE, PACING, reading, watch } from './harness.ts';

const CHAT = info({ inputBytes: 3_600, maxOutputTokens: 200 });
const USAGE = { inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };

function row(h: Harness, dimension: Dimension): DimensionSnapshot {
  const found = h.lane.dimensions().find((each) => each.dimension === dimension);
  if (!found) throw new Error(`No ${dimension}`);
  return found;
}

async function admit(h: Harness, over: Parameters<typeof watch>[1] = {}) {
  const call = watch(h, over);
  await flush();
  if (!call.ticket) throw new Error('It had to wait', { cause: call.error });
  return call.ticket;
}

describe('a lone caller that is told when to come back', () => {
  it('waits that long and no longer, however often it is refused', async () => {
    const h = harness({ pacing: PACING });
    const refusal = { outcome: 'throttled', dimension: 'unknown' } as const;
    // First a refusal without a hint, since some endpoints mix them.
    fail(await admit(h), refusal);
    await h.clock.advance(1_100);
    for (let call = 0; call < 20; call++) {
      fail(await admit(h), { ...refusal, hintMs: 100 });
      await h.clock.advance(106);
      finish(await admit(h));
    }
    expect(h.lane.dimensions()).toEqual([]);
  });
});

describe('calls that wait for a limit', () => {
  /** Calls admitted in two minutes, each answered at once by `tell`. */
  async function goesOf(h: Harness, tell: () => Parameters<typeof finish>[1]): Promise<number> {
    const until = h.clock.now() + 2 * MINUTE;
    for (let gone = 0; ; gone++) {
      const call = watch(h);
      for (await flush(); !call.ticket; await h.clock.advance(250)) {
        if (h.clock.now() > until) return gone;
      }
      finish(call.ticket, tell());
    }
  }

  it('try each second whether it refills faster than stated, if answers reveal nothing any more', async () => {
    const h = harness({ pacing: PACING });
    // As of a bucket of four that is full again in a second, stated by the first answer only.
    finish(await admit(h), [reading('requests', 4, 0)]);
    expect(await goesOf(h, () => [])).toBeGreaterThan(500);
    expect(row(h, 'requests').beliefs).toContain('shorter_window');
  });

  it('do not while a window with a known next start has given all that it holds', async () => {
    const h = harness({ pacing: PACING });
    const endsInMs = (): number => MINUTE - 0.5 - (h.clock.now() % MINUTE);
    let left = 200;
    const told = () => [{ ...reading('requests', 200, --left), resetMs: endsInMs() }];
    for (let call = 0; call < 10; call++) {
      finish(await admit(h), told());
      await h.clock.advance(1_000);
    }
    expect(row(h, 'requests').beliefs).toContain('fixed_window');
    let waits = watch(h);
    for (await flush(); waits.ticket; await flush()) {
      finish(waits.ticket);
      waits = watch(h);
    }
    // One is tried, in case it is a bucket after all.
    await h.clock.advance(6_000);
    fail(waits.ticket, { outcome: 'throttled', dimension: 'requests', limit: 200, remaining: 0, resetMs: endsInMs() });
    waits = watch(h);
    await h.clock.advance(endsInMs() - 1_000);
    expect(waits.ticket).toBeUndefined();
    expect(row(h, 'requests').beliefs).not.toContain('shorter_window');
    h.lane.close();
  });
});

describe('a bucket that was taken for a fixed window', () => {
  it('is revealed by a trial call long before the window would end', async () => {
    const h = harness({ pacing: PACING });
    const told = (remaining: number) => [{ ...reading('requests', 60, remaining), resetMs: 55_000.5 - h.clock.now() }];
    // Resets that happen to run down with the clock.
    for (let remaining = 50; remaining > 20; remaining -= 3) {
      finish(await admit(h), told(remaining));
      await h.clock.advance(1_000);
    }
    expect(row(h, 'requests').beliefs).toContain('fixed_window');
    const calls = Array.from({ length: 60 }, () => watch(h));
    await flush();
    const atOnce = calls.filter(({ ticket }) => ticket).length;
    for (const { ticket } of calls.slice(0, atOnce)) finish(ticket, told(0));
    await h.clock.advance(6_000);
    expect(calls.filter(({ ticket }) => ticket)).toHaveLength(atOnce + 1);
    finish(calls[atOnce]!.ticket, told(6));
    await h.clock.advance(1_000);
    expect(calls.filter(({ ticket }) => ticket).length).toBeGreaterThan(atOnce + 1);
    h.lane.close();
  });
});

describe('learning of limits', () => {
  it.each([
    ['too high', 1_000],
    ['too low', 250],
  ])('works from one response, when the configuration is %s', async (_name, requestsPerMinute) => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute } });
    expect(row(h, 'requests')).toMatchObject({ limit: requestsPerMinute, source: 'config', observedAgeMs: undefined });
    const ticket = await admit(h);
    ticket.onHead([reading('requests', 500, 499)], 200);
    expect(row(h, 'requests')).toMatchObject({ limit: 500, source: 'header', observedAgeMs: 0 });
    expect(row(h, 'requests').remaining).toBeCloseTo(499);
    expect(h.limits).toEqual([{ dimension: 'requests', limit: 500, source: 'header' }]);
    ticket.settle({ outcome: 'ok' });
    ticket.release();
  });

  it('keeps a per-minute limit that a refusal has named although its reset takes more than a minute', async () => {
    const h = harness({ pacing: PACING });
    const [asks, refused, late] = await Promise.all([admit(h), admit(h), admit(h)]);
    finish(asks, [reading('requests', 93, 0)]);
    fail(refused, { outcome: 'throttled', dimension: 'requests', limit: 93, windowMs: MINUTE, hintMs: 1_000 });
    expect(row(h, 'requests')).toMatchObject({ limit: 93, source: 'body' });
    // With counting at the end, many concurrent answers take far more than there is, all of which is refilled in a
    // quarter of an hour.
    finish(late, [reading('requests_day', 93, 0, DAY)]);
    expect(h.lane.dimensions().map(({ dimension }) => dimension)).toEqual(['requests']);
  });

  it('covers every dimension, from headers', async () => {
    const h = harness({ pacing: PACING });
    const ticket = await admit(h, { info: CHAT });
    ticket.onHead(
      [
        reading('requests', 50, 49),
        reading('input_tokens', 30_000, 29_000),
        reading('output_tokens', 8_000, 8_000),
        reading('requests_day', 1_000, 998, DAY),
        reading('tokens_day', 200_000, 100_000, DAY),
      ],
      200,
    );
    expect(h.lane.dimensions().map(({ dimension, limit, windowMs }) => [dimension, limit, windowMs])).toEqual([
      ['requests', 50, MINUTE],
      ['input_tokens', 30_000, MINUTE],
      ['output_tokens', 8_000, MINUTE],
      ['requests_day', 1_000, DAY],
      ['tokens_day', 200_000, DAY],
    ]);
    expect(row(h, 'requests_day').ratePerSecond).toBeUndefined();
    expect(row(h, 'requests').ratePerSecond).toBeCloseTo((0.98 * 50) / 60);
  });

  it('reads the text of a refusal if no header says it', async () => {
    const h = harness({ pacing: PACING });
    fail(await admit(h), {
      outcome: 'throttled',
      dimension: 'requests',
      limit: 30,
      remaining: 0,
      requested: 1,
      windowMs: MINUTE,
      hintMs: 2_000,
    });
    expect(h.limits).toEqual([{ dimension: 'requests', limit: 30, source: 'body' }]);
    expect(row(h, 'requests').remaining).toBe(0);
    expect(h.pauses).toEqual([{ forMs: 2_100, dimension: 'requests' }]);
    // 30 a minute are one in two seconds, minus the headroom.
    const waiting = [watch(h), watch(h), watch(h)];
    const start = h.clock.now();
    await h.clock.advance(10_000);
    const times = waiting.map((each) => each.at! - start);
    expect(times[0]).toBeGreaterThanOrEqual(2_100);
    expect(times[1]! - times[0]!).toBeGreaterThan(1_800);
    expect(times[2]! - times[1]!).toBeGreaterThan(1_900);
    expect(times[2]!).toBeLessThan(7_000);
  });

  it.each([
    ['tokens_day', 100_000, DAY],
    ['input_tokens', 7_000, MINUTE],
    ['output_tokens', 1_000, MINUTE],
  ] as const)('%s from the text of a refusal', async (dimension, limit, windowMs) => {
    const h = harness({ pacing: PACING });
    fail(await admit(h, { info: CHAT }), {
      outcome: 'throttled',
      dimension,
      limit,
      remaining: 10,
      requested: 500,
      windowMs,
      hintMs: 1_000,
    });
    expect(row(h, dimension)).toMatchObject({ limit, source: 'body', windowMs });
  });

  it('owes nothing of the old limit after a cut: the level is what the answer states', async () => {
    const h = harness({ pacing: PACING });
    const calls = Array.from({ length: 4 }, () => watch(h));
    await h.clock.advance(100);
    finish(calls[0]!.ticket, [reading('requests', 3_000, 3)]);
    finish(calls[1]!.ticket, [reading('requests', 1_200, 1)]);
    const next = Array.from({ length: 10 }, () => watch(h));
    await h.clock.advance(1_000);
    expect(next.every(({ ticket }) => ticket)).toBe(true);
  });

  it('follows the newest answer when a limit changes', async () => {
    const h = harness({ pacing: PACING });
    const early = await admit(h);
    const late = await admit(h);
    late.onHead([reading('requests', 200, 198)], 200);
    early.onHead([reading('requests', 500, 499)], 200);
    expect(row(h, 'requests').limit).toBe(200);
    await h.clock.advance(1_000);
    finish(await admit(h), [reading('requests', 1_000, 990)]);
    expect(row(h, 'requests').limit).toBe(1_000);
    expect(h.limits.map(({ limit }) => limit)).toEqual([200, 1_000]);
  });

  it('allows for the error of a refusal that shows much is left', async () => {
    const h = harness({ pacing: PACING });
    const refused = await admit(h);
    const queue = Array.from({ length: 20 }, () => watch(h));
    await flush();
    const before = queue.filter((each) => each.ticket).length;
    refused.onHead([reading('requests', 600, 590)], 429);
    await flush();
    expect(queue.filter((each) => each.ticket).length).toBe(before);
    fail(refused, { outcome: 'throttled', dimension: 'requests', limit: 600, remaining: 590, hintMs: 1_200 });
    await flush();
    expect(queue.filter((each) => each.ticket).length).toBe(before);
    expect(h.lane.pausedForMs()).toBeGreaterThan(1_199);
    h.lane.close();
  });

  it('finds a shorter window when a refusal shows that enough was left of the whole', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute: 600 } });
    finish(await admit(h), [reading('requests', 600, 599)]);
    await h.clock.advance(120_000);
    finish(await admit(h), [reading('requests', 600, 599)]);
    await h.clock.advance(10_000);
    const tickets = await Promise.all(Array.from({ length: 11 }, () => admit(h)));
    for (const [index, ticket] of tickets.entries()) {
      if (index < 10) {
        finish(ticket, [reading('requests', 600, 599 - index)]);
        continue;
      }
      // The eleventh within a second: ten a second are enforced.
      ticket.onHead([reading('requests', 600, 590)], 429);
      fail(ticket, { outcome: 'throttled', dimension: 'requests', limit: 600, remaining: 590, hintMs: 100 });
    }
    await h.clock.advance(10_000);
    const burst = Array.from({ length: 30 }, () => watch(h));
    await flush();
    expect(burst.filter((each) => each.ticket).length).toBeGreaterThanOrEqual(8);
    expect(burst.filter((each) => each.ticket).length).toBeLessThanOrEqual(10);
  });
});

describe('reservations', () => {
  it('take from all limits or from none', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute: 100, tokensPerMinute: 1_200 } });
    await admit(h, { info: CHAT });
    const before = row(h, 'requests').remaining!;
    const waiting = watch(h, { info: CHAT });
    await flush();
    expect(waiting.at).toBeUndefined();
    expect(row(h, 'requests').remaining).toBeCloseTo(before);
    expect(row(h, 'tokens').remaining).toBeCloseTo(0);
    h.lane.close();
  });

  it('return what was not used, once the usage is known', async () => {
    const h = harness({ pacing: { ...PACING, tokensPerMinute: 100_000 } });
    const ticket = await admit(h, { info: CHAT });
    expect(row(h, 'tokens').remaining).toBeCloseTo(98_800);
    ticket.settle({ outcome: 'ok', usage: USAGE });
    expect(row(h, 'tokens').remaining).toBeCloseTo(98_900);
    ticket.settle({ outcome: 'ok', usage: { ...USAGE, inputTokens: 1 } });
    ticket.release();
    expect(row(h, 'tokens').remaining).toBeCloseTo(98_900);
  });

  it('are returned by a call that was never sent, and taken again if it was sent after all', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute: 100, tokensPerMinute: 100_000 } });
    const ticket = await admit(h, { info: CHAT });
    ticket.release();
    expect(row(h, 'requests').remaining).toBeCloseTo(100);
    expect(row(h, 'tokens').remaining).toBeCloseTo(100_000);
    ticket.settle({ outcome: 'ok', usage: USAGE });
    expect(row(h, 'requests').remaining).toBeCloseTo(99);
    expect(row(h, 'tokens').remaining).toBeCloseTo(98_900);
  });

  it.each([
    ['throttled', 100_000],
    ['bad_request', 100_000],
    ['server_error', 99_000],
    ['overloaded', 99_000],
    ['timeout', 98_800],
    ['cancelled', 98_800],
  ] as const)('of a call that ended %s leave %i tokens', async (outcome, remaining) => {
    const h = harness({ pacing: { ...PACING, tokensPerMinute: 100_000, requestsPerMinute: 100 } });
    fail(await admit(h, { info: CHAT }), { outcome });
    expect(row(h, 'tokens').remaining).toBeCloseTo(remaining);
    expect(row(h, 'requests').remaining).toBeCloseTo(99);
  });

  it('improve with the real usage of calls', async () => {
    const h = harness({ pacing: { ...PACING, tokensPerMinute: 1_000_000 } });
    const short = info({ inputBytes: 3_600, maxOutputTokens: 4_096 });
    const rule = { inputTokens: 2_000, outputTokens: 50, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    for (let call = 0; call < 30; call++) {
      const ticket = await admit(h, { info: short });
      ticket.settle({ outcome: 'ok', usage: rule });
      ticket.release();
      await h.clock.advance(1_000);
    }
    await h.clock.advance(MINUTE);
    await admit(h, { info: short });
    // Twice the tokens that the bytes suggest, and all of max_tokens, as this rule reserves it.
    expect(1_000_000 - row(h, 'tokens').remaining!).toBeCloseTo(2_000 + 4_096, -2);
    expect(h.lane.dimensions()).toHaveLength(1);
  });

  it('do not grow at the end if only refusals reveal the limit, which would never correct an excess', async () => {
    const h = harness({ pacing: PACING });
    fail(await admit(h, { info: CHAT }), {
      outcome: 'throttled',
      dimension: 'tokens',
      limit: 60_000,
      remaining: 0,
      requested: 1_200,
      windowMs: MINUTE,
      hintMs: 1_200,
    });
    await h.clock.advance(30_000);
    const ticket = await admit(h, { info: CHAT });
    const reserved = row(h, 'tokens').remaining!;
    ticket.settle({ outcome: 'ok', usage: { ...USAGE, outputTokens: 5_000 } });
    ticket.release();
    expect(row(h, 'tokens').remaining).toBeCloseTo(reserved);
  });

  it("trust the application's own token counts", async () => {
    const h = harness({ pacing: { ...PACING, tokensPerMinute: 100_000 } });
    await admit(h, { info: info({ inputBytes: 3_600, inputTokens: 77, maxOutputTokens: 3 }) });
    expect(row(h, 'tokens').remaining).toBeCloseTo(99_920);
  });
});

describe('refusals', () => {
  it('name both numbers if no wait would help; a little more than the limit is tried', async () => {
    const h = harness({ pacing: { ...PACING, tokensPerMinute: 1_000 } });
    const tooLarge = watch(h, { info: info({ inputTokens: 1_201, maxOutputTokens: 0 }) });
    await flush();
    expect(tooLarge.error).toBeInstanceOf(AdmissionRefused);
    expect(tooLarge.error).toMatchObject({ reason: 'too_large', dimension: 'tokens', limit: 1_000, requested: 1_201 });
    const tried = watch(h, { info: info({ inputTokens: 1_150, maxOutputTokens: 0 }) });
    await h.clock.advance(MINUTE);
    expect(tried.ticket).toBeDefined();
  });

  it('come at once if the queue cannot meet a deadline', async () => {
    const h = harness({ pacing: { ...PACING, requestsPerMinute: 60 } });
    const queue = Array.from({ length: 100 }, () => watch(h));
    await flush();
    const late = watch(h, { deadlineAt: h.clock.now() + 20_000 });
    const inTime = watch(h, { deadlineAt: h.clock.now() + 50_000 });
    const first = watch(h, { priority: 'interactive', deadlineAt: h.clock.now() + 3_000 });
    await flush();
    expect(late.error).toMatchObject({ reason: 'deadline', dimension: 'requests' });
    expect((late.error as AdmissionRefused).waitMs).toBeGreaterThan(40_000);
    expect(inTime.error).toBeUndefined();
    await h.clock.advance(3_000);
    expect(first.ticket).toBeDefined();
    h.lane.close();
    await Promise.all(queue.map((each) => each.promise));
  });

  it('by a daily limit come at once if it resets too late, and not if it resets soon', async () => {
    const h = harness({ pacing: PACING });
    finish(await admit(h, { info: CHAT }), [reading('tokens_day', 864_000, 500, DAY)]);
    const large = watch(h, { info: CHAT });
    await flush();
    // 10 tokens a second are refilled; 700 are missing.
    expect(large.ticket).toBeUndefined();
    expect(large.error).toBeUndefined();
    const LARGER = { priority: 'interactive', info: info({ inputTokens: 2_000, maxOutputTokens: 0 }) } as const;
    fail(await admit(h, LARGER), { outcome: 'throttled', dimension: 'tokens_day', limit: 864_000 });
    const larger = watch(h, LARGER);
    await flush();
    expect(larger.error).toMatchObject({
      reason: 'day_limit',
      dimension: 'tokens_day',
      limit: 864_000,
      requested: 2_000,
    });
    expect((larger.error as AdmissionRefused).waitMs).toBeCloseTo(150_000, -3);
    await h.clock.advance(72_000);
    expect(large.ticket?.cause).toBe('tokens_day');
  });

  it('by a daily limit spare only queued calls that it lets through in time', async () => {
    const h = harness({ pacing: PACING });
    const running = await Promise.all([admit(h), admit(h), admit(h), admit(h)]);
    const queue = Array.from({ length: 20 }, () => watch(h));
    finish(running[0], [reading('requests_day', 3_600, 0, DAY)]);
    await flush();
    const [trial] = queue.filter(({ ticket }) => ticket);
    expect(queue.some(({ error }) => error)).toBe(false);
    fail(trial!.ticket, { outcome: 'throttled', dimension: 'requests_day', limit: 3_600 });
    await flush();
    // One in 24 seconds: five in two minutes.
    expect(queue.filter((each) => each.error).length).toBe(14);
    expect(queue.slice(0, 6).every((each) => each.error === undefined)).toBe(true);
    expect(queue.at(-1)!.error).toMatchObject({ reason: 'day_limit', dimension: 'requests_day' });
    h.lane.close();
  });
});
