import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { AdmissionRefused, type Priority, type Ticket } from '../../src/core/admission.ts';
import type { LimitReading, Usage } from '../../src/core/outcome.ts';
import type { ChargeRule } from '../../src/core/provider.ts';
import { Consumption } from '../../src/pacing/usage/lane-totals.ts';
import { createAdmission } from '../../src/pacing/queue/lane-queue.ts';
import { LimitBucket } from '../../src/pacing/limits/known-limit.ts';
import { Pacer } from '../../src/pacing/limits/pacer.ts';
import { LimitEngine } from '../../src/simulator/limits/limit-engine.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { ACTUAL, info, MINUTE, OPEN, PACING, reading, request } from './harness.ts';

const RUNS = { numRuns: 150 };
const listener = { onPause: () => undefined, onLimit: () => undefined, onBelief: () => undefined };

/** The simulator's rule for OpenAI: the larger of both on arrival, with no refund. */
const EXACT: ChargeRule = {
  corrects: false,
  cachedInput: 'counts',
  countedInput: ({ inputTokens }) => inputTokens,
  reserve: ({ inputTokens, maxOutputTokens }) => ({ tokens: Math.max(inputTokens, maxOutputTokens ?? 0) }),
  charge: () => ({}),
};

function usageOf(inputTokens: number, outputTokens: number): Usage {
  return { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
}

describe('a bucket', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
    fc.record({ kind: fc.constant('take' as const), amount: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ kind: fc.constant('back' as const), amount: fc.integer({ min: -300, max: 900 }) }),
    fc.record({
      kind: fc.constant('seen' as const),
      limit: fc.integer({ min: 100, max: 5_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      ago: fc.integer({ min: 0, max: 5_000 }),
      refused: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('refused' as const), amount: fc.integer({ min: 1, max: 900 }), ms: fc.nat(5_000) }),
  );

  it('never holds more than the provider lets through at once, nor spends more than it holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, smooth) => {
        let now = 1_000;
        let sequence = 0;
        const bucket = new LimitBucket('tokens', 1_000, 'config', { headroom: 0.02, smooth, corrects: true }, now);
        for (const each of steps) {
          bucket.refill(now);
          if (each.kind === 'wait') now += each.ms;
          else if (each.kind === 'take') bucket.take(each.amount, ++sequence);
          else if (each.kind === 'back') bucket.giveBack(each.amount);
          else if (each.kind === 'refused') {
            const { amount } = each;
            bucket.refused({ amount, sequence, sentAt: now, news: true, hinted: false }, undefined, 0, each.ms, now);
          } else {
            const { limit, share, ago, refused } = each;
            const remaining = Math.floor(limit * share);
            const seen = {
              limit,
              remaining,
              source: 'header',
              refused,
              sequence: ++sequence,
              mark: 0,
              since: 0,
              amount: 1,
              inFlight: 1,
            } as const;
            const at = now - ago;
            bucket.observe({ ...seen, sentAt: at, sampledAt: at, previousAt: at }, now);
          }
          bucket.refill(now);
          expect(bucket.level).toBeLessThanOrEqual(bucket.burst + 1e-6);
          expect(bucket.burst).toBeLessThanOrEqual(bucket.limit);
          expect(bucket.usable).toBeLessThanOrEqual(bucket.level + 1e-6);
          expect(bucket.waitMs(1)).toBeGreaterThanOrEqual(0);
        }
      }),
      RUNS,
    );
  });

  it('is never raised by an answer to an earlier request', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 500 }), (early, late) => {
        const bucket = new LimitBucket('requests', 500, 'config', { headroom: 0, smooth: false, corrects: true }, 0);
        const seen = {
          limit: 500,
          source: 'header',
          sentAt: 0,
          sampledAt: 0,
          previousAt: 0,
          mark: 0,
          since: 0,
          amount: 1,
          inFlight: 1,
          refused: false,
        } as const;
        bucket.observe({ ...seen, remaining: late, sequence: 2 }, 0);
        const { level } = bucket;
        bucket.observe({ ...seen, remaining: early, sequence: 1 }, 0);
        expect(bucket.level).toBeLessThanOrEqual(level);
      }),
      RUNS,
    );
  });
});

