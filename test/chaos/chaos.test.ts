import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { countTimers, hurried } from '../helpers/stopped-time.ts';
import { attack, faultsOf } from './attack.ts';

let timers: () => number;
beforeEach(() => void (timers = countTimers()));
afterEach(() => void vi.useRealTimers());

/** A small, fixed part of `npm run test:chaos`. */
describe('corrupted answers, aborts and failing listeners', () => {
  it.each(SDKS)(
    'leave $name with an answer, its beginning or an error for each call, and nothing open',
    async (sdk) => {
      const figures = await hurried(attack(sdk, 1, 100, timers));
      expect(faultsOf(figures)).toEqual([]);
      expect(figures.settledMs).toHaveLength(100);
      expect(figures.succeeded).toBeGreaterThan(10);
      expect(figures.failed).toBeGreaterThan(2);
      expect(figures.aborted).toBeGreaterThan(3);
    },
  );
});
