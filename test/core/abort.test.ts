import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort, sleep } from '../../src/core/abort.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('many waits with one signal', () => {
  it('register once, end in the order in which they began, and let the event loop go on between them', async () => {
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

describe('a listener that is taken back', () => {
  it('is not called, and the last one takes the registration with it', () => {
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
