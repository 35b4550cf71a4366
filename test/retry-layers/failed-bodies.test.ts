import { describe, expect, it } from 'vitest';
import { FailedBodies } from '../../src/retry-layers/failed-bodies.ts';

describe('bodies of failed calls', () => {
  it('are found once, in their own lane, within half a minute', () => {
    const bodies = new FailedBodies();
    expect(bodies.isEmpty(0)).toBe(true);
    bodies.add('a', 'x', 0, 1_000);
    expect(bodies.take('b', 'x', 1_500)).toBeUndefined();
    expect(bodies.take('a', 'x', 1_500)).toEqual({ sinceMs: 500, times: 1, own: false });
    expect(bodies.take('a', 'x', 1_500)).toBeUndefined();
    bodies.add('a', 'x', 1_500, 2_000);
    expect(bodies.take('a', 'x', 32_001)).toBeUndefined();
    expect(bodies.isEmpty(32_001)).toBe(true);
  });

  it('are bounded: the oldest goes first', () => {
    const bodies = new FailedBodies();
    for (let index = 0; index < 10_000; index++) bodies.add('a', String(index), 0, 1);
    expect(bodies.take('a', '9487', 2)).toBeUndefined();
    expect(bodies.take('a', '9488', 2)).toMatchObject({ sinceMs: 1 });
    expect(bodies.take('a', '9999', 2)).toMatchObject({ sinceMs: 1 });
  });
});

/** Calls with one body, given as their begin and failure. @returns which of them are repetitions after a failure */
function retriesAmong(calls: readonly (readonly [began: number, givenUp: number])[]): number[] {
  const moments = calls
    .flatMap(([began, ended]) => [
      { at: began, began, ends: false },
      { at: ended, began, ends: true },
    ])
    .toSorted((a, b) => a.at - b.at);
  const bodies = new FailedBodies();
  const found: number[] = [];
  for (const { at, began, ends } of moments) {
    if (ends) bodies.add('lane', 'body', began, at);
    else if (bodies.take('lane', 'body', began)?.own === false) found.push(began);
  }
  return found;
}

describe('a repeated body', () => {
  it('comes from a layer above with growing waits', () => {
    const calls = [
      [0, 800],
      [1_800, 2_700],
      [4_700, 5_400],
      [9_400, 10_000],
    ] as const;
    expect(retriesAmong(calls)).toEqual([1_800, 4_700, 9_400]);
  });

  it('comes from a layer above with equal waits, if calls differ in duration', () => {
    const calls = [
      [0, 800],
      [1_300, 2_700],
      [3_200, 3_600],
      [4_100, 5_000],
    ] as const;
    expect(retriesAmong(calls)).toEqual([1_300, 3_200, 4_100]);
  });

  it('comes from a timer if calls begin at equal distances, however long each takes', () => {
    const calls = Array.from(
      { length: 40 },
      (_, index) => [index * 10_000, index * 10_000 + 500 + ((index * 7) % 11) * 800] as const,
    );
    // Two intervals are needed to recognize one.
    expect(retriesAmong(calls)).toEqual([10_000]);
  });

  it('is polled for its own sake if it is repeated after an answer', () => {
    const bodies = new FailedBodies();
    bodies.add('lane', 'body', 0, 900);
    expect(bodies.take('lane', 'body', 1_000)).toMatchObject({ own: false });
    // That one was answered: a layer above would have ended there.
    expect(bodies.isEmpty(2_000)).toBe(false);
    expect(bodies.take('lane', 'body', 2_000)).toBeUndefined();
    bodies.add('lane', 'body', 2_000, 3_700);
    expect(bodies.take('lane', 'body', 4_100)).toMatchObject({ own: true });
  });

  it('is polled for its own sake if calls overlap, as those of many callers and of a quick timer do', () => {
    const quick = Array.from({ length: 240 }, (_, index) => [index * 500, index * 500 + 600] as const);
    expect(retriesAmong(quick)).toEqual([1_000]);
    // While the circuit is open each call waits for a minute.
    const held = Array.from({ length: 240 }, (_, index) => [index * 500, index * 500 + 60_010] as const);
    expect(retriesAmong(held).length).toBeLessThan(2);
  });
});
