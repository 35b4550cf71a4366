import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { readlinkSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BatchFile } from '../../../src/commands/batch/provider/batch-file.ts';
import type { BatchForm } from '../../../src/commands/batch/provider/batch-api.ts';
import { halvesOf, withoutBadRows } from '../../../src/commands/batch/provider/split-batch.ts';
import { LineFile } from '../../../src/commands/batch/result-files.ts';

const form: BatchForm = { head: '', between: '\n', tail: '\n' };
/** More than is buffered before a file is written. */
const ROWS = 400;
const TEXT = 'x'.repeat(1_000);

let folder: string;
let file: BatchFile;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-files-'));
  file = new BatchFile(join(folder, 'run'), 'group', form);
  for (let index = 0; index < ROWS; index++) await file.add(JSON.stringify({ custom_id: `row-${index}`, TEXT }));
  await file.end();
});
afterEach(() => rm(folder, { recursive: true }));

const openIn = (path: string): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(path) ? [target] : [];
    } catch {
      // The descriptor of the listing itself.
      return [];
    }
  });

/** Rows that end the run in the middle. */
function settingsOf(rows: number) {
  let noted = 0;
  const ended = new Error('The run has ended.');
  const notes = { addRow: () => (++noted > rows ? Promise.reject(ended) : Promise.resolve()) };
  return { notes, results: { put: () => Promise.resolve() }, base: join(folder, 'run'), form } as never;
}

test.skipIf(process.platform !== 'linux').each([
  ['halves', (settings: never) => halvesOf(file, settings)],
  [
    'a file without bad rows',
    (settings: never) =>
      withoutBadRows(file, { kind: 'rows', rows: new Map([[0, { code: 'bad', message: 'No.' }]]) }, settings),
  ],
])('%s of a run that ends while they are written are closed and removed', async (_, split) => {
  await expect(split(settingsOf(ROWS - 50))).rejects.toThrow('The run has ended.');
  expect(openIn(folder)).toEqual([]);
  expect((await readdir(folder)).map((name) => join(folder, name))).toEqual([file.path]);
});

test.skipIf(process.platform !== 'linux')('results are closed even if the disk is full', async () => {
  const results = new LineFile('/dev/full', {} as never);
  await results.write('a line');
  await expect(results.close('empty')).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(openIn('/dev/full')).toEqual([]);
});
