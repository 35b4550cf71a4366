import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/core/abort.ts';
import type { Failure } from '../../src/core/outcome.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { answer, failure, scriptedGuard } from '../helpers/scripted-call.ts';
import { flush } from '../helpers/virtual-clock.ts';

// The policies alone: without pacing only order, slots and pauses remain of the queue.
const UNPACED = { pacing: false } as const;

describe('retry, breaker and slots around a call', () => {
  it('waits out any number of rate limits without using attempts, budget or circuit', async () => {
    const { clock, start, lane, guard } = scriptedGuard({ ...UNPACED, retry: { budget: { minimum: 1, ratio: 0 } } });
    let sent = 0;
    const others: Promise<string>[] = [];
    const { result } = start(() => {
      sent++;
      if (sent > 40) return answer();
      // Others succeed meanwhile: ten refusals of all calls in a row would mean that the hint is wrong.
      others.push(start(() => answer()).result);
      return failure('throttled', { dimension: 'tokens', hintMs: 1_000 });
    });
    const startedAt = clock.now();
    await clock.runAll();
    expect(await result).toBe('done');
    expect(await Promise.all(others)).toHaveLength(40);
    expect(clock.now() - startedAt).toBeGreaterThan(40 * 1_000);
    expect(clock.now() - startedAt).toBeLessThan(40 * 8_100);
    expect([sent, lane().circuit]).toEqual([41, 'closed']);
    // The budget's one retry is still available.
    let failures = 0;
    const later = start(() => (failures++ === 0 ? failure('conflict') : answer('later')));
    await clock.runAll();
    expect(await later.result).toBe('later');
    expect(eventsOf(guard, 'give_up')).toEqual([]);
  });

  it('sends once after a retry, holds the slot of the body only, and frees it at its end', async () => {
    const { clock, start, lane } = scriptedGuard(UNPACED);
    let endBody!: () => void;
    const body = new Promise<void>((resolve) => (endBody = resolve));
    const { result } = start(({ number }) => (number === 1 ? failure('server_error') : answer('body', body)));
    await clock.runAll();
    expect(await result).toBe('body');
    expect(lane().inFlight).toBe(1);
    endBody();
    await flush();
    expect(lane()).toMatchObject({ inFlight: 0, counts: { attempts: 2, retries: 1, succeeded: 1 } });
  });

  it('rejects with the reason at an abort during a backoff, sends nothing more and leaves nothing behind', async () => {
    const { clock, start, lane } = scriptedGuard(UNPACED);
    const controller = new AbortController();
    let sent = 0;
    const { result } = start(() => {
      sent++;
      return failure('overloaded', { hintMs: 30_000 });
    }, controller.signal);
    const settled = result.catch((error: unknown) => error);
    await clock.advance(10_000);
    const reason = new Error('user left');
    controller.abort(reason);
    expect(await settled).toBe(reason);
    await clock.advance(60_000);
    expect([sent, lane().inFlight, clock.pending()]).toEqual([1, 0, 0]);
  });

  /** Fails all of 100 calls in the same way. */
  async function failAll(breaker: 'wait' | 'fail', failed: Failure) {
    const { clock, start, lane, guard } = scriptedGuard({ ...UNPACED, breaker: { onOpen: breaker } });
    let count = 0;
    const calls = Array.from({ length: 100 }, () =>
      start(async () => {
        count++;
        await sleep(clock, 50);
        return failed;
      }),
    );
    const settled = Promise.allSettled(calls.map(({ result }) => result));
    await clock.runAll();
    expect((await settled).every((result) => result.status === 'rejected')).toBe(true);
    return { count, lane, states: eventsOf(guard, 'circuit') };
  }

  it('limits an outage to one request per call where calls fail while the circuit is open', async () => {
    const { count, lane } = await failAll('fail', failure('server_error'));
    expect([count, lane().circuit]).toEqual([100, 'open']);
  });

  it.each([
    ['a conflict', failure('conflict', { status: 409 })],
    ['what the server wants to have again', failure('bad_request', { headerRequested: true })],
    ['a tier without capacity', failure('overloaded', { noCapacity: true })],
  ])('limits %s, which is no fault of the provider, by the attempts, and opens no circuit', async (_name, failed) => {
    for (const breaker of ['wait', 'fail'] as const) {
      const { count, states } = await failAll(breaker, failed);
      expect([count, states]).toEqual([6 * 100, []]);
    }
  });

  it('loses no call to conflicts that pass', async () => {
    const { clock, start } = scriptedGuard(UNPACED);
    const calls = Array.from({ length: 100 }, () =>
      start(({ number }) => (number < 3 ? failure('conflict') : answer())),
    );
    const settled = Promise.all(calls.map(({ result }) => result));
    await clock.runAll();
    expect(await settled).toHaveLength(100);
  });

  it('lets calls wait for the circuit, which sends little more than its probes in a long outage', async () => {
    const { clock, start, lane } = scriptedGuard(UNPACED);
    const calls = Array.from({ length: 100 }, () =>
      start(async () => {
        await sleep(clock, 50);
        return failure('server_error');
      }),
    );
    const settled = Promise.allSettled(calls.map(({ result }) => result));
    await clock.runAll();
    const results = await settled;
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    // A minute of waiting and a probe every five seconds, without doubling.
    expect(lane().counts.attempts).toBeLessThanOrEqual(100 + 2 * 12);
    expect(lane()).toMatchObject({ inFlight: 0, queued: 0 });
  });

  it('counts a call that has waited out a limit before it failed', async () => {
    const options = { ...UNPACED, retry: { maxAttempts: 1 }, breaker: { minimumAttempts: 2, onOpen: 'fail' } } as const;
    const { clock, start, lane } = scriptedGuard(options);
    const calls = Array.from({ length: 2 }, () =>
      start(({ number }) =>
        number === 1 ? failure('throttled', { dimension: 'tokens', hintMs: 100 }) : failure('server_error'),
      ),
    );
    const settled = Promise.allSettled(calls.map(({ result }) => result));
    await clock.runAll();
    await settled;
    expect(lane()).toMatchObject({ circuit: 'open', counts: { attempts: 4 } });
  });

  it('counts a call once, however often it fails', async () => {
    const breaker = { minimumAttempts: 2, onOpen: 'fail' } as const;
    const { clock, start, lane } = scriptedGuard({ ...UNPACED, retry: { maxAttempts: 6 }, breaker });
    const { result } = start(() => failure('server_error'));
    const settled = result.catch((error: unknown) => error);
    await clock.runAll();
    await settled;
    expect(lane()).toMatchObject({ circuit: 'closed', counts: { attempts: 6 } });
  });
});