describe('reservations', () => {
  it('return exactly what was reserved and not used, in whatever order they end', () => {
    const call = fc.record({
      input: fc.integer({ min: 1, max: 5_000 }),
      bytes: fc.integer({ min: 0, max: 20_000 }),
      max: fc.integer({ min: 1, max: 4_000 }),
      output: fc.integer({ min: 0, max: 4_000 }),
      end: fc.constantFrom('ok', 'throttled', 'server_error', 'timeout', 'never sent', 'late') as fc.Arbitrary<string>,
      order: fc.nat(1_000),
    });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 25 }), (calls) => {
        const pacer = new Pacer(
          { ...PACING, tokensPerMinute: 1e9 },
          { charge: ACTUAL, listener, maxLimitWaitMs: 120_000, now: 0 },
        );
        const sent = calls.map((each) => {
          const reservation = pacer.plan(info({ inputBytes: each.bytes, maxOutputTokens: each.max }));
          pacer.take(reservation, 0);
          return { each, reservation };
        });
        const tokens = pacer.limits.get('tokens')!;
        let expected = 1e9;
        for (const { each, reservation } of sent.toSorted((a, b) => a.each.order - b.each.order)) {
          const { end } = each;
          if (end === 'never sent' || end === 'late') pacer.released(reservation, 0);
          if (end === 'never sent') continue;
          const usage = end === 'ok' || end === 'late' ? usageOf(each.input, each.output) : undefined;
          if (usage) pacer.settled(reservation, { outcome: 'ok', usage }, 0, 0);
          else {
            const outcome = end as 'throttled' | 'server_error' | 'timeout';
            pacer.settled(reservation, { outcome, failure: { outcome, retryable: true, advice: '' } }, 0, 0);
          }
          if (usage) expected -= each.input + each.output;
          else if (end === 'server_error') expected -= reservation.inputTokens;
          else if (end === 'timeout') expected -= reservation.reserved.tokens;
          for (const amount of Object.values(reservation.charged)) expect(amount).toBeGreaterThanOrEqual(0);
        }
        expect(tokens.level).toBeCloseTo(expected, 3);
      }),
      RUNS,
    );
  });

  it('know what followed each of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 20 }), (amounts) => {
        const consumption = new Consumption();
        const pacer = new Pacer(PACING, { charge: EXACT, listener, maxLimitWaitMs: 120_000, now: 0 });
        const sent = amounts.map((amount) => {
          const reservation = pacer.plan(info({ inputTokens: amount, maxOutputTokens: 0 }));
          consumption.sent(reservation);
          return reservation;
        });
        for (const [index, reservation] of sent.entries()) {
          const later = amounts.slice(index + 1).reduce((sum, each) => sum + each, 0);
          expect(consumption.since('tokens', reservation)).toBe(later);
          expect(consumption.since('requests', reservation)).toBe(amounts.length - index - 1);
        }
      }),
      RUNS,
    );
  });
});

describe('a lane without other users', () => {
  const load = fc.record({
    requestsPerMinute: fc.integer({ min: 30, max: 3_000 }),
    tokensPerMinute: fc.integer({ min: 20_000, max: 2_000_000 }),
    largest: fc.integer({ min: 1, max: 9_000 }),
    count: fc.integer({ min: 20, max: 250 }),
    seed: fc.integer(),
    latency: fc.integer({ min: 0, max: 5_000 }),
  });

  it('sends nothing that its known limits refuse, and finishes everything', async () => {
    await fc.assert(
      fc.asyncProperty(load, async ({ requestsPerMinute, tokensPerMinute, largest, count, seed, latency }) => {
        const clock = new VirtualClock();
        const random = mulberry32(seed);
        const limits = { requestsPerMinute, tokensPerMinute };
        const engine = new LimitEngine({ provider: 'openai', limitsOf: () => limits });
        const lane = createAdmission({
          maxLimitWaitMs: 120_000,
          clock,
          random,
          pacing: { ...PACING, ...limits },
          maxConcurrent: 1_000,
          maxQueued: 1_000,
          gate: OPEN,
          charge: EXACT,
          listener,
        });
        let refused = 0;
        let done = 0;
        const call = async (tokens: number): Promise<void> => {
          const ticket = await lane.acquire(request({ info: info({ inputTokens: tokens, maxOutputTokens: 0 }) }));
          const now = clock.now();
          const held = engine.admit({ account: 'a', model: 'm', inputTokens: tokens, maxOutputTokens: 0 }, now);
          if (!held.admitted) refused++;
          const readings = readingsOf(engine, now);
          await new Promise<void>((resolve) => {
            clock.after(latency * random(), resolve);
          });
          ticket.onHead(readings, 200);
          ticket.settle({ outcome: 'ok', usage: usageOf(tokens, 0) });
          ticket.release();
          done++;
        };
        for (let index = 0; index < count; index++) void call(1 + Math.floor(largest * random()));
        await clock.run(() => done === count);
        expect({ refused, done, inFlight: lane.inFlight }).toEqual({ refused: 0, done: count, inFlight: 0 });
      }),
      { numRuns: 60 },
    );
  });
});

