import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cell } from './cell.ts';
import { type Execution, execute } from './execute.ts';
import { faultOf } from './judge.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');

/** Copies a file of `programs/`. */
export async function writeProgram(directory: string, name: string): Promise<void> {
  await writeFile(join(directory, name), await readFile(join(PROGRAMS, name)));
}

/** Writes the files of a cell into a directory below the folder with its packages. */
export async function writeCell(directory: string, cell: Cell): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeProgram(directory, 'burst.cjs');
  for (const [name, text] of Object.entries(cell.files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}

/** @returns What is wrong; empty if all is as expected. */
export async function runSteps(cell: Cell, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  let last: Execution | undefined;
  for (const [index, step] of cell.steps.entries()) {
    last = await execute(step.argv, { cwd, env: { ...env, ...step.env }, seconds: cell.seconds ?? 120 });
    if (!last.ok && index < cell.steps.length - 1) return `${step.argv.join(' ')} failed: ${last.output.slice(-2_000)}`;
  }
  return faultOf(cell, last!);
}
