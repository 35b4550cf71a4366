import { describe, expect, it } from 'vitest';
import { HintTrust } from '../../src/pacing/limits/hint-trust.ts';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { LimitTrials } from '../../src/pacing/limits/limit-trials.ts';
import { ACTUAL, fail, finish, harness, PACING, reading, watch } from './harness.ts';

describe('a call that is tried although too little seems to be left', () => {
  it('is due sooner if no answer reports the limit, and later with each one refused', () => {
    const trials = new LimitTrials();
    expect(trials.dueAt(1_000, false)).toBe(2_000);
    expect(trials.dueAt(1_000, true)).toBe(16_000);
    trials.tries(2_000);
    expect(trials.dueAt(2_000, false)).toBeUndefined();
    trials.refused();
    expect(trials.dueAt(2_000, false)).toBe(10_000);
    trials.tries(10_000);
    // It was sent before.
    expect(trials.served(9_000)).toBe(false);
    expect(trials.served(10_000)).toBe(true);
    expect(trials.dueAt(10_000, false)).toBe(11_000);
  });

  it('is not worth a refusal where reported levels confirm the rate', () => {
    const trials = new LimitTrials();
    for (let answer = 0; answer < 4; answer++) trials.told(0.1, 2, 0, false);
    expect(trials.dueAt(0, true)).toBe(120_000);
    for (let answer = 0; answer < 4; answer++) trials.told(20, 2, 0, false);
    expect(trials.dueAt(0, true)).toBe(15_000);
  });

  it('is worth one where the bucket is full each time, which shows no rate', () => {
    const trials = new LimitTrials();
    for (let answer = 0; answer < 4; answer++) trials.told(0, 2, 0, true);
    expect(trials.dueAt(0, true)).toBe(15_000);
  });
});

it('is not looked for again and again where the level already allows most of a call', () => {
  const bucket = new LimitBucket('requests', 3, 'header', { headroom: 0, smooth: false, corrects: true }, 0);
  const sent: number[] = [];
  let looks = 0;
  for (let now = 0; sent.length < 6; looks++) {
    bucket.refill(now);
    const waitMs = bucket.waitMs(1);
    now += waitMs;
    if (waitMs > 0) continue;
    const sequence = sent.push(now);
    bucket.take(1, sequence);
    const at = {
      sentAt: now,
      sampledAt: now,
      previousAt: now,
      inFlight: 1,
      sequence,
      mark: sequence,
      since: 0,
      amount: 1,
    };
    const remaining = Math.max(0, Math.floor(bucket.level));
    bucket.observe({ ...at, limit: 3, remaining, source: 'header', refused: false }, now);
  }
  expect(sent.at(-1)).toBeCloseTo(60_000, -1);
  expect(looks).toBeLessThan(30);
});

describe('the times that refusals name', () => {
  it('are believed until calls sent then are refused twice, and again once some get through', () => {
    const hints = new HintTrust();
    hints.named(0, 1_000);
    // Sent sooner, it says nothing.
    hints.named(500, 1_500);
    expect(hints.believed).toBe(true);
    hints.named(1_500, 2_500);
    hints.named(2_500, 3_500);
    expect(hints.believed).toBe(false);
    hints.served(3_000);
    expect(hints.believed).toBe(false);
    hints.served(3_500);
    expect(hints.believed).toBe(true);
  });

  it('end the wait for a limit whose stated number belongs to a shorter window', async () => {
    const h = harness({ pacing: PACING, charge: ACTUAL });
    const calls = Array.from({ length: 8 }, () => watch(h));
    await h.clock.advance(0);
    const refusal = {
      outcome: 'throttled',
      dimension: 'requests',
      limit: 4,
      remaining: 0,
      requested: 1,
      windowMs: 60_000,
      hintMs: 700,
    } as const;
    const sent = calls.filter(({ ticket }) => ticket);
    for (const { ticket } of sent) fail(ticket, refusal);
    await h.clock.advance(1_000);
    // At four a minute it would be a quarter of a minute.
    expect(calls.filter(({ ticket }) => ticket).length).toBeGreaterThan(sent.length);
    h.lane.close();
  });
});

describe('a refusal that names far less than headers state', () => {
  it('delays the lane by what it names, not by what that would be at the new rate', async () => {
    const h = harness({ pacing: PACING, charge: ACTUAL });
    const first = watch(h);
    await h.clock.advance(0);
    finish(first.ticket, [reading('requests', 100_000, 99_000)]);
    const second = watch(h);
    await h.clock.advance(0);
    fail(second.ticket, {
      outcome: 'throttled',
      dimension: 'requests',
      limit: 60,
      remaining: 0,
      requested: 1,
      windowMs: 60_000,
      hintMs: 2_000,
    });
    const third = watch(h);
    await h.clock.advance(3_500);
    expect(h.limits.at(-1)).toMatchObject({ limit: 60 });
    expect(third.ticket).toBeDefined();
    h.lane.close();
  });
});
