import { expect, test } from 'vitest';
import { stretchesOf } from '../../../src/commands/report/stretches.ts';

const at = (minute: number): number => Date.UTC(2026, 0, 15) + minute * 60_000;

test('minutes without a call count as nothing, not as the previous ones', () => {
  const minutes = [
    [at(0), 5],
    [at(1), 7],
    [at(4), 3],
  ] as const;
  expect(stretchesOf(minutes, 100)).toEqual([5, 7, 0, 0, 3, 0].map((value, minute) => [at(minute), value]));
});

test('a long record keeps the maximum of each stretch', () => {
  const minutes = Array.from({ length: 1_000 }, (_, minute) => [at(minute), minute === 777 ? 90 : 1] as const);
  const made = stretchesOf(minutes, 100);
  expect(made).toHaveLength(101);
  expect(made.filter(([, value]) => value === 90)).toEqual([[at(770), 90]]);
  expect(made.slice(0, -1).every(([, value]) => value > 0)).toBe(true);
  expect(stretchesOf([], 100)).toEqual([]);
});
