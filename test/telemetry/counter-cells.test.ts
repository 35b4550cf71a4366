import type { Counter } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { add, CounterCells, Tally } from '../../src/telemetry/counter-cells.ts';

function counterOf(added: [number, unknown][]): Counter {
  return { add: (amount, attributes) => void added.push([amount, attributes]) };
}

describe('counters', () => {
  it('are summed per series until they are collected', () => {
    const added: [number, unknown][] = [];
    const tally = new Tally();
    const cells = new CounterCells(counterOf(added), tally);
    const [one, two] = [cells.cell({ model: 'one' }), cells.cell({ model: 'two' })];
    added.length = 0;
    for (let call = 0; call < 100; call++) add(one, 2);
    add(two, 1);
    for (const nothing of [0, -1, NaN, Infinity]) add(two, nothing);
    expect(added).toEqual([]);
    tally.flush();
    tally.flush();
    expect(added).toEqual([
      [200, { model: 'one' }],
      [1, { model: 'two' }],
    ]);
  });

  it('lag by at most 500 additions without a collection', () => {
    const added: [number, unknown][] = [];
    const cell = new CounterCells(counterOf(added), new Tally()).cell({});
    for (let call = 0; call < 1_250; call++) add(cell, 1);
    expect(added.map(([amount]) => amount)).toEqual([0, 500, 500]);
  });

  it('count nothing twice when a counter throws', () => {
    let throws = true;
    const added: number[] = [];
    const tally = new Tally();
    const counter: Counter = {
      add(amount) {
        if (throws && amount > 0) throw new Error('a meter');
        added.push(amount);
      },
    };
    const cell = new CounterCells(counter, tally).cell({});
    add(cell, 3);
    expect(() => tally.flush()).toThrow('a meter');
    throws = false;
    add(cell, 4);
    tally.flush();
    expect(added).toEqual([0, 4]);
  });
});
