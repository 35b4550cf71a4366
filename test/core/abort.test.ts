import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { onAbort, sleep } from '../../src/core/abort.ts';
import { answer, failure, type Scripted, scriptedGuard } from '../helpers/scripted-call.ts';
import { flush, VirtualClock } from '../helpers/virtual-clock.ts';
import { eventually } from '../helpers/eventually.ts';

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('many waits on one signal', () => {
  it('register once, end in the order in which they began, and yield to the event loop in between', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const ended: number[] = [];
    for (let wait = 0; wait < 1_000; wait++) {
      sleep(clock, 60_000, controller.signal).catch((reason: unknown) => {
        expect(reason).toBe('stop');
        ended.push(wait);
      });
    }
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort('stop');
    await Promise.resolve();
    expect(ended.length).toBeGreaterThan(0);
    expect(ended.length).toBeLessThan(1_000);
    for (let turn = 0; turn < 10; turn++) await immediate();
    expect(ended).toEqual(Array.from({ length: 1_000 }, (_, wait) => wait));
    expect([clock.pending(), getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  });

  it('end as aborted even when their time is up first', async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const waits = Array.from({ length: 600 }, () => sleep(clock, 5, controller.signal));
    const settled = Promise.allSettled(waits);
    controller.abort('stop');
    await clock.advance(5);
    for (const { status } of await settled) expect(status).toBe('rejected');
  });
});

describe('a removed listener', () => {
  it('is not called, and the last one removes the registration', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const stops = ['a', 'b'].map((name) => onAbort(controller.signal, () => called.push(name)));
    stops[0]!();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    stops[1]!();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    onAbort(controller.signal, () => called.push('c'));
    stops[1]!();
    controller.abort();
    expect(called).toEqual(['c']);
  });
});

describe('ten thousand calls in backoff', () => {
  it('share one listener on their signal, end in batches of a few hundred, and send nothing more', async () => {
    const { clock, start, guard, lane } = scriptedGuard({
      pacing: false,
      breaker: false,
      retry: { initialDelayMs: 60_000, maxDelayMs: 60_000, budget: false },
    });
    const controller = new AbortController();
    const { signal } = controller;
    const added = vi.spyOn(signal, 'addEventListener');
    const count = { sent: 0, ended: 0 };
    const reasons = new Set<unknown>();
    const calls = Array.from({ length: 10_000 }, () =>
      start(() => {
        count.sent++;
        return failure('connection');
      }, signal).result.then(answer, (reason: unknown) => {
        count.ended++;
        reasons.add(reason);
      }),
    );
    for (let turn = 0; turn < 1_000 && (count.sent < 10_000 || clock.pending() < 10_000); turn++) await immediate();
    expect(count.sent).toBe(10_000);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    // Not one per call; the waiting room may be empty between two of them.
    expect(added.mock.calls.length).toBeLessThan(10);
    controller.abort('stop');
    await flush();
    let most = count.ended;
    let turns = 1;
    for (let before = count.ended; count.ended < 10_000 && turns < 1_000; turns++, before = count.ended) {
      await immediate();
      most = Math.max(most, count.ended - before);
    }
    expect(most).toBeLessThan(1_000);
    expect(turns).toBeGreaterThan(10);
    await Promise.all(calls);
    expect(count).toEqual({ sent: 10_000, ended: 10_000 });
    expect([clock.pending(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
    expect(reasons).toEqual(new Set(['stop']));
    expect(lane()).toMatchObject({ inFlight: 0, queued: 0 });
    await guard.close();
  });
});

describe('ten thousand calls in the queue', () => {
  const COUNT = 10_000;
  type Scene = ReturnType<typeof scriptedGuard> & {
    readonly controller: AbortController;
    /** Ends the one running call. */
    readonly finish: (how: Scripted) => void;
  };
  /** How they end, and how many were sent by then: where one refusal is to end all, a second call tries first. */
  const ENDS: readonly [string, (scene: Scene) => void, number][] = [
    ['their one signal aborts', ({ controller }) => controller.abort('stop'), 1],
    ['the guard closes', ({ guard }) => void guard.close(), 1],
    ['the quota is used up', ({ finish }) => finish(failure('quota_exhausted', { retryable: false })), 2],
    ['the limit of the day is reached', ({ finish }) => finish(dayLimit), 2],
    ['their deadline has come', ({ clock }) => void clock.advance(60_000), 1],
  ];
  const dayLimit = failure('throttled', { dimension: 'requests_day', hintMs: 40_000_000 });

  it.each(ENDS)('end in batches of a few hundred when %s', async (_name, end, sends) => {
    const scripted = scriptedGuard({
      breaker: false,
      deadlineMs: 60_000,
      bulkhead: { maxConcurrent: 1 },
      retry: { maxAttempts: 1 },
    });
    const { start, lane, guard, clock } = scripted;
    const controller = new AbortController();
    let finish!: (how: Scripted) => void;
    const promise = new Promise<Scripted>((resolve) => (finish = resolve));
    const ended: number[] = [];
    let sent = 0;
    for (let call = 0; call < COUNT; call++) {
      const send = (): Promise<Scripted> => {
        sent++;
        return promise;
      };
      void start(send, controller.signal).result.catch(() => void ended.push(call));
    }
    await immediate();
    expect([sent, lane().queued]).toEqual([1, COUNT - 1]);
    end({ ...scripted, controller, finish });
    let most = 0;
    let turns = 0;
    for (let before = 0; ended.length < COUNT - 1 && turns < 1_000; turns++, before = ended.length) {
      await immediate();
      most = Math.max(most, ended.length - before);
    }
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThan(1_000);
    finish(failure('cancelled', { retryable: false }));
    await eventually(() => expect(lane()).toMatchObject({ inFlight: 0, queued: 0 }));
    expect([sent, ended.length, new Set(ended).size]).toEqual([sends, COUNT, COUNT]);
    await guard.close();
    expect([clock.pending(), getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  });
});
