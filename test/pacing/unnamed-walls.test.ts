import { describe, expect, it } from 'vitest';
import { callsAtOnce, fixedWindow, slidingLog, varied } from './gateways.ts';

describe('a refusal that asks for a second, whatever the limit', () => {
  const headers = { 'retry-after': '1' };

  it('is asked again at growing intervals, by one call at a time', async () => {
    const gateway = { status: 429, headers, admits: slidingLog(30, 60_000), answerMs: varied(500) };
    const { seconds, lost, refused } = await callsAtOnce(gateway, 90);
    expect(lost).toBe(0);
    expect(seconds).toBeLessThan(185);
    // As often as every second for each call, unless the lane knows that its probes were refused.
    expect(refused).toBeLessThan(90);
  });
});

describe('a limit of a second that says nothing', () => {
  it.for([10, 25, 50])('is not taken for one of a minute again and again: %i a second', async (perSecond) => {
    const gateway = { status: 429, admits: fixedWindow(perSecond, 1_000), answerMs: varied(500) };
    const { seconds, lost } = await callsAtOnce(gateway, 9 * perSecond);
    expect(lost).toBe(0);
    expect(seconds).toBeLessThan(14.5);
  });
});
