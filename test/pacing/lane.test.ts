import { describe, expect, it } from 'vitest';
import { AdmissionRefused, type CircuitGate } from '../../src/core/admission.ts';
import { flush } from '../helpers/virtual-clock.ts';
import { fail, finish, harness, request, watch, type Watched } from './harness.ts';

function refused(error: unknown): AdmissionRefused {
  expect(error).toBeInstanceOf(AdmissionRefused);
  return error as AdmissionRefused;
}

describe('order', () => {
  it('is first come, first served, and a retry keeps its place', async () => {
    const h = harness({ maxConcurrent: 1 });
    const first = watch(h);
    const second = watch(h);
    const third = watch(h);
    await flush();
    expect([first.ticket, second.ticket].map(Boolean)).toEqual([true, false]);
    const { place } = first.ticket!;
    const retry = watch(h, { place });
    finish(first.ticket);
    await flush();
    expect(retry.ticket?.place).toBe(place);
    expect(second.ticket).toBeUndefined();
    finish(retry.ticket);
    await flush();
    expect(second.ticket?.cause).toBe('concurrency');
    finish(second.ticket);
    await flush();
    expect(third.ticket).toBeDefined();
    expect(h.lane.queued).toBe(0);
  });

  it('gives interactive calls eight turns for each of batch', async () => {
    const h = harness({ maxConcurrent: 1 });
    const running = watch(h);
    const batch = Array.from({ length: 45 }, () => watch(h, { priority: 'batch' }));
    const interactive = Array.from({ length: 45 }, () => watch(h, { priority: 'interactive' }));
    await serve(running, [...batch, ...interactive], 45);
    expect(served(interactive)).toBeGreaterThanOrEqual(39);
    expect(served(batch)).toBeGreaterThanOrEqual(4);
  });

  it('shares turns between tenants of one priority', async () => {
    const h = harness({ maxConcurrent: 1 });
    const running = watch(h);
    const greedy = Array.from({ length: 50 }, () => watch(h, { tenant: 'greedy' }));
    const modest = Array.from({ length: 5 }, () => watch(h, { tenant: 'modest' }));
    await serve(running, [...greedy, ...modest], 10);
    expect(served(modest)).toBe(5);
    expect(served(greedy)).toBe(5);
  });
});

/** Ends the running call so that the next one goes, this many times. */
async function serve(running: Watched, waiting: readonly Watched[], turns: number): Promise<void> {
  const left = new Set(waiting);
  let current = running;
  for (let turn = 0; turn < turns; turn++) {
    await flush();
    finish(current.ticket);
    await flush();
    current = [...left].find((each) => each.ticket)!;
    left.delete(current);
  }
}

function served(calls: readonly Watched[]): number {
  return calls.filter((each) => each.ticket).length;
}

describe('abort', () => {
  it('settles queued calls at once with the reason, and leaves no listener', async () => {
    const h = harness({ maxConcurrent: 1 });
    const running = watch(h);
    const signals = Array.from({ length: 3 }, () => new AbortController());
    const listeners = new Map<AbortSignal, number>();
    for (const { signal } of signals) {
      const { addEventListener, removeEventListener } = signal;
      listeners.set(signal, 0);
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        listeners.set(signal, listeners.get(signal)! + 1);
        addEventListener.apply(signal, args);
      };
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        listeners.set(signal, listeners.get(signal)! - 1);
        removeEventListener.apply(signal, args);
      };
    }
    const waiting = signals.map(({ signal }) => watch(h, { signal }));
    const shared = Array.from({ length: 4 }, () => watch(h, { signal: signals[0]!.signal }));
    await flush();
    expect([...listeners.values()]).toEqual([1, 1, 1]);
    const reason = new Error('gone');
    signals[1]!.abort(reason);
    await flush();
    expect(waiting[1]!.error).toBe(reason);
    expect(h.lane.queued).toBe(6);
    finish(running.ticket);
    await flush();
    expect(waiting[0]!.ticket).toBeDefined();
    expect(listeners.get(signals[0]!.signal)).toBe(1);
    signals[0]!.abort(reason);
    await flush();
    expect(shared.map((each) => each.error)).toEqual([reason, reason, reason, reason]);
    expect(waiting[2]!.ticket).toBeUndefined();
    finish(waiting[0]!.ticket);
    await flush();
    expect(waiting[2]!.ticket).toBeDefined();
    expect(listeners.get(signals[2]!.signal)).toBe(0);
    expect(h.lane.queued).toBe(0);
  });

  it('refuses a call that is already aborted, with its reason', async () => {
    const h = harness();
    await expect(h.lane.acquire(request({ signal: AbortSignal.abort('why') }))).rejects.toBe('why');
    expect(h.lane.inFlight).toBe(0);
  });

  it('ends waits in a pause and behind an open circuit', async () => {
    const controller = new AbortController();
    const h = harness({ gate: { openUntil: () => Infinity, maxInFlight: () => 0, maxWaitMs: 1e9 } });
    const waiting = watch(h, { signal: controller.signal });
    await h.clock.advance(1_000);
    controller.abort('bye');
    await flush();
    expect(waiting.error).toBe('bye');
    expect(h.clock.pending()).toBe(0);
  });
});

