import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { TARGETS } from './targets/all.ts';

/** A small, fixed part of `npm run test:fuzz`. */
describe('untrusted input', () => {
  it.each(TARGETS)('is read by $name, whatever it is', (target) => {
    expect(fuzz(target, 1, 300)).toBeUndefined();
  });

  it('has a corpus for every target and no other', () => {
    const files = readdirSync(new URL('corpus', import.meta.url)).toSorted();
    expect(files).toEqual(TARGETS.map(({ name }) => `${name}.json`).toSorted());
  });

  it('is reported when a target fails', () => {
    const careless = { name: 'usage', run: (text: string) => void (text.includes('9007199254740993') && fail()) };
    expect(fuzz(careless, 1, 2_000)).toMatchObject({ target: 'usage', error: { message: 'careless' } });
  });
});

function fail(): never {
  throw new Error('careless');
}
