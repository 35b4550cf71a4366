import { expect, it } from 'vitest';
import { describeRecovery, drawRecovery } from '../../bench/recovery/draw.ts';
import { runRecovery } from '../../bench/recovery/run.ts';
import { seedOf } from '../../bench/sim/random/draw.ts';

/** Each of these once took half a minute or more to recover. */
const PINNED = [
  // Told to slow down, with no success: the lane had slowed to a call in three seconds, each aborted before its answer.
  3819436031,
  // Asked to wait for a day: the belief about unstated limits waited for it too, after the lane was open again.
  2320900708,
  // A trial of a pace that ended in refusals of everything left a pace that never grew again.
  3811443159, 1996375857,
];

const DRAWN = Array.from({ length: 4 }, (_, index) => seedOf(41, index));

it.for([...PINNED, ...DRAWN])('a lane below its limit uses all of it 10 s after the fault ended: %d', async (seed) => {
  const recovery = drawRecovery(seed);
  const { watched, lost } = await runRecovery(recovery);
  expect(watched.length).toBeGreaterThan(0);
  expect(lost, describeRecovery(recovery)).toEqual([]);
});