describe('limits of the lane itself', () => {
  it('refuses more than maxQueued, but never a retry', async () => {
    const h = harness({ maxConcurrent: 1, maxQueued: 1 });
    const running = watch(h);
    watch(h);
    const third = watch(h);
    await flush();
    expect(refused(third.error).reason).toBe('queue_full');
    const retry = watch(h, { place: running.ticket!.place });
    finish(running.ticket);
    await flush();
    expect(retry.ticket).toBeDefined();
  });

  it('refuses a call when its deadline passes in the queue', async () => {
    const h = harness({ maxConcurrent: 1 });
    watch(h);
    const late = watch(h, { deadlineAt: h.clock.now() + 500 });
    const patient = watch(h);
    await h.clock.advance(499);
    expect(late.error).toBeUndefined();
    await h.clock.advance(2);
    expect(refused(late.error).reason).toBe('deadline');
    expect(patient.at).toBeUndefined();
    expect(h.clock.pending()).toBe(0);
  });

  it('frees a slot once, in whatever order settle and release are called', async () => {
    const h = harness({ maxConcurrent: 1 });
    for (const order of ['settle', 'release'] as const) {
      const { ticket } = await admitted(h);
      if (order === 'release') ticket.release();
      ticket.settle({ outcome: 'ok' });
      ticket.release();
      ticket.release();
      expect(h.lane.inFlight).toBe(0);
    }
  });

  it('refuses every call once it is closed, and keeps no timer', async () => {
    const h = harness({ maxConcurrent: 1 });
    watch(h);
    const waiting = [watch(h, { deadlineAt: h.clock.now() + 9e6 }), watch(h)];
    await flush();
    expect(h.clock.pending()).toBe(1);
    h.lane.close();
    waiting.push(watch(h));
    await flush();
    expect(waiting.map((each) => refused(each.error).reason)).toEqual(['closed', 'closed', 'closed']);
    expect(h.clock.pending()).toBe(0);
  });
});

async function admitted(
  h: ReturnType<typeof harness>,
): Promise<{ ticket: NonNullable<ReturnType<typeof watch>['ticket']> }> {
  const call = watch(h);
  await flush();
  return { ticket: call.ticket! };
}

describe('pause', () => {
  it('holds the whole lane for the hint and up to a tenth longer', async () => {
    const h = harness();
    const { ticket } = await admitted(h);
    const start = h.clock.now();
    fail(ticket, { outcome: 'throttled', dimension: 'tokens', hintMs: 2_000 });
    const waiting = [watch(h, { place: ticket.place }), watch(h)];
    expect(h.pauses).toEqual([{ forMs: 2_100, dimension: 'tokens' }]);
    expect(h.lane.pausedForMs()).toBeCloseTo(2_100);
    await h.clock.advance(2_099);
    expect(waiting.map((each) => each.at)).toEqual([undefined, undefined]);
    await h.clock.advance(5);
    for (const each of waiting) {
      expect(each.at! - start).toBeGreaterThanOrEqual(2_100);
      expect(each.at! - start).toBeLessThan(2_103);
      expect(each.ticket?.cause).toBe('pause');
    }
    expect(h.lane.pausedForMs()).toBe(0);
  });

  it('is never shortened by a smaller hint', async () => {
    const h = harness();
    const [a, b] = [(await admitted(h)).ticket, (await admitted(h)).ticket];
    fail(a, { outcome: 'throttled', hintMs: 10_000 });
    fail(b, { outcome: 'throttled', hintMs: 1_000 });
    expect(h.lane.pausedForMs()).toBeCloseTo(10_500);
    expect(h.pauses).toHaveLength(1);
  });

  it('refuses at once calls whose deadline falls into it', async () => {
    const h = harness();
    const { ticket } = await admitted(h);
    fail(ticket, { outcome: 'throttled', hintMs: 10_000 });
    const late = watch(h, { deadlineAt: h.clock.now() + 5_000 });
    const patient = watch(h, { deadlineAt: h.clock.now() + 50_000 });
    await flush();
    expect(refused(late.error)).toMatchObject({ reason: 'deadline' });
    expect(refused(late.error).waitMs).toBeCloseTo(10_500);
    expect(patient.error).toBeUndefined();
  });

  it.each([
    ['deadline', 'unknown'],
    ['deadline', 'requests'],
    ['deadline', 'tokens'],
    ['day_limit', 'tokens_day'],
  ] as const)('shuts the lane with %s when %s resets later than anyone should wait', async (reason, dimension) => {
    const h = harness();
    const { ticket } = await admitted(h);
    const failure = { outcome: 'throttled' as const, hintMs: 600_000, dimension };
    fail(ticket, failure);
    const second = await admitted(h);
    fail(second.ticket, failure);
    const waiting = watch(h);
    await flush();
    expect(refused(waiting.error)).toMatchObject({ reason, waitMs: 600_000, failure, dimension });
    await h.clock.advance(600_001);
    const later = watch(h);
    await flush();
    expect(later.ticket).toBeDefined();
  });
});

