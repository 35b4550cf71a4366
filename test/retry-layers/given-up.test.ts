import { describe, expect, it } from 'vitest';
import { GivenUp } from '../../src/retry-layers/given-up.ts';

describe('bodies that were given up', () => {
  it('are found once, in their own lane, within half a minute', () => {
    const givenUp = new GivenUp();
    expect(givenUp.empty).toBe(true);
    givenUp.add('a', 'x', 1_000);
    expect(givenUp.take('b', 'x', 1_500)).toBeUndefined();
    expect(givenUp.take('a', 'x', 1_500)).toBe(500);
    expect(givenUp.take('a', 'x', 1_500)).toBeUndefined();
    givenUp.add('a', 'x', 2_000);
    expect(givenUp.take('a', 'x', 32_001)).toBeUndefined();
    expect(givenUp.empty).toBe(true);
  });

  it('are bounded: the oldest goes first', () => {
    const givenUp = new GivenUp();
    for (let index = 0; index < 10_000; index++) givenUp.add('a', String(index), 1);
    expect(givenUp.take('a', '9487', 2)).toBeUndefined();
    expect(givenUp.take('a', '9488', 2)).toBe(1);
    expect(givenUp.take('a', '9999', 2)).toBe(1);
  });
});
