import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { MAX_TIMER_MS } from '../../src/core/clock.ts';
import type { CallRetry, RetryContext } from '../../src/core/lane.ts';
import type { Failure } from '../../src/core/outcome.ts';
import { resolveOptions } from '../../src/options.ts';
import { type RetryOptions } from '../../src/options/retry-options.ts';
import { createRetryBudget, type RetryBudget } from '../../src/policies/budget.ts';
import { createRetry } from '../../src/policies/retry.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const context: RetryContext = {
  remaining: 5,
  barred: undefined,
  probe: false,
  attempts: 1,
  served: 0,
  inFlight: 0,
  refused: 0,
  waiter: undefined,
  deadlineAt: Infinity,
  now: 1_000,
};

interface Setup extends RetryOptions {
  readonly random?: () => number;
  readonly ledger?: RetryBudget;
  readonly paces?: boolean;
}

function callRetry({ random = () => 0.5, ledger, paces = false, ...options }: Setup = {}): CallRetry {
  return createRetry(resolveOptions({ retry: options }).retry, { random, budget: ledger, paces }).forCall();
}

function failure(outcome: Failure['outcome'], more: Partial<Failure> = {}): Failure {
  return { outcome, retryable: true, advice: 'Slow down requests.', ...more };
}

function countingBudget(left: number): RetryBudget & { taken: number } {
  return {
    taken: 0,
    deposit() {},
    withdraw() {
      if (this.taken >= left) return false;
      this.taken++;
      return true;
    },
    refund() {
      this.taken--;
    },
    balance() {
      return left - this.taken;
    },
  };
}

describe('the budget', () => {
  it('refunds the retry that was answered, once, and no other', () => {
    const ledger = countingBudget(5);
    const call = callRetry({ ledger });
    call.decide(failure('server_error'), context);
    call.decide(failure('server_error'), context);
    expect(ledger.taken).toBe(2);
    call.answered();
    expect(ledger.taken).toBe(1);
    const limited = callRetry({ ledger });
    limited.decide(failure('server_error'), context);
    limited.decide(failure('throttled', { hintMs: 100, hintSource: 'retry_after' }), context);
    limited.answered();
    expect(ledger.taken).toBe(2);
    const spent = callRetry({ ledger: countingBudget(0) });
    expect(spent.decide(failure('server_error'), context)).toEqual({ retry: false, reason: 'budget' });
  });
});

describe('the backoff after a fault', () => {
  const sixth = (served: (attempt: number) => number): number => {
    const call = callRetry({ random: () => 0.9 });
    let delayMs = 0;
    for (let attempts = 1; attempts <= 6; attempts++) {
      const decision = call.decide(failure('server_error'), { ...context, attempts, served: served(attempts) });
      if (decision.retry) ({ delayMs } = decision);
    }
    return delayMs;
  };

  it('stays short while other calls succeed', () => {
    expect(sixth((attempt) => attempt * 3)).toBe(8_000);
    expect(sixth(() => 0)).toBeGreaterThan(8_000);
    expect(sixth(() => 3)).toBeGreaterThan(8_000);
  });
});

