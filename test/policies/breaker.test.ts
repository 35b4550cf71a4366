import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CircuitState } from '../../src/core/event-values.ts';
import { CircuitOpen } from '../../src/core/lane.ts';
import { resolveOptions } from '../../src/options.ts';
import { type BreakerOptions } from '../../src/options/breaker-options.ts';
import { createBreaker } from '../../src/policies/breaker.ts';
import type { Breaker, BreakerDeps } from '../../src/policies/circuit.ts';
import { flush, VirtualClock } from '../helpers/virtual-clock.ts';

class Down extends Error {}
class Cancelled extends Error {}
class Throttled extends Error {}

interface Rig {
  readonly breaker: Breaker;
  readonly clock: VirtualClock;
  readonly states: CircuitState[];
  wakes: number;
}

function rig(options: BreakerOptions = {}, deps: Partial<BreakerDeps> = {}): Rig {
  const clock = new VirtualClock();
  const made: Rig = {
    clock,
    states: [],
    wakes: 0,
    breaker: createBreaker(resolveOptions({ breaker: options }).breaker, {
      clock,
      countsAsFailure: (error) => error instanceof Down,
      isFurtherFault: () => false,
      isNeutral: (error) => error instanceof Cancelled,
      onState: (state) => made.states.push(state),
      onWake: () => made.wakes++,
      ...deps,
    }),
  };
  return made;
}

async function execute<T>(breaker: Breaker, send: () => Promise<T>): Promise<T> {
  const passage = breaker.enter();
  let value: T;
  try {
    value = await send();
  } catch (error) {
    await passage.failed(error);
    throw error;
  }
  await passage.succeeded();
  return value;
}

const fail = async (breaker: Breaker, times: number, error: Error = new Down('503')): Promise<void> => {
  for (let i = 0; i < times; i++) {
    await execute(breaker, () => Promise.reject(error)).catch((caught: unknown) => expect(caught).toBe(error));
  }
};
const succeed = async (breaker: Breaker, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) expect(await execute(breaker, async () => i)).toBe(i);
};

