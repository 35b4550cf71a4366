import { BulkheadRejectedError } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { createSlots } from '../../src/policies/bulkhead.ts';

describe('createSlots', () => {
  it('holds a slot at once, until it is returned', () => {
    const slots = createSlots(2);
    slots.take();
    expect(slots.active).toBe(1);
    slots.take();
    expect(slots.active).toBe(2);
    slots.free();
    expect(slots.active).toBe(1);
    slots.free();
    expect(slots.active).toBe(0);
  });

  it('has no more of them after a thousand than before', () => {
    const slots = createSlots(2);
    for (let turn = 0; turn < 1_000; turn++) {
      slots.take();
      slots.take();
      expect(() => slots.take()).toThrow(BulkheadRejectedError);
      slots.free();
      slots.free();
    }
    expect(slots.active).toBe(0);
  });

  it('never queues: above the cap it throws, takes nothing and displaces none', () => {
    const slots = createSlots(2);
    slots.take();
    slots.take();
    expect(() => slots.take()).toThrow(BulkheadRejectedError);
    expect(slots.active).toBe(2);
    slots.free();
    slots.take();
    expect(slots.active).toBe(2);
  });
});
