import { BulkheadRejectedError } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { createSlots } from '../../src/policies/bulkhead.ts';
import { flush } from '../helpers/virtual-clock.ts';

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((ok, fail) => {
    resolve = ok;
    reject = fail;
  });
  return { promise, resolve, reject };
}

describe('createSlots', () => {
  it('holds a slot at once, until the body has ended', async () => {
    const slots = createSlots(2);
    const body = deferred();
    let freed = 0;
    slots.hold(body.promise, () => freed++);
    expect(slots.active).toBe(1);
    await flush();
    expect([slots.active, freed]).toEqual([1, 0]);
    body.resolve();
    await flush();
    expect([slots.active, freed]).toEqual([0, 1]);
  });

  it('frees the slot when the body fails', async () => {
    const slots = createSlots(1);
    const body = deferred();
    let freed = 0;
    slots.hold(body.promise, () => freed++);
    body.reject(new Error('reset'));
    await flush();
    expect([slots.active, freed]).toEqual([0, 1]);
  });

  it('lets the next one in from the callback, a thousand times in a row', async () => {
    const slots = createSlots(1);
    const order: number[] = [];
    const next = (index: number): void => {
      if (index === 1_000) return;
      slots.hold(Promise.resolve(), () => next(index + 1));
      order.push(index);
    };
    next(0);
    while (slots.active > 0) await flush();
    expect(order).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });

  it('never queues: beyond the cap it throws, holds nothing and displaces nobody', async () => {
    const slots = createSlots(2);
    const held = [deferred(), deferred()];
    for (const { promise } of held) slots.hold(promise, () => {});
    let freed = 0;
    expect(() => slots.hold(Promise.resolve(), () => freed++)).toThrow(BulkheadRejectedError);
    await flush();
    expect([freed, slots.active]).toEqual([0, 2]);
    for (const each of held) each.resolve();
    await flush();
    expect(slots.active).toBe(0);
  });
});