function readingsOf(engine: LimitEngine, now: number): LimitReading[] {
  return engine
    .levels('a', 'm', now)
    .map(({ name, limit, remaining }) =>
      reading(name === 'requestsPerMinute' ? 'requests' : 'tokens', limit, Math.max(0, Math.floor(remaining)), MINUTE),
    );
}

describe('every queued call', () => {
  const call = fc.record({
    at: fc.nat(30_000),
    priority: fc.constantFrom<Priority>('interactive', 'normal', 'batch'),
    tenant: fc.constantFrom(undefined, 'a', 'b'),
    abortAfter: fc.option(fc.nat(20_000), { nil: undefined }),
    deadlineAfter: fc.option(fc.nat(40_000), { nil: undefined }),
    lasts: fc.nat(4_000),
    end: fc.constantFrom('ok', 'ok', 'ok', 'throttled', 'quota', 'lost'),
  });

  it('settles, leaves nothing behind, and goes in the order of its class', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 60 }), fc.nat(5), async (calls, slots) => {
        const clock = new VirtualClock();
        const lane = createAdmission({
          maxLimitWaitMs: 120_000,
          clock,
          random: () => 0.3,
          pacing: { ...PACING, requestsPerMinute: 120 },
          maxConcurrent: slots + 1,
          maxQueued: 40,
          gate: OPEN,
          charge: ACTUAL,
          listener,
        });
        const order = new Map<string, number[]>();
        let settled = 0;
        const start = (each: (typeof calls)[number]): void => {
          const controller = new AbortController();
          if (each.abortAfter !== undefined) clock.after(each.abortAfter, () => controller.abort('enough'));
          const deadlineAt = each.deadlineAfter === undefined ? Infinity : clock.now() + each.deadlineAfter;
          const { priority, tenant } = each;
          const asked = request({ priority, tenant, signal: controller.signal, deadlineAt });
          void Promise.resolve(lane.acquire(asked)).then(
            (ticket) => {
              settled++;
              const key = `${priority} ${tenant}`;
              order.set(key, [...(order.get(key) ?? []), ticket.place]);
              clock.after(each.lasts, () => end(ticket, each.end));
            },
            (error: unknown) => {
              settled++;
              expect(error === 'enough' || error instanceof AdmissionRefused).toBe(true);
            },
          );
        };
        for (const each of calls) clock.after(each.at, () => start(each));
        await clock.run();
        expect(settled).toBe(calls.length);
        expect(lane.queued).toBe(0);
        expect(lane.inFlight).toBe(0);
        for (const places of order.values()) expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
      { numRuns: 100 },
    );
  });
});

function end(ticket: Ticket, how: string): void {
  if (how === 'ok') {
    ticket.onHead([], 200);
    ticket.settle({ outcome: 'ok', usage: usageOf(10, 10) });
  } else if (how === 'throttled') {
    const failure = { outcome: 'throttled', dimension: 'requests', hintMs: 700, retryable: true, advice: '' } as const;
    ticket.settle({ outcome: 'throttled', failure });
  } else if (how === 'quota') {
    ticket.settle({
      outcome: 'quota_exhausted',
      failure: { outcome: 'quota_exhausted', retryable: false, advice: '' },
    });
  }
  ticket.release();
}
