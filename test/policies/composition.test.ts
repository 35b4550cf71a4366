import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/core/abort.ts';
import { AttemptFailed, RetryRequested } from '../../src/core/lane.ts';
import type { Failure } from '../../src/core/outcome.ts';
import { resolveOptions } from '../../src/options.ts';
import { createBreaker } from '../../src/policies/breaker.ts';
import { createRetryBudget } from '../../src/policies/budget.ts';
import { createSlots } from '../../src/policies/bulkhead.ts';
import { createRetry } from '../../src/policies/retry.ts';
import { flush, VirtualClock } from '../helpers/virtual-clock.ts';

/** The three policies as a call passes them, without a queue in front. */
function lane(maxConcurrent = 10) {
  const clock = new VirtualClock();
  const options = resolveOptions();
  const budget = createRetryBudget(options.retry.budget!, clock);
  const retry = createRetry(options.retry, { random: () => 0.5, budget });
  const slots = createSlots(maxConcurrent);
  const breaker = createBreaker(options.breaker, {
    clock,
    countsAsFailure: (error) => error instanceof AttemptFailed && error.failure.outcome === 'server_error',
    isNeutral: (error) => error instanceof AttemptFailed && error.failure.outcome === 'cancelled',
    onState: () => {},
    onWake: () => {},
  });
  const call = (send: (attempt: number) => Promise<{ value: string; ended: Promise<void> }>, signal?: AbortSignal) => {
    const policy = retry.forCall();
    let wait = 0;
    let remaining = 5;
    budget.deposit();
    return policy.execute(async (attempt) => {
      await sleep(clock, wait, signal);
      try {
        return await breaker.execute(() =>
          slots.run(
            () => send(attempt),
            () => {},
          ),
        );
      } catch (error) {
        if (!(error instanceof AttemptFailed)) throw error;
        const decision = policy.decide(error.failure, {
          remaining,
          barred: undefined,
          probe: false,
          attempts: attempt,
          served: attempt,
          deadlineAt: Infinity,
          now: clock.now(),
        });
        if (!decision.retry) throw error;
        if (decision.counted) remaining--;
        wait = decision.delayMs;
        throw new RetryRequested();
      }
    }, signal);
  };
  return { clock, slots, breaker, budget, call };
}

function failed(outcome: Failure['outcome'], more: Partial<Failure> = {}): AttemptFailed {
  return new AttemptFailed({ outcome, retryable: true, advice: 'Wait.', ...more }, new Error(outcome));
}

describe('retry, breaker and slots together', () => {
  it('waits out any number of rate limits without spending attempts, budget or circuit', async () => {
    const { clock, breaker, budget, call } = lane();
    const before = budget.balance();
    let sent = 0;
    const result = call(async () => {
      if (++sent <= 40) throw failed('throttled', { dimension: 'tokens', hintMs: 1_000 });
      return { value: 'done', ended: Promise.resolve() };
    });
    const startedAt = clock.now();
    await clock.runAll();
    expect(await result).toBe('done');
    expect(clock.now() - startedAt).toBeGreaterThan(40 * 1_000);
    expect(clock.now() - startedAt).toBeLessThan(40 * 8_100);
    expect([sent, breaker.state(), budget.balance()]).toEqual([41, 'closed', before]);
  });

  it('sends once after a retry, holds the slot of the stream only, and gives it back at its end', async () => {
    const { clock, slots, call } = lane();
    let endBody!: () => void;
    const body = new Promise<void>((resolve) => (endBody = resolve));
    const result = call(async (attempt) => {
      if (attempt === 1) throw failed('server_error');
      return { value: 'stream', ended: body };
    });
    await clock.runAll();
    expect(await result).toBe('stream');
    expect(slots.active).toBe(1);
    endBody();
    await flush();
    expect(slots.active).toBe(0);
  });

  it('rejects with the reason at an abort during a backoff, sends nothing more and leaves nothing behind', async () => {
    const { clock, slots, call } = lane();
    const controller = new AbortController();
    let sent = 0;
    const result = call(async () => {
      sent++;
      throw failed('overloaded', { hintMs: 30_000 });
    }, controller.signal);
    await clock.advance(10_000);
    const reason = new Error('user left');
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    await clock.advance(60_000);
    expect([sent, slots.active, clock.pending()]).toEqual([1, 0, 0]);
  });

  it.each([
    // The circuit does not count conflicts here, so that only the budget holds the retries back.
    { outcome: 'conflict', sent: 100 + 0.2 * 100 + 20, circuit: 'closed' },
    { outcome: 'server_error', sent: 100, circuit: 'open' },
  ] as const)('holds an outage of $outcome to $sent requests for 100 calls', async ({ outcome, sent, circuit }) => {
    const { clock, breaker, call } = lane(1_000);
    let count = 0;
    const calls = Array.from({ length: 100 }, () =>
      call(async () => {
        count++;
        await sleep(clock, 50);
        throw failed(outcome);
      }),
    );
    const settled = Promise.allSettled(calls);
    await clock.runAll();
    expect((await settled).every((result) => result.status === 'rejected')).toBe(true);
    expect([count, breaker.state()]).toEqual([sent, circuit]);
  });
});
