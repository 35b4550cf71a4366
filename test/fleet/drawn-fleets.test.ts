import { expect, it } from 'vitest';
import { drawFleet, runDrawn } from '../../bench/fleet/drawn-fleet.ts';

it.each([
  ['a bucket of output tokens of one second never refilled completely', 2_812_773_150, 1.8],
  ['nor was one of a minute', 1_928_420_978, 1.3],
  ['a bucket smaller than what is leased for half a second was taken for full', 2_791_344_137, 1.4],
  ['a circuit that probes with the newest call got what the oldest needs, until all were given up', 4_063_895_371, 1.5],
  ['the limit that is told is that of a quarter of a second', 191_683_463, 6],
])('drawn fleets keep the pace of what they share: %s', async (_what, seed, most) => {
  const { lost, ratio } = await runDrawn(drawFleet(seed), 'shared');
  expect(lost).toBe(0);
  expect(ratio).toBeLessThan(most);
});
