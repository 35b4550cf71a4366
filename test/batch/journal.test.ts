import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batch, type BatchOptions, type BatchResult } from '../../src/batch.ts';
import { lockFile } from '../../src/batch/journal-lock.ts';
import { settle } from '../helpers/guarded.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  path = join(folder, 'run.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs items whose worker fails for those that start with `!`, and records the calls. */
async function run(
  items: readonly string[],
  options: BatchOptions<string> = {},
): Promise<{ rows: BatchResult<string>[]; called: string[] }> {
  const called: string[] = [];
  const rows = await batch(
    items,
    async (item) => {
      called.push(item);
      await settle(0);
      if (item.startsWith('!')) throw Object.assign(new RangeError(item), { status: 400, code: 'bad', data: { a: 1 } });
      return item.toUpperCase();
    },
    { journal: path, ...options },
  );
  return { rows, called };
}

const outcome = (rows: readonly BatchResult<string>[]): unknown[] =>
  rows.map((row) => (row.status === 'ok' ? row.value : (row.error as Error).message));

describe('a journal', () => {
  it('repeats no finished item, failed ones included, and keeps order and ids', async () => {
    const first = await run(['a', '!b', 'c'], { id: (item) => `row-${item}` });
    const again = await run(['a', '!b', 'c', 'd'], { id: (item) => `row-${item}` });
    expect(again.called).toEqual(['d']);
    expect(outcome(again.rows)).toEqual(['A', '!b', 'C', 'D']);
    expect(outcome(first.rows)).toEqual(['A', '!b', 'C']);
    expect(again.rows.map(({ id, source }) => [id, source])).toEqual([
      ['row-a', 'journal'],
      ['row-!b', 'journal'],
      ['row-c', 'journal'],
      ['row-d', 'called'],
    ]);
    const [, failed] = again.rows;
    expect(failed).toMatchObject({ error: { name: 'RangeError', status: 400, code: 'bad', data: { a: 1 } } });
  });

  it('repeats failures when told to, and changed items always', async () => {
    await run(['a', '!b']);
    expect((await run(['a', '!b'], { journal: { path, retryFailed: true } })).called).toEqual(['!b']);
    expect((await run(['a', 'b'])).called).toEqual(['b']);
    expect((await run(['new', 'a', 'b'])).called).toEqual(['new']);
  });

  it('does not make a stopped run send more, and its old failures do not stop it', async () => {
    const items = Array.from({ length: 30 }, (_, index) => `!${index}`);
    const called: string[] = [];
    const fails = (item: string): never => {
      called.push(item);
      throw new Error(item);
    };
    const options = { journal: path, stopAfter: 2, maxConcurrent: 1 };
    await expect(batch(items, fails, options)).rejects.toMatchObject({ code: 'batch_stopped' });
    expect(called).toEqual(['!0', '!1']);
    await expect(batch(items, fails, options)).rejects.toMatchObject({ code: 'batch_stopped' });
    expect(called).toEqual(['!0', '!1', '!2', '!3']);
  });

  it('drops a half-written row and runs it again', async () => {
    await run(['a', 'b', 'c']);
    const text = await readFile(path, 'utf8');
    for (const cut of [1, 2, 20, 60]) {
      await writeFile(path, text.slice(0, -cut));
      const { called, rows } = await run(['a', 'b', 'c']);
      expect([called.length, outcome(rows)]).toEqual([1, ['A', 'B', 'C']]);
      expect(await readFile(path, 'utf8')).toHaveLength(text.length);
    }
  });

  it('tolerates corrupt and repeated lines, and a truncated first line', async () => {
    await run(['a', 'b']);
    const [header, a, b] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${header}\n${a}\n{"key": \n\0\0\nnull\n${a}\n${b}\n`);
    expect((await run(['a', 'b'])).called).toEqual([]);
    await writeFile(path, header!.slice(0, 9));
    expect((await run(['a', 'b'])).called).toEqual(['a', 'b']);
  });

  it('refuses a file of another kind and leaves it unchanged', async () => {
    await writeFile(path, 'my thesis');
    await expect(run(['a'])).rejects.toMatchObject({ code: 'journal_invalid' });
    expect(await readFile(path, 'utf8')).toBe('my thesis');
    expect(await readdir(folder)).toEqual(['run.jsonl']);
  });

  it('refuses other parameters until they are accepted', async () => {
    await run(['a'], { journal: { path, parameters: { model: 'x', top_p: 1 } } });
    const other = { path, parameters: { model: 'y' } };
    await expect(run(['a', 'b'], { journal: other })).rejects.toMatchObject({ code: 'journal_changed' });
    expect((await run(['a', 'b'], { journal: { ...other, acceptChanges: true } })).called).toEqual(['b']);
    expect((await run(['a', 'b'], { journal: other })).called).toEqual([]);
    await expect(run(['a'], { journal: { path, parameters: { top_p: 1, model: 'x' } } })).rejects.toThrow('parameters');
  });

  it('belongs to one run at a time, and survives one that was killed', async () => {
    let second: unknown;
    await batch(['a'], async () => (second = await run(['b']).catch((error: unknown) => error)) && 1, {
      journal: path,
    });
    expect(second).toMatchObject({ code: 'journal_locked' });
    expect(await readdir(folder)).toEqual(['run.jsonl']);

    // No process has this id: it is above the kernel's maximum.
    await writeFile(`${path}.lock`, JSON.stringify({ pid: 2 ** 30, host: hostname() }));
    expect((await run(['z'])).called).toEqual(['z']);
    await writeFile(`${path}.lock`, JSON.stringify({ pid: 2 ** 30, host: 'elsewhere' }));
    await expect(run(['z'])).rejects.toMatchObject({ code: 'journal_locked' });
  });

  it.each([
    ['nobody had before', undefined],
    ['a dead process had', JSON.stringify({ pid: 2 ** 30, host: hostname() })],
    ['a dead process was about to have', ''],
  ])('is given to one of many runs that start at once, when %s it', async (_name, lock) => {
    const held = async (one: string): Promise<number> => {
      if (lock !== undefined) await writeFile(`${one}.lock`, lock);
      const begun = await Promise.allSettled(Array.from({ length: 8 }, () => lockFile(one)));
      const won = begun.filter((each) => each.status === 'fulfilled');
      for (const { value: unlock } of won) await unlock();
      return won.length;
    };
    // Which one is first is random.
    for (let time = 0; time < 4; time++) expect(await held(`${path}.${time}`)).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('is not locked by another process that got the same id', async () => {
    // As in a container, whose only process always has the same id.
    const owner = { pid: process.pid, host: hostname(), nonce: 'of before' };
    await writeFile(`${path}.lock`, JSON.stringify({ ...owner, began: '1' }));
    expect((await run(['a'])).called).toEqual(['a']);
    await writeFile(`${path}.lock`, JSON.stringify(owner));
    await expect(run(['a'])).rejects.toMatchObject({ code: 'journal_locked' });
  });

  it('holds results that wait behind a slow item, and returns them in order', async () => {
    // Together more than is kept in memory.
    const value = (item: number): string => `value ${item}`.padEnd(20_000);
    const items = Array.from({ length: 500 }, (_, index) => index);
    const rows = await batch(
      items,
      async (item) => {
        await settle(item === 0 ? 200 : 0);
        return value(item);
      },
      { journal: path, maxConcurrent: 20 },
    );
    expect(rows.map((row) => row.status === 'ok' && row.value)).toEqual(items.map(value));
  });

  it.each([
    ['with a journal', () => ({ journal: path })],
    ['without one', () => ({ maxConcurrent: 2, window: 300 })],
  ])('continues behind a slow item while others end: %s', async (_name, options) => {
    const items = Array.from({ length: 300 }, (_, index) => index);
    let others = 0;
    let release = (): void => {};
    // It ends after all others.
    const slow = new Promise<void>((resolve) => (release = resolve));
    const worker = (item: number): number | Promise<number> => {
      if (item === 0) return slow.then(() => item);
      if (++others === items.length - 1) release();
      return item;
    };
    expect((await batch(items, worker, options())).map(({ index }) => index)).toEqual(items);
  });

  it('is written before a result is reported', async () => {
    for await (const row of batch(['a', 'b', 'c'], (item) => item, { journal: path })) {
      expect(await readFile(path, 'utf8')).toContain(`"index":${row.index}`);
    }
  });

  it('ends the run at a value that is not JSON, and resumes there', async () => {
    await expect(batch(['a', 'b'], (item) => (item === 'b' ? 1n : 'A'), { journal: path })).rejects.toThrow('BigInt');
    await appendFile(path, '{"torn');
    expect((await run(['a', 'b'])).rows).toHaveLength(2);
  });

  it('gives the same results if lines are truncated, repeated, corrupt or reordered (property)', async () => {
    const items = Array.from({ length: 12 }, (_, index) => (index % 5 === 4 ? `!${index}` : `item ${index}`));
    const clean = (await run(items)).rows;
    const whole = await readFile(path, 'utf8');
    const [header, ...lines] = whole.trimEnd().split('\n');
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(lines, { minLength: 0, maxLength: lines.length }),
        fc.array(fc.nat(lines.length - 1), { maxLength: 6 }),
        fc.nat(lines.length - 1),
        fc.nat(60),
        fc.boolean(),
        async (kept, doubled, spoiled, length, torn) => {
          const middle = lines[spoiled]!.slice(0, length);
          const all = [header, ...kept, middle, ...doubled.map((at) => lines[at]!), ...kept.slice(0, 2)];
          const tail = torn ? lines[spoiled]!.slice(0, length) : '';
          await writeFile(path, `${all.join('\n')}\n${tail}`);
          const known = new Set([...kept, ...doubled.map((at) => lines[at]!)]);
          const again = await run(items);
          expect(outcome(again.rows)).toEqual(outcome(clean));
          // Items recorded in the file are not called again, the others once.
          expect(again.called).toHaveLength(items.length - known.size);
          expect((await run(items)).called).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives the same results however often the run is stopped (property)', async () => {
    const item = fc.stringMatching(/^!?[a-d]{1,2}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 25 }),
        fc.array(fc.nat(6), { maxLength: 4 }),
        fc.boolean(),
        fc.constantFrom<'input' | 'completion'>('input', 'completion'),
        async (items, stops, dedupe, order) => {
          await rm(path, { force: true });
          const called: string[] = [];
          const start = () =>
            batch(
              items,
              async (each) => {
                called.push(each);
                await settle(0);
                if (each.startsWith('!')) throw new Error(each);
                return each;
              },
              { journal: path, dedupe, order, maxConcurrent: 3 },
            );
          for (const after of stops) {
            let seen = 0;
            for await (const { index } of start()) {
              if (order === 'input') expect(index).toBe(seen);
              if (seen++ === after) break;
            }
          }
          const rows = (await start()).toSorted((a, b) => a.index - b.index);
          expect(outcome(rows)).toEqual(items);
          const wanted = dedupe ? new Set(items).size : items.length;
          expect(called.length).toBeGreaterThanOrEqual(wanted);
          expect(called.length).toBeLessThanOrEqual(wanted + 3 * stops.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
