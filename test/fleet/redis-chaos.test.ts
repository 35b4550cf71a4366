import { expect, it } from 'vitest';
import { chaos } from './redis-chaos.ts';

it('loses no call while answers of a real Redis are lost, late and reordered', async () => {
  const { made, refused, errors, longestMs, backMs, modes } = await chaos(4_000, 1);
  expect(errors).toEqual([]);
  expect(made).toBeGreaterThan(100);
  // Two per cent: what several spend alone before they know of each other.
  expect(refused).toBeLessThan(made / 50);
  // Four seconds with the worst of seeds, on an idle machine; a forgotten call waits for ever.
  expect(longestMs).toBeLessThan(10_000);
  expect(backMs).toBeLessThan(2_000);
  // It failed for some for a while, and recovered.
  expect(modes.flat()).toContain('shared');
});