describe('circuit', () => {
  it('holds calls back while it is open, for maxWaitMs at most', async () => {
    let openUntil = 0;
    const gate: CircuitGate = { openUntil: () => openUntil, maxInFlight: () => Infinity, maxWaitMs: 8_000 };
    const h = harness({ gate });
    openUntil = h.clock.now() + 5_000;
    const waiting = watch(h);
    await h.clock.advance(4_000);
    expect(waiting.at).toBeUndefined();
    openUntil = h.clock.now() + 6_000;
    h.lane.wake();
    await flush();
    expect(refused(waiting.error).reason).toBe('circuit_open');
    const second = watch(h);
    await h.clock.advance(6_001);
    expect(second.ticket?.cause).toBe('circuit');
  });

  it('fails at once with maxWaitMs 0', async () => {
    const clock = harness().clock;
    const h = harness({ clock, gate: { openUntil: () => clock.now() + 5_000, maxInFlight: () => 1, maxWaitMs: 0 } });
    const call = watch(h);
    await flush();
    expect(refused(call.error)).toMatchObject({ reason: 'circuit_open', waitMs: 5_000 });
  });

  it('lets the probe of a half-open circuit through, whatever else is still in flight', async () => {
    let most = Infinity;
    const h = harness({ gate: { openUntil: () => 0, maxInFlight: () => most, maxWaitMs: 3_000 } });
    const stream = watch(h);
    await flush();
    most = 1;
    const calls = [watch(h), watch(h), watch(h)];
    await flush();
    expect(calls.map((each) => Boolean(each.ticket))).toEqual([true, false, false]);
    calls[0]!.ticket!.release();
    await flush();
    // The last arrival has the most time left for an answer.
    expect(calls.map((each) => Boolean(each.ticket))).toEqual([true, false, true]);
    await h.clock.advance(3_001);
    expect(refused(calls[1]!.error).reason).toBe('circuit_open');
    most = Infinity;
    const after = watch(h);
    await flush();
    expect(after.ticket).toBeDefined();
    finish(stream.ticket);
    expect(h.lane.inFlight).toBe(2);
  });
});

describe('quota', () => {
  it('refuses every call with the failure, and tries again, half as often each time up to once a minute', async () => {
    const h = harness({ maxConcurrent: 1 });
    const { ticket } = await admitted(h);
    const queued = [watch(h), watch(h)];
    const failure = { outcome: 'quota_exhausted' as const, code: 'credit_balance_exhausted', advice: 'pay' };
    fail(ticket, failure);
    queued.push(watch(h));
    await flush();
    expect(queued.map((each) => Boolean(each.ticket))).toEqual([true, false, false]);
    fail(queued.shift()!.ticket, failure);
    await flush();
    for (const each of queued) {
      expect(refused(each.error)).toMatchObject({ reason: 'quota', dimension: 'quota' });
      expect(refused(each.error).failure).toMatchObject(failure);
    }
    for (const everyMs of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      await h.clock.advance(everyMs - 1);
      const early = watch(h);
      await h.clock.advance(1);
      const probe = watch(h);
      const second = watch(h);
      await flush();
      expect([early, probe, second].map((each) => Boolean(each.ticket))).toEqual([false, true, false]);
      fail(probe.ticket, failure);
    }
    await h.clock.advance(60_000);
    const paid = watch(h);
    await flush();
    finish(paid.ticket);
    const after = watch(h);
    await flush();
    expect(after.ticket).toBeDefined();
  });

  it('is not lifted by a call that was sent before', async () => {
    const h = harness();
    const before = (await admitted(h)).ticket;
    const { ticket } = await admitted(h);
    await h.clock.advance(10);
    fail(ticket, { outcome: 'quota_exhausted' });
    fail((await admitted(h)).ticket, { outcome: 'quota_exhausted' });
    finish(before);
    const call = watch(h);
    await flush();
    expect(refused(call.error).reason).toBe('quota');
  });
});
