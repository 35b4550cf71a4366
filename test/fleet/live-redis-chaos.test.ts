import { expect, it } from 'vitest';
import { chaos } from './redis-chaos.ts';

it.concurrent.each([11, 12])(
  'loses no call in a minute of lost, late and reordered answers of a real Redis: %s',
  async (seed) => {
    const { made, refused, errors, allowed, backMs } = await chaos(60_000, seed);
    expect(errors).toEqual([]);
    // All processes together use at least half of the limit, though alone for a part of the time.
    expect(made).toBeGreaterThan(allowed / 2);
    expect(refused).toBeLessThan(made / 50);
    expect(backMs).toBeLessThan(2_000);
  },
  90_000,
);
