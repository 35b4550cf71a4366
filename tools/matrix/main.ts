import { CELLS } from './cells.ts';
import { HELP, type Options, readOptions } from './options.ts';
import { lineOf, publish, summaryOf } from './report.ts';
import { runCells } from './run.ts';
import { Workspace } from './workspace.ts';

/** @returns The exit code. */
async function main({ only, list, keep, help }: Options): Promise<number> {
  const cells = CELLS.filter(({ id }) => only.length === 0 || only.some((text) => id.includes(text)));
  if (help) {
    console.log(HELP);
    return 0;
  }
  if (list) {
    console.log(cells.map(({ id }) => id).join('\n'));
    return 0;
  }
  if (cells.length === 0) throw new Error(`Expected --only to be part of the name of a cell, got ${only.join(', ')}.`);
  const workspace = await Workspace.open();
  if (keep) console.log(`Folders: ${workspace.directory}`);
  try {
    const results = await runCells(workspace, cells, (result) => console.log(lineOf(result)));
    console.log(summaryOf(results));
    const failed = results.filter(({ ok }) => !ok);
    console.log(`${results.length - failed.length} as expected, ${failed.length} not`);
    for (const { cell } of failed) console.log(`FAIL ${cell.id}`);
    if (failed.length === 0 && cells.length === CELLS.length) await publish(CELLS);
    return failed.length === 0 ? 0 : 1;
  } finally {
    await workspace.close(keep);
  }
}

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
