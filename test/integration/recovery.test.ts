import { expect, it } from 'vitest';
import { describeRecovery, drawRecovery } from '../../bench/recovery/draw.ts';
import { runRecovery } from '../../bench/recovery/run.ts';
import { seedOf } from '../../bench/sim/random/draw.ts';

/** Each was not well for a minute or more once. */
const PINNED = [
  // Told to slow down, and nothing served: the lane had slowed to a call in ten seconds, and grew by 5 % a minute.
  1551277483, 3828750402, 3811443159,
  // One call let through between two refusals was taken for a pace that was confirmed.
  1850731744,
  // Hundreds of calls that were never answered were taken for output that Anthropic had counted: nothing was sent any more.
  565624000,
];

const DRAWN = Array.from({ length: 4 }, (_, index) => seedOf(41, index));

it.for([...PINNED, ...DRAWN])(
  'a lane below its limit serves all of it 10 s after the end of what was wrong: %d',
  async (seed) => {
    const recovery = drawRecovery(seed);
    const { watched, lost } = await runRecovery(recovery);
    expect(watched.length).toBeGreaterThan(0);
    expect(lost, describeRecovery(recovery)).toEqual([]);
  },
);
