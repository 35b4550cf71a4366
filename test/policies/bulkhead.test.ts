import { BulkheadRejectedError } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { createSlots, type Slots } from '../../src/policies/bulkhead.ts';
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
  it('hands the value over at the head and holds the slot until the body has ended', async () => {
    const slots = createSlots(2);
    const body = deferred();
    let freed = 0;
    const value = await slots.run(
      async () => ({ value: 'stream', ended: body.promise }),
      () => freed++,
    );
    expect(value).toBe('stream');
    await flush();
    expect([slots.active, freed]).toEqual([1, 0]);
    body.resolve();
    await flush();
    expect([slots.active, freed]).toEqual([0, 1]);
  });

  it('starts in the same tick and counts from then on', () => {
    const slots = createSlots(1);
    let started = false;
    void slots.run(
      () => {
        started = true;
        return new Promise<never>(() => {});
      },
      () => {},
    );
    expect([started, slots.active]).toEqual([true, 1]);
  });

  it('frees the slot when the start fails, thrown or rejected, and passes the same error on', async () => {
    const slots = createSlots(1);
    const error = new Error('503');
    for (const start of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ]) {
      let freed = 0;
      await expect(slots.run(start, () => freed++)).rejects.toBe(error);
      await flush();
      expect([slots.active, freed]).toEqual([0, 1]);
    }
  });

  it('frees the slot when the body fails, without disturbing the value that was handed over', async () => {
    const slots = createSlots(1);
    const body = deferred();
    let freed = 0;
    const run = slots.run(
      async () => ({ value: 1, ended: body.promise }),
      () => freed++,
    );
    expect(await run).toBe(1);
    body.reject(new Error('reset'));
    await flush();
    expect([slots.active, freed]).toEqual([0, 1]);
    expect(await run).toBe(1);
  });

  it('lets the next one in from the callback, a thousand times in a row', async () => {
    const slots = createSlots(1);
    const order: number[] = [];
    const next = async (index: number): Promise<void> => {
      if (index === 1_000) return;
      order.push(
        await slots.run(
          async () => ({ value: index, ended: Promise.resolve() }),
          () => void next(index + 1),
        ),
      );
    };
    await next(0);
    await flush();
    expect(order).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
    expect(slots.active).toBe(0);
  });

  it('never queues: beyond the cap it rejects at once, starts nothing and displaces nobody (B1, B2)', async () => {
    const slots = createSlots(2);
    const held = [hold(slots), hold(slots)];
    let started = 0;
    let freed = 0;
    const extra = slots.run(
      async () => {
        started++;
        return { value: 0, ended: Promise.resolve() };
      },
      () => freed++,
    );
    await expect(extra).rejects.toBeInstanceOf(BulkheadRejectedError);
    // The caller holds a ticket for this run, which ends here as well.
    expect([started, freed, slots.active]).toEqual([0, 1, 2]);
    for (const each of held) each.end();
    await flush();
    expect(await Promise.all(held.map((each) => each.value))).toEqual(['held', 'held']);
    expect(slots.active).toBe(0);
  });
});

function hold(slots: Slots): { value: Promise<string>; end: () => void } {
  const body = deferred();
  const value = slots.run(
    async () => ({ value: 'held', ended: body.promise }),
    () => {},
  );
  return { value, end: body.resolve };
}
