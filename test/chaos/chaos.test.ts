import { describe, expect, it } from 'vitest';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { attack, faultsOf } from './attack.ts';

/** A small, fixed part of `npm run test:chaos`. */
describe('corrupted answers, aborts and failing listeners', () => {
  it.each(SDKS)(
    'leave $name with an answer, its beginning or an error for each call, and nothing open',
    async (sdk) => {
      // A busy machine may stall for as long as a stalled attempt usually takes.
      const figures = await attack(sdk, 1, 100, 1_000);
      expect(faultsOf(figures)).toEqual([]);
      expect(figures.settledMs).toHaveLength(100);
      expect(figures.succeeded).toBeGreaterThan(10);
      expect(figures.failed).toBeGreaterThan(2);
      expect(figures.aborted).toBeGreaterThan(3);
    },
  );
});
