import { expect, it } from 'vitest';
import { runWarmStart } from '../../bench/fleet/warm-start.ts';

it.each([
  ['the limits delay nothing', 3_000, 10_000_000],
  ['a minute of the limit is left to wait for', 500, 10_000_000],
  // Estimates by size alone are a sixth too high here.
  ['a minute of the limit of tokens is left to wait for', 30_000, 400_000],
  ['twenty seconds of the limit of tokens are left to wait for', 30_000, 600_000],
])(
  '1,000 calls at once in a process new to a warm fleet take the least time: %s',
  async (_what, requestsPerMinute, tokensPerMinute) => {
    const limits = { requestsPerMinute, tokensPerMinute };
    const { succeeded, refused, sentRatio, ratio } = await runWarmStart({ provider: 'openai', limits }, 1_000, 1);
    expect(succeeded).toBe(1_000);
    expect(refused).toBe(0);
    expect(sentRatio).toBeLessThan(1.05);
    expect(ratio).toBeLessThan(1.05);
  },
);