/** An attempt that the test ends. */
function pending(breaker: Breaker): { result: Promise<unknown>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const attempt = new Promise<void>((ok, no) => {
    resolve = ok;
    reject = no;
  });
  return { result: execute(breaker, () => attempt), resolve, reject };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('opening', () => {
  it('lets calls through and says so while closed', async () => {
    const { breaker, states } = rig();
    await succeed(breaker, 3);
    expect([breaker.state(), breaker.openUntil(), breaker.maxInFlight()]).toEqual(['closed', 0, Infinity]);
    expect(states).toEqual([]);
  });

  it('opens at the threshold, not below it and not before the minimum', async () => {
    const few = rig();
    await fail(few.breaker, 9);
    expect(few.breaker.state()).toBe('closed');
    await fail(few.breaker, 1);
    expect(few.breaker.state()).toBe('open');

    const mixed = rig({ threshold: 0.5, minimumAttempts: 10 });
    await succeed(mixed.breaker, 2);
    for (let i = 0; i < 18; i++) {
      await fail(mixed.breaker, 1);
      await succeed(mixed.breaker, 1);
    }
    await fail(mixed.breaker, 1);
    expect(mixed.breaker.state()).toBe('closed');
    await fail(mixed.breaker, 1);
    expect(mixed.breaker.state()).toBe('open');
  });

  it('opens when every call since the last success failed, whatever came before', async () => {
    const { breaker, clock } = rig({ threshold: 0.5, minimumAttempts: 10 });
    await succeed(breaker, 2_000);
    await clock.advance(1);
    await fail(breaker, 9);
    await succeed(breaker, 1);
    await clock.advance(1);
    await fail(breaker, 9);
    expect(breaker.state()).toBe('closed');
    await fail(breaker, 1);
    expect(breaker.state()).toBe('open');
  });

  it('opens while long answers to earlier requests still arrive', async () => {
    const { breaker, clock } = rig({ threshold: 0.9, minimumAttempts: 10 });
    const long = Array.from({ length: 40 }, () => pending(breaker));
    await clock.advance(1_000);
    for (let failed = 0; failed < 10; failed++) {
      await fail(breaker, 1);
      long[failed]!.resolve();
      await long[failed]!.result;
      await clock.advance(100);
    }
    expect(breaker.state()).toBe('open');
  });

  it('opens when only a few calls are made, and fail again and again', async () => {
    class Again extends Down {}
    const { breaker, clock } = rig({ minimumAttempts: 10 }, { isFurtherFault: (error) => error instanceof Again });
    await succeed(breaker, 50);
    await clock.advance(1);
    await fail(breaker, 3);
    await fail(breaker, 6, new Again());
    expect(breaker.state()).toBe('closed');
    await fail(breaker, 1, new Again());
    expect(breaker.state()).toBe('open');
  });

  it('stays closed for failures of a burst that come after all of its answers', async () => {
    const { breaker } = rig({ minimumAttempts: 10 });
    const burst = Array.from({ length: 60 }, () => pending(breaker));
    for (const { resolve } of burst.slice(20)) resolve();
    await Promise.all(burst.slice(20).map(async ({ result }) => result));
    for (const { reject } of burst.slice(0, 20)) reject(new Down('503'));
    await Promise.allSettled(burst.map(async ({ result }) => result));
    expect(breaker.state()).toBe('closed');
  });

  it('stays closed for two calls that fail by themselves, and for many beside a success', async () => {
    class Again extends Down {}
    const isFurtherFault = (error: unknown): boolean => error instanceof Again;
    const alone = rig({ minimumAttempts: 10 }, { isFurtherFault });
    await fail(alone.breaker, 2);
    await fail(alone.breaker, 40, new Again());
    expect(alone.breaker.state()).toBe('closed');

    const beside = rig({ minimumAttempts: 10 }, { isFurtherFault });
    await succeed(beside.breaker, 20);
    await fail(beside.breaker, 4);
    for (let i = 0; i < 40; i++) {
      await fail(beside.breaker, 5, new Again());
      await succeed(beside.breaker, 1);
      await beside.clock.advance(1);
    }
    expect(beside.breaker.state()).toBe('closed');
  });

  it('stays closed for quick failures of a burst whose answers take longer, in any order', async () => {
    const { breaker, clock } = rig({ minimumAttempts: 10 });
    const burst: ReturnType<typeof pending>[] = [];
    for (let i = 0; i < 100; i++) {
      burst.push(pending(breaker));
      await clock.advance(1);
    }
    const ends = Promise.allSettled(burst.map(async ({ result }) => result));
    for (const index of [98, 70, 55, 41, 33, 27, 20, 16, 11, 9, 6, 4, 2, 1]) burst[index]!.reject(new Down('503'));
    await flush();
    expect(breaker.state()).toBe('closed');
    for (const { reject } of burst) reject(new Down('503'));
    await ends;
    expect(breaker.state()).toBe('open');
  });

  it('does not count the late failures of a burst that was answered', async () => {
    const { breaker, clock } = rig({ threshold: 0.5, minimumAttempts: 10 });
    const slow = Array.from({ length: 15 }, () => pending(breaker));
    await clock.advance(100);
    await succeed(breaker, 100);
    for (const each of slow) {
      each.reject(new Down('overloaded'));
      await each.result.catch(() => undefined);
    }
    expect(breaker.state()).toBe('closed');
  });

  it('names the time until which no call may go, and wakes the queue when it opens', async () => {
    const made = rig({ halfOpenAfterMs: 5_000 });
    const { breaker, clock, states } = made;
    await fail(breaker, 9);
    expect(made.wakes).toBe(0);
    await fail(breaker, 1);
    expect(made.wakes).toBe(1);
    expect(states).toEqual(['open']);
    expect(breaker.openUntil()).toBe(clock.now() + 5_000);
    expect(breaker.maxInFlight()).toBe(1);
  });

  it('ignores throttling, bad requests and cancellations, and rethrows every error unchanged', async () => {
    const { breaker } = rig({ minimumAttempts: 2 });
    await fail(breaker, 50, new Throttled('429'));
    await fail(breaker, 50, new TypeError('400'));
    await fail(breaker, 50, new Cancelled());
    expect(breaker.state()).toBe('closed');
    expect(breaker.lastFailure).toBeUndefined();
    const down = new Down('500');
    await fail(breaker, 1, down);
    expect(breaker.lastFailure).toBe(down);
    await expect(execute(breaker, () => Promise.reject('a string'))).rejects.toBe('a string');
  });

  it('forgets old failures while idle', async () => {
    const { breaker, clock } = rig({ windowMs: 60_000 });
    await fail(breaker, 9);
    await clock.advance(3_600_000);
    await fail(breaker, 9);
    expect(breaker.state()).toBe('closed');
    await clock.advance(30_000);
    await fail(breaker, 1);
    expect(breaker.state()).toBe('open');
  });

  it('counts a late failure in place of the success at its head', async () => {
    const { breaker, states } = rig({ threshold: 0.9, minimumAttempts: 10 });
    for (let i = 0; i < 9; i++) {
      await succeed(breaker, 1);
      breaker.recordFailure(false);
      await flush();
    }
    expect(breaker.state()).toBe('closed');
    await succeed(breaker, 1);
    breaker.recordFailure(false);
    await flush();
    expect(breaker.state()).toBe('open');
    breaker.recordFailure(false);
    await flush();
    expect(states).toEqual(['open']);
  });
});

describe('the probe', () => {
  it('lets exactly one through when it is due, refuses all others at once, and parks none', async () => {
    const { breaker, clock, states } = rig();
    await fail(breaker, 10);
    let sent = 0;
    const call = () => execute(breaker, async () => sent++);
    await expect(call()).rejects.toBeInstanceOf(CircuitOpen);
    await clock.advance(4_999);
    await expect(call()).rejects.toBeInstanceOf(CircuitOpen);
    await clock.advance(1);
    expect([breaker.openUntil(), breaker.maxInFlight()]).toEqual([0, 1]);

    const probe = pending(breaker);
    expect(breaker.state()).toBe('half_open');
    expect([breaker.openUntil(), breaker.maxInFlight()]).toEqual([0, 0]);
    const others = await Promise.allSettled(Array.from({ length: 1_000 }, call));
    expect(others.every((other) => other.status === 'rejected' && other.reason instanceof CircuitOpen)).toBe(true);
    expect(sent).toBe(0);

    probe.resolve();
    await probe.result;
    expect(states).toEqual(['open', 'half_open', 'closed']);
    expect(breaker.maxInFlight()).toBe(Infinity);
    await flush();
    expect(sent).toBe(0);
  });

  it('wakes the queue when it is due and when it closes, by a timer that keeps no process alive', async () => {
    const made = rig();
    await fail(made.breaker, 10);
    expect(made.wakes).toBe(1);
    expect([made.clock.pending(), made.clock.pending('referenced')]).toEqual([1, 0]);
    await made.clock.advance(5_000);
    expect(made.wakes).toBe(2);
    await succeed(made.breaker, 1);
    expect(made.wakes).toBe(3);
    expect(made.clock.pending()).toBe(0);
  });

  it('wakes the queue no earlier when a timer is early', async () => {
    const made = rig();
    const after = made.clock.after.bind(made.clock);
    made.clock.after = (ms, fn, options) => after(Math.max(0.1, ms - 0.5), fn, options);
    const due: number[] = [];
    const breaker = createBreaker(resolveOptions().breaker, {
      clock: made.clock,
      countsAsFailure: () => true,
      isFurtherFault: () => false,
      isNeutral: () => false,
      onState: () => {},
      onWake: () => due.push(breaker.openUntil()),
    });
    await fail(breaker, 10);
    await made.clock.advance(5_001);
    expect(due).toEqual([expect.any(Number), 0]);
    expect(due[0]).toBeGreaterThan(0);
  });

  it('doubles the open time with each failed probe, to the maximum, and starts over after a success', async () => {
    const { breaker, clock } = rig({ halfOpenAfterMs: 5_000, maxHalfOpenAfterMs: 60_000 });
    const openFor = (): number => breaker.openUntil() - clock.now();
    await fail(breaker, 10);
    const times: number[] = [];
    for (let probe = 0; probe < 6; probe++) {
      times.push(openFor());
      await clock.advance(openFor());
      await fail(breaker, 1);
    }
    expect(times).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    await clock.advance(openFor());
    await succeed(breaker, 1);
    await fail(breaker, 9);
    expect(breaker.state()).toBe('closed');
    await fail(breaker, 1);
    expect(openFor()).toBe(5_000);
  });

  it('is followed by the next at once if the application cancels it', async () => {
    const made = rig({ halfOpenAfterMs: 5_000, maxHalfOpenAfterMs: 60_000 });
    const { breaker, clock, states } = made;
    await fail(breaker, 10);
    await clock.advance(5_000);
    await fail(breaker, 1);
    await clock.advance(10_000);
    const { wakes } = made;
    await fail(breaker, 1, new Cancelled());
    expect([breaker.openUntil(), breaker.maxInFlight(), made.wakes]).toEqual([0, 1, wakes + 1]);
    await fail(breaker, 1);
    expect(breaker.openUntil()).toBe(clock.now() + 20_000);
    expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'open', 'half_open', 'open']);
    expect(breaker.lastFailure).toBeInstanceOf(Down);
  });

  it('delays the next one no longer than the circuit was open, however long its own answer takes', async () => {
    const { breaker, clock, states } = rig({ halfOpenAfterMs: 5_000 });
    await fail(breaker, 10);
    await clock.advance(5_000);
    const hanging = pending(breaker);
    await clock.advance(4_999);
    expect([breaker.state(), breaker.maxInFlight()]).toEqual(['half_open', 0]);
    await clock.advance(1);
    expect([breaker.state(), breaker.openUntil(), breaker.maxInFlight()]).toEqual(['open', 0, 2]);
    await succeed(breaker, 1);
    expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'closed']);
    // Its end no longer decides anything.
    hanging.reject(new Down('timeout'));
    await expect(hanging.result).rejects.toBeInstanceOf(Down);
    expect([breaker.state(), clock.pending()]).toEqual(['closed', 0]);
  });

  it('closes the circuit if it is answered after all', async () => {
    const { breaker, clock } = rig({ halfOpenAfterMs: 5_000 });
    await fail(breaker, 10);
    await clock.advance(5_000);
    const slow = pending(breaker);
    await clock.advance(5_000);
    await fail(breaker, 1);
    expect(breaker.openUntil()).toBe(clock.now() + 5_000);
    slow.resolve();
    await slow.result;
    await flush();
    expect([breaker.state(), breaker.maxInFlight()]).toEqual(['closed', Infinity]);
  });

  it('closes the circuit by a late answer if the probe after it gets none', async () => {
    const { breaker, clock } = rig({ halfOpenAfterMs: 5_000 });
    await fail(breaker, 10);
    await clock.advance(5_000);
    const slow = pending(breaker);
    await clock.advance(5_000);
    const hanging = pending(breaker);
    slow.resolve();
    await slow.result;
    expect(breaker.state()).toBe('half_open');
    await clock.advance(5_000);
    expect(breaker.state()).toBe('closed');
    hanging.resolve();
    await hanging.result;
  });

  it('takes a 429 or another 4xx for a sign of life', async () => {
    for (const error of [new Throttled('429'), new TypeError('400')]) {
      const { breaker, clock } = rig();
      await fail(breaker, 10);
      await clock.advance(5_000);
      await fail(breaker, 1, error);
      expect(breaker.state()).toBe('closed');
    }
  });

  it('is decided by nothing that began before the outage', async () => {
    const { breaker, clock, states } = rig();
    const old = Array.from({ length: 30 }, () => pending(breaker));
    await clock.advance(1_000);
    await fail(breaker, 10);
    await clock.advance(5_000);
    const probe = pending(breaker);
    old[0]!.resolve();
    old[1]!.reject(new Down('timeout'));
    old[2]!.reject(new Cancelled());
    await Promise.allSettled([old[0]!.result, old[1]!.result, old[2]!.result]);
    expect(breaker.state()).toBe('half_open');
    probe.resolve();
    await probe.result;
    // Requests lost in the outage time out long after it.
    for (const each of old.slice(3)) each.reject(new Down('timeout'));
    await Promise.allSettled(old.map((each) => each.result));
    expect(states).toEqual(['open', 'half_open', 'closed']);
  });

  it('is not decided by an earlier attempt that throws a primitive', async () => {
    const { breaker, clock } = rig({}, { countsAsFailure: (error) => error instanceof Down || error === 'down' });
    const old = pending(breaker);
    await fail(breaker, 10);
    await clock.advance(5_000);
    const probe = pending(breaker);
    old.reject('down' as unknown as Error);
    await expect(old.result).rejects.toBe('down');
    expect(breaker.state()).toBe('half_open');
    probe.resolve();
    await probe.result;
    expect(breaker.state()).toBe('closed');
  });

  it('stops the timer of an obsolete wake', async () => {
    const made = rig();
    let probe: ReturnType<typeof pending> | undefined;
    // Set first, so that it runs before the breaker's own timer of the same moment.
    made.clock.after(5_000, () => (probe = pending(made.breaker)));
    await fail(made.breaker, 10);
    await made.clock.advance(5_000);
    // The remaining one is the probe's own.
    expect([made.breaker.state(), made.wakes, made.clock.pending()]).toEqual(['half_open', 1, 1]);
    probe!.resolve();
    await probe!.result;
  });

  it('is not disturbed by a late failure either', async () => {
    const { breaker, clock } = rig();
    await fail(breaker, 10);
    await clock.advance(5_000);
    const probe = pending(breaker);
    for (let i = 0; i < 20; i++) breaker.recordFailure(false);
    await flush();
    expect(breaker.state()).toBe('half_open');
    probe.resolve();
    await probe.result;
    expect(breaker.state()).toBe('closed');
  });
});

