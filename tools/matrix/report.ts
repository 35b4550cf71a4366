import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Table from 'cli-table3';
import type { Cell, Result } from './cell.ts';
import { documentOf, shortFormOf } from './document.ts';
import { SECTIONS } from './sections.ts';

const ROOT = join(import.meta.dirname, '../..');
const MARKS = /(?<=<!-- supported versions -->\n)[^]*?(?=\n<!-- \/supported versions -->)/;

/** One line for a finished cell. */
export function lineOf({ cell, ok, fault, milliseconds }: Result): string {
  const line = `${ok ? 'ok  ' : 'FAIL'} ${cell.id} (${(milliseconds / 1_000).toFixed(1)} s)`;
  return ok ? line : `${line}\n     ${fault.replaceAll('\n', '\n     ')}`;
}

/** The number of cells as expected, by table. */
export function summaryOf(results: readonly Result[]): string {
  const table = new Table({
    head: ['', 'as expected', 'not', 'controls that lost calls'],
    style: { head: [], border: [] },
  });
  for (const { name } of SECTIONS) {
    const here = results.filter(({ cell }) => cell.place?.[0] === name);
    if (here.length === 0) continue;
    const folders = new Set(here.map(({ cell }) => cell.folder));
    const controls = results.filter(({ cell, ok }) => cell.place === undefined && ok && folders.has(cell.folder));
    table.push([name, here.filter(({ ok }) => ok).length, here.filter(({ ok }) => !ok).length, controls.length]);
  }
  return table.toString();
}

/** Writes the results into the documentation and, shortened, into the README. */
export async function publish(cells: readonly Cell[]): Promise<void> {
  await writeFile(join(ROOT, 'docs/supported-versions.md'), documentOf(cells));
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  await writeFile(
    join(ROOT, 'README.md'),
    readme.replace(MARKS, () => `\n${shortFormOf(cells)}\n`),
  );
}
