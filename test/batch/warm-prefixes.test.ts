import { expect, test } from 'vitest';
import { WarmPrefixes } from '../../src/batch/warm-prefixes.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('each of several prefixes has its first item', async () => {
  const warm = new WarmPrefixes(new VirtualClock());
  const first = await warm.enter(['system', 'system, document 1']);
  const order: string[] = [];
  const enter = async (name: string, ...prefixes: string[]) => {
    const tell = await warm.enter(prefixes);
    order.push(`${name} ${tell ? 'first' : 'after'}`);
    return tell;
  };
  const same = enter('same', 'system', 'system, document 1');
  const other = enter('other', 'system', 'system, document 2');
  const third = enter('third', 'system', 'system, document 2');
  await turn();
  expect(order).toEqual([]);
  first!(true);
  await Promise.all([same, other]);
  expect(order.toSorted()).toEqual(['other first', 'same after']);
  (await other)!(false);
  expect(await third).toBeDefined();
  expect(order.at(-1)).toBe('third first');
});

test('a prefix unused for long is warmed again, one in use is not', async () => {
  const clock = new VirtualClock();
  const warm = new WarmPrefixes(clock);
  (await warm.enter(['a']))!(true);
  for (let minutes = 0; minutes < 12; minutes += 4) {
    await clock.advance(240_000);
    expect(await warm.enter(['a'])).toBeUndefined();
  }
  await clock.advance(271_000);
  expect(await warm.enter(['a'])).toBeDefined();
});

test('prefixes that no other item shares do not displace one in use', async () => {
  const warm = new WarmPrefixes(new VirtualClock());
  (await warm.enter(['shared']))!(true);
  for (let index = 0; index < 12_000; index++) {
    (await warm.enter([`own ${index}`]))!(true);
    if (index % 1_000 === 0) expect(await warm.enter(['shared'])).toBeUndefined();
  }
  // The others are forgotten.
  expect(await warm.enter(['own 0'])).toBeDefined();
});