describe('decide', () => {
  it('waits out a limit that will pass: not counted, not charged, the whole lane', () => {
    const ledger = countingBudget(0);
    const hinted = failure('throttled', { dimension: 'tokens', hintMs: 2_000, hintSource: 'body' });
    // The jitter is the lane's, drawn once for all waiting calls.
    for (const random of [0, 0.5, 1]) {
      const decision = callRetry({ ledger, random: () => random }).decide(hinted, { ...context, remaining: 0 });
      expect(decision).toEqual({
        retry: true,
        delayMs: 2_000,
        source: 'body',
        reason: 'rate_limit',
        counted: false,
        pausesLane: true,
      });
    }
    expect(ledger.taken).toBe(0);
  });

  it('uses the reset of a known limit if there is no hint', () => {
    const retry = callRetry({ random: () => 0 });
    expect(retry.decide(failure('throttled', { dimension: 'requests', resetMs: 700 }), context)).toMatchObject({
      delayMs: 700,
      source: 'reset_header',
      counted: false,
      pausesLane: true,
    });
    // A reset of an unknown limit is no reason to stop the lane.
    expect(retry.decide(failure('throttled', { dimension: 'unknown', resetMs: 700 }), context)).toMatchObject({
      source: 'backoff',
      counted: true,
      pausesLane: false,
    });
  });

  it('counts a 429 that does not say when to come back, or says "now", but does not charge it', () => {
    for (const bare of [
      failure('throttled'),
      failure('throttled', { dimension: 'unknown' }),
      failure('throttled', { dimension: 'requests', hintMs: 0, hintSource: 'retry_after' }),
    ]) {
      const ledger = countingBudget(0);
      const retry = callRetry({ ledger });
      expect(retry.decide(bare, context)).toMatchObject({
        retry: true,
        source: 'backoff',
        reason: 'rate_limit',
        counted: true,
        pausesLane: false,
      });
      expect(retry.decide(bare, { ...context, remaining: 0 })).toEqual({ retry: false, reason: 'attempts' });
    }
  });

  describe('a 429 without a wait in a lane that waits for limits', () => {
    const refused = failure('throttled');
    const seen = { ...context, remaining: 0, served: 7, refused: 3 };

    it('is not counted while nothing gets through, up to the time in which others may use up a minute', () => {
      const call = callRetry({ paces: true });
      for (let turn = 0; turn < 6; turn++) {
        const decision = call.decide(refused, { ...seen, refused: 3 + turn, now: context.now + turn * 10_000 });
        expect(decision, String(turn)).toMatchObject({ retry: true, counted: false, pausesLane: false });
      }
      const later = { ...seen, refused: 9, now: context.now + 60_000 };
      expect(call.decide(refused, later)).toEqual({ retry: false, reason: 'attempts' });
    });

    it('is not counted while as many others are refused, and is once the call alone is', () => {
      for (const [servedEach, most] of [
        [1, 10],
        [4, 4],
        [30, 2],
      ] as const) {
        const call = callRetry({ paces: true });
        let tries = 0;
        const state = (): RetryContext => ({ ...seen, served: 7 + tries * servedEach, refused: 3 + tries });
        while (call.decide(refused, state()).retry) tries++;
        expect([servedEach, tries]).toEqual([servedEach, most]);
      }
    });

    it('is not counted because of those that were in flight when it was refused', () => {
      const call = callRetry({ paces: true });
      for (let turn = 0; turn < 6; turn++) {
        const now = context.now + turn * 5_000;
        const state = { ...seen, served: 7 + 20 * turn, inFlight: 100 - 20 * turn, refused: 3 + turn, now };
        expect(call.decide(refused, state), String(turn)).toMatchObject({ retry: true, counted: false });
      }
    });

    it('is counted if nothing ever got through, or if the lane does not wait for limits', () => {
      const nothing = { ...seen, served: 0 };
      expect(callRetry({ paces: true }).decide(refused, nothing)).toMatchObject({ reason: 'attempts' });
      expect(callRetry().decide(refused, seen)).toMatchObject({ reason: 'attempts' });
    });
  });

  it('counts every other failure, each with its reason, and charges the provider’s faults', () => {
    const reasons = {
      overloaded: 'overloaded',
      server_error: 'server_error',
      timeout: 'timeout',
      connection: 'connection',
      conflict: 'conflict',
      bad_request: 'other',
    } as const;
    const ledger = countingBudget(10);
    for (const [outcome, reason] of Object.entries(reasons)) {
      expect(callRetry({ ledger }).decide(failure(outcome as Failure['outcome']), context)).toMatchObject({
        retry: true,
        reason,
        source: 'backoff',
        counted: true,
        pausesLane: false,
      });
    }
    const asked = failure('bad_request', { headerRequested: true });
    expect(callRetry({ ledger }).decide(asked, context)).toMatchObject({ reason: 'header_requested' });
    const full = failure('overloaded', { noCapacity: true });
    expect(callRetry({ ledger }).decide(full, context)).toMatchObject({ reason: 'no_capacity', counted: true });
    expect(ledger.taken).toBe(4);
  });

  it('keeps the state of the backoff per call', () => {
    const policy = createRetry(resolveOptions({ retry: { initialDelayMs: 500 } }).retry, {
      random: () => 0.5,
      budget: undefined,
      paces: false,
    });
    const delays = (retry: CallRetry): number[] =>
      [1, 2, 3, 4].map(() => {
        const decision = retry.decide(failure('server_error'), context);
        return decision.retry ? decision.delayMs : NaN;
      });
    const first = delays(policy.forCall());
    expect(delays(policy.forCall())).toEqual(first);
    expect(first[3]!).toBeGreaterThan(first[0]! * 2);
  });

  it("prefers the server's hint to the backoff, even a shorter one", () => {
    const busy = failure('overloaded', { hintMs: 30_000, hintSource: 'retry_after' });
    expect(callRetry({ random: () => 0.5 }).decide(busy, context)).toMatchObject({
      delayMs: 31_500,
      source: 'retry_after',
      counted: true,
      pausesLane: false,
    });
    const soon = failure('overloaded', { hintMs: 1, hintSource: 'retry_after' });
    expect(callRetry({ random: () => 0.5 }).decide(soon, context)).toMatchObject({
      delayMs: 1.05,
      source: 'retry_after',
    });
    const atOnce = failure('overloaded', { hintMs: 0, hintSource: 'retry_after' });
    expect(callRetry({ random: () => 0.5 }).decide(atOnce, context)).toMatchObject({ source: 'backoff' });
  });

  it('never waits less than the server asked, nor more than a tenth longer than the longer of the two', () => {
    const outcomes = fc.constantFrom<Failure['outcome']>('throttled', 'overloaded', 'server_error', 'timeout');
    fc.assert(
      fc.property(
        outcomes,
        fc.double({ min: 0, max: 120_000, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (outcome, hintMs, random) => {
          const retry = callRetry({ random: () => random, maxDelayMs: 5_000 });
          const decision = retry.decide(failure(outcome, { hintMs, dimension: 'tokens' }), context);
          if (!decision.retry) throw new Error(decision.reason);
          expect(decision.delayMs).toBeGreaterThanOrEqual(hintMs);
          expect(decision.delayMs).toBeLessThanOrEqual(Math.max(5_000, hintMs * 1.1));
        },
      ),
    );
  });

  it('gives up at once if the wait would be too long, whatever the kind of failure', () => {
    const ledger = countingBudget(5);
    const retry = callRetry({ ledger, maxHintMs: 10_000 });
    for (const outcome of ['throttled', 'overloaded', 'server_error'] as const) {
      const decision = retry.decide(failure(outcome, { hintMs: 10_001 }), context);
      expect(decision).toEqual({ retry: false, reason: 'max_wait' });
      expect(retry.decide(failure(outcome, { hintMs: 10_000 }), context)).toMatchObject({ retry: true });
    }
    const day = failure('throttled', { dimension: 'requests_day', resetMs: 40_000_000 });
    expect(retry.decide(day, context)).toEqual({ retry: false, reason: 'max_wait' });
    expect(ledger.taken).toBe(2);
  });

  it('gives up at once if the deadline would pass during the wait, and charges nothing', () => {
    const ledger = countingBudget(5);
    const retry = callRetry({ ledger, random: () => 0 });
    const busy = failure('overloaded', { hintMs: 500 });
    const limited = failure('throttled', { hintMs: 500 });
    for (const each of [busy, limited]) {
      expect(retry.decide(each, { ...context, now: 1_000, deadlineAt: 1_499 })).toEqual({
        retry: false,
        reason: 'deadline',
      });
    }
    expect(ledger.taken).toBe(0);
    expect(retry.decide(limited, { ...context, now: 1_000, deadlineAt: 1_500 })).toMatchObject({ retry: true });
  });

  it('gives up when the attempts are used up, before it charges the budget', () => {
    const ledger = countingBudget(5);
    const decision = callRetry({ ledger }).decide(failure('server_error'), { ...context, remaining: 0 });
    expect(decision).toEqual({ retry: false, reason: 'attempts' });
    expect(ledger.taken).toBe(0);
  });

  it('gives up with `budget` when the lane has spent it, and resumes when the window has moved', async () => {
    const clock = new VirtualClock();
    const ledger = createRetryBudget({ ratio: 0.2, minimum: 1, windowMs: 60_000 }, clock);
    const retry = callRetry({ ledger });
    expect(retry.decide(failure('connection'), context)).toMatchObject({ retry: true });
    expect(retry.decide(failure('connection'), context)).toEqual({ retry: false, reason: 'budget' });
    await clock.advance(64_000);
    expect(retry.decide(failure('connection'), context)).toMatchObject({ retry: true });
  });

  it('retries nothing that cannot succeed, and nothing at all when retries are off', () => {
    const hinted = { hintMs: 10, dimension: 'tokens' } as const;
    const retry = callRetry();
    for (const outcome of ['bad_request', 'auth', 'too_large', 'quota_exhausted', 'throttled'] as const) {
      const decision = retry.decide(failure(outcome, { ...hinted, retryable: false }), context);
      expect(decision).toEqual({ retry: false, reason: 'not_retryable' });
    }
    for (const outcome of ['throttled', 'server_error'] as const) {
      const decision = retry.decide(failure(outcome, hinted), { ...context, barred: 'attempts' });
      expect(decision).toEqual({ retry: false, reason: 'attempts' });
    }
  });

  it('clamps delays to what a timer can hold', () => {
    const retry = callRetry({ maxHintMs: MAX_TIMER_MS, random: () => 0.9 });
    for (const outcome of ['throttled', 'overloaded'] as const) {
      expect(retry.decide(failure(outcome, { hintMs: MAX_TIMER_MS }), context)).toMatchObject({
        delayMs: MAX_TIMER_MS,
      });
      expect(retry.decide(failure(outcome, { hintMs: Infinity }), context)).toEqual({
        retry: false,
        reason: 'max_wait',
      });
    }
  });
});

describe('a probe of an open circuit', () => {
  it('costs neither an attempt nor a unit of the budget', () => {
    const ledger = { deposit: vi.fn(), withdraw: vi.fn(() => false), refund: () => undefined, balance: () => 0 };
    const policy = createRetry(resolveOptions({ retry: { initialDelayMs: 500 } }).retry, {
      random: () => 0.5,
      budget: ledger,
      paces: false,
    }).forCall();
    const failed = { outcome: 'server_error', retryable: true, advice: '' } as const;
    expect(policy.decide(failed, { ...context, remaining: 0, probe: true })).toMatchObject({
      retry: true,
      counted: false,
    });
    expect(ledger.withdraw).not.toHaveBeenCalled();
    expect(policy.decide(failed, { ...context, remaining: 0 })).toEqual({ retry: false, reason: 'attempts' });
    expect(policy.decide(failed, context)).toEqual({ retry: false, reason: 'budget' });
  });
});