describe('robustness', () => {
  it.each([3_600_000, -3_600_000])('ignores a wall clock stepped by %i ms', async (step) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 15, 12) });
    const { breaker, clock } = rig();
    await fail(breaker, 10);
    vi.setSystemTime(Date.now() + step);
    clock.jumpWall(step);
    await clock.advance(4_999);
    await expect(execute(breaker, async () => 1)).rejects.toBeInstanceOf(CircuitOpen);
    await clock.advance(1);
    await succeed(breaker, 1);
    expect(breaker.state()).toBe('closed');
    // Failures before and after a step share the window.
    await fail(breaker, 5);
    vi.setSystemTime(Date.now() + step);
    await fail(breaker, 5);
    expect(breaker.state()).toBe('open');
  });

  it('gives each call its own result when the listeners throw', async () => {
    const broken = (): never => {
      throw new Error('listener');
    };
    const { breaker, clock } = rig({}, { onState: broken, onWake: broken });
    await fail(breaker, 10);
    await clock.advance(5_000);
    await fail(breaker, 1);
    await clock.advance(10_000);
    expect(await execute(breaker, async () => 'paid once')).toBe('paid once');
    expect(breaker.state()).toBe('closed');
  });

  it('says how long calls may wait', () => {
    expect(rig({ maxWaitMs: 1_234 }).breaker.maxWaitMs).toBe(1_234);
    expect(rig({ maxWaitMs: 1_234, onOpen: 'fail' }).breaker.maxWaitMs).toBe(0);
  });

  it('leaves no timer and emits nothing after close', async () => {
    const made = rig();
    await fail(made.breaker, 10);
    const told = [made.wakes, made.states.length];
    made.breaker.close();
    expect(made.clock.pending()).toBe(0);
    await made.clock.advance(5_000);
    await fail(made.breaker, 1);
    expect([made.wakes, made.states.length]).toEqual(told);
    expect(made.clock.pending()).toBe(0);
  });

  it('leaves no listener on a signal that its calls share', async () => {
    const { breaker } = rig();
    const controller = new AbortController();
    for (let i = 0; i < 50; i++) await execute(breaker, async () => controller.signal.throwIfAborted());
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('without options', () => {
  it('lets everything through', async () => {
    const clock = new VirtualClock();
    const breaker = createBreaker(undefined, {
      clock,
      countsAsFailure: () => true,
      isFurtherFault: () => false,
      isNeutral: () => false,
      onState: () => expect.unreachable(),
      onWake: () => expect.unreachable(),
    });
    await fail(breaker, 100);
    breaker.recordFailure(false);
    await succeed(breaker, 1);
    expect([breaker.state(), breaker.openUntil(), breaker.maxInFlight()]).toEqual(['closed', 0, Infinity]);
    breaker.close();
  });
});

describe('trip', () => {
  it('opens a closed circuit at once, and a probe closes it again', async () => {
    const { breaker, clock, states } = rig();
    await succeed(breaker, 50);
    expect(breaker.trip()).toBe(true);
    await flush();
    expect(states).toEqual(['open']);
    expect(breaker.trip()).toBe(true);
    await expect(execute(breaker, async () => 1)).rejects.toBeInstanceOf(CircuitOpen);
    await clock.advance(5_000);
    await succeed(breaker, 1);
    expect(states).toEqual(['open', 'half_open', 'closed']);
    await fail(breaker, 1);
    expect(breaker.state()).toBe('closed');
  });

  it('does nothing if no call would wait', async () => {
    const { breaker, states } = rig({ onOpen: 'fail' });
    expect(breaker.trip()).toBe(false);
    await flush();
    expect(states).toEqual([]);
    expect(createBreaker(undefined, {} as BreakerDeps).trip()).toBe(false);
  });
});

describe('failures that come sooner than answers', () => {
  it('open nothing while most requests of the same time are still in flight', async () => {
    const { breaker, clock } = rig();
    for (let round = 0; round < 20; round++) {
      await fail(breaker, 1);
      const slow = Array.from({ length: 9 }, () => pending(breaker));
      await clock.advance(100);
      expect(slow).toHaveLength(9);
    }
    expect(breaker.state()).toBe('closed');
  });

  it('open the circuit if no request of that time succeeds', async () => {
    const { breaker, clock } = rig();
    const old = Array.from({ length: 50 }, () => pending(breaker));
    await clock.advance(1_000);
    await fail(breaker, 10);
    expect(breaker.state()).toBe('open');
    expect(old).toHaveLength(50);
  });
});
