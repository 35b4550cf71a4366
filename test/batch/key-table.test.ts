import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyTable } from '../../src/batch/key-table.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

let files = 0;
const table = (): KeyTable => new KeyTable(() => join(folder, `keys-${files++}`));

describe('KeyTable', () => {
  it('maps text to numbers', () => {
    const step = fc.tuple(fc.string({ maxLength: 2 }), fc.integer({ min: 0, max: 2 ** 50 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const keys = table();
        const map = new Map<string, number>();
        for (const [key, value] of steps) {
          expect(keys.get(key)).toBe(map.get(key));
          keys.set(key, value);
          map.set(key, value);
        }
        for (const [key, value] of map) expect(keys.get(key)).toBe(value);
        expect(keys.size).toBe(map.size);
        keys.close();
      }),
      { numRuns: 50 },
    );
  });

  it('keeps four hundred thousand keys in constant memory, and leaves no file', async () => {
    const count = 400_000;
    const keys = table();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let each = 0; each < count; each++) {
      keys.set(`key ${each}`, each);
      if (each % 10_000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    // Two tables of two megabytes while one replaces the other, plus garbage.
    expect(most).toBeLessThan(24e6);
    for (let each = 0; each < count; each += 7) keys.set(`key ${each}`, each * 2);
    for (let each = 0; each < count; each++) {
      if (keys.get(`key ${each}`) !== (each % 7 === 0 ? each * 2 : each)) throw new Error(`Lost key ${each}`);
    }
    expect([keys.size, keys.get('key 400000')]).toEqual([count, undefined]);
    keys.close();
    expect(await readdir(folder)).toEqual([]);
  });
});
