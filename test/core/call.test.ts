import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CircuitOpen } from '../../src/core/lane.ts';
import { isTidegateError } from '../../src/errors.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { answer, failure, scriptedGuard } from '../helpers/scripted-call.ts';
import { flush } from '../helpers/virtual-clock.ts';

const FAST = { pacing: false, retry: { initialDelayMs: 0, maxDelayMs: 1 } } as const;
const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

describe('the loop of a call', () => {
  it('ends with the first answer, counting attempts from 1', async () => {
    const { clock, start, guard } = scriptedGuard(FAST);
    const seen: number[] = [];
    const { result } = start(({ number }) => {
      seen.push(number);
      return number < 4 ? failure('connection') : answer();
    });
    await clock.runAll();
    expect(await result).toBe('done');
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 4 }]);
  });

  it('has no maximum of attempts: the policy decides', async () => {
    const { clock, start } = scriptedGuard(FAST);
    const { result } = start(({ number }) => (number < 12 ? failure('connection') : answer()), undefined, 11);
    await clock.runAll();
    expect(await result).toBe('done');
  });

  it.each([new Error('a hook of the application'), 'text', undefined])(
    'does not retry an error that is not a failed attempt, and rethrows it: %s',
    async (thrown) => {
      const { start, guard, lane } = scriptedGuard(FAST);
      const { result } = start(() => {
        throw thrown;
      });
      expect(await result.then(undefined, (caught: unknown) => ({ caught }))).toEqual({ caught: thrown });
      expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'client_error', attempts: 1 }]);
      expect(eventsOf(guard, 'attempt.end')).toMatchObject([{ outcome: 'cancelled' }]);
      expect(lane().inFlight).toBe(0);
    },
  );

  it('returns to the queue without using up an attempt if the circuit has opened meanwhile', async () => {
    const { clock, start, guard, lane } = scriptedGuard(FAST);
    let refused = 0;
    const { result } = start(
      () => {
        if (refused++ === 0) throw new CircuitOpen();
        return answer();
      },
      undefined,
      0,
    );
    await clock.runAll();
    expect(await result).toBe('done');
    expect(eventsOf(guard, 'give_up')).toEqual([]);
    expect(lane().inFlight).toBe(0);
  });

  it('makes no further attempt once aborted', async () => {
    const reason = new Error('user left');
    const controller = new AbortController();
    const { clock, start } = scriptedGuard(FAST);
    let sent = 0;
    const { result } = start(() => {
      sent++;
      controller.abort(reason);
      return failure('connection');
    }, controller.signal);
    const settled = result.catch((error: unknown) => error);
    await clock.runAll();
    expect(await settled).toBe(reason);
    const late = start(() => answer(), controller.signal);
    await expect(late.result).rejects.toBe(reason);
    expect(sent).toBe(1);
  });

  it('sends nothing more once the guard is closed, even during a backoff', async () => {
    const { clock, start, guard } = scriptedGuard({ pacing: false });
    let sent = 0;
    const { result } = start(() => {
      sent++;
      return failure('connection');
    });
    const settled = result.catch((error: unknown) => error);
    await clock.advance(1);
    await guard.close();
    await clock.runAll();
    const error = await settled;
    expect(isTidegateError(error) && error.code).toBe('closed');
    expect(sent).toBe(1);
  });

  it('settles in the same turn as an abort during a backoff, with no further attempt', async () => {
    const controller = new AbortController();
    const { clock, start } = scriptedGuard({ pacing: false, retry: { initialDelayMs: 60_000 } });
    let sent = 0;
    const { result } = start(() => {
      sent++;
      return failure('connection');
    }, controller.signal);
    let settled: unknown = 'not yet';
    result.catch((error: unknown) => (settled = error));
    await clock.advance(20);
    expect(settled).toBe('not yet');
    const left = new Error('user left');
    controller.abort(left);
    await flush();
    expect(settled).toBe(left);
    await clock.advance(120_000);
    expect(sent).toBe(1);
  });

  it('leaves no listener on a shared signal, and no timer behind', async () => {
    const controller = new AbortController();
    const before = timers();
    const { clock, start } = scriptedGuard(FAST);
    const calls = Array.from({ length: 100 }, (_, index) =>
      start(({ number }) => (index % 10 === 0 && number === 1 ? failure('connection') : answer()), controller.signal),
    );
    await clock.runAll();
    await Promise.all(calls.map(({ result }) => result));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(clock.pending()).toBe(0);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
