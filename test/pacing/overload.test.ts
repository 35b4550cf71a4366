import { describe, expect, it } from 'vitest';
import type { CircuitGate } from '../../src/core/admission.ts';
import { Overload } from '../../src/pacing/limits/overload.ts';
import { SentAttempts } from '../helpers/sent-attempts.ts';
import { fail, finish, harness, PACING, watch, type Watched } from './harness.ts';

/** So many attempts at once, 10 ms apart. */
function burst(sent: SentAttempts, count: number, from = 1) {
  return Array.from({ length: count }, (_, index) => sent.send(from + index, (from + index) * 10, index + 1));
}

describe('what a busy server refuses', () => {
  it('is taken for a limit once two are refused behind others that it keeps', () => {
    const sent = new SentAttempts();
    const overload = new Overload(sent.list);
    const attempts = burst(sent, 20);
    const refused = attempts.slice(16).map((attempt) => {
      attempt.answered = true;
      return overload.refused(attempt, 20, attempt.sentAt + 100);
    });
    expect(refused).toEqual([false, true, true, true]);
  });

  it('is none if all that was sent before is refused as well', () => {
    const sent = new SentAttempts();
    const overload = new Overload(sent.list);
    for (const attempt of burst(sent, 20)) {
      attempt.answered = true;
      expect(overload.refused(attempt, 20, attempt.sentAt + 100)).toBe(false);
    }
  });

  it('is none with far fewer in flight than were just served', () => {
    const sent = new SentAttempts();
    const overload = new Overload(sent.list);
    const attempts = burst(sent, 40);
    for (const attempt of attempts) {
      attempt.answered = true;
      overload.served(attempt, 1_000);
    }
    for (const attempt of burst(sent, 10, 101).slice(5)) {
      attempt.answered = true;
      expect(overload.refused(attempt, 110, attempt.sentAt + 100)).toBe(false);
    }
  });

  it('is none any more if fewer in flight do not help', () => {
    const sent = new SentAttempts();
    const overload = new Overload(sent.list);
    const held = burst(sent, 20);
    const refusedAgain = [101, 201, 301, 401, 501].map((sequence, round) => {
      const pair = [1, 2].map((next) => ({ sequence: sequence + next, inFlight: 20 - round, sentAt: sequence * 10 }));
      return pair.map((attempt) => overload.refused(attempt, attempt.sequence, attempt.sentAt + 10)).at(-1);
    });
    expect(held).toHaveLength(20);
    expect(refusedAgain[0]).toBe(true);
    expect(refusedAgain.at(-1)).toBe(false);
  });

  it('lowers the number in flight to what it keeps, and rises again while calls are served', async () => {
    const h = harness({ pacing: PACING });
    const calls: Watched[] = [];
    const start = async (): Promise<void> => {
      calls.push(watch(h));
      await h.clock.advance(0);
    };
    for (let index = 0; index < 300; index++) await start();
    const going = (): Watched[] => calls.filter(({ ticket }) => ticket && !ended.has(ticket));
    const ended = new Set<unknown>();
    let most = 0;
    for (let step = 0; step < 200 && calls.some(({ ticket }) => !ticket || !ended.has(ticket)); step++) {
      // Keeps the first eight, and refuses the rest.
      going().forEach(({ ticket }, index) => {
        if (index < 8) return;
        ended.add(ticket);
        fail(ticket, { outcome: 'overloaded', status: 503 });
        calls.push(watch(h, { place: ticket!.place }));
      });
      await h.clock.advance(100);
      if (step % 5 === 4) {
        for (const { ticket } of going().slice(0, 8)) {
          ended.add(ticket);
          finish(ticket);
        }
      }
      if (step > 20) most = Math.max(most, going().length);
    }
    expect(most).toBeGreaterThanOrEqual(8);
    expect(most).toBeLessThanOrEqual(12);
  });
});

describe('a circuit that closes', () => {
  it.for([undefined, PACING])('lets its queue go in steps, pacing: %o', async (pacing) => {
    let open = true;
    const gate: CircuitGate = {
      openUntil: () => (open ? 10_000 : 0),
      maxInFlight: () => (open ? 0 : Infinity),
      maxWaitMs: 60_000,
    };
    const h = harness({ gate, pacing, maxConcurrent: 500 });
    const calls = Array.from({ length: 400 }, () => watch(h));
    await h.clock.advance(5_000);
    open = false;
    h.lane.wake();
    const sent = (): number => calls.filter(({ ticket }) => ticket).length;
    await h.clock.advance(0);
    expect(sent()).toBeLessThanOrEqual(8);
    await h.clock.advance(250);
    expect(sent()).toBeLessThanOrEqual(32);
    await h.clock.advance(5_000);
    expect(sent()).toBe(400);
  });
});
