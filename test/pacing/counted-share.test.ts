import { describe, expect, it } from 'vitest';
import { PromptCountRatio } from '../../src/pacing/limits/prompt-count-ratio.ts';

describe('the share of a prompt that is counted on arrival', () => {
  it('is found from what an interval took compared with our count', () => {
    const share = new PromptCountRatio();
    for (let interval = 0; interval < 40; interval++) share.learn(1_000 * share.value, 750);
    expect(share.value).toBeCloseTo(0.75, 3);
  });

  it('never exceeds 1: more than our count is taken by others', () => {
    const share = new PromptCountRatio();
    for (let interval = 0; interval < 40; interval++) share.learn(1_000, 2_000);
    expect(share.value).toBe(1);
  });

  it('is changed neither by an empty interval nor much by an absurd one', () => {
    const share = new PromptCountRatio();
    share.learn(0, 500);
    expect(share.value).toBe(1);
    share.learn(1_000, -1e9);
    expect(share.value).toBeCloseTo(0.9);
    for (let interval = 0; interval < 100; interval++) share.learn(1_000, 0);
    expect(share.value).toBe(0.25);
  });
});
