import { parseArgs } from 'node:util';
import type { Cell, Result } from './cell.ts';
import { bundlerCells } from './cells/bundlers.ts';
import { nodeCells } from './cells/node.ts';
import { runnerCells } from './cells/runners.ts';
import { tracerCells } from './cells/tracers.ts';
import { typeCells } from './cells/types.ts';
import { telemetryCells } from './cells/telemetry.ts';
import { nextCells } from './cells/next.ts';
import { runtimeCells } from './cells/runtimes.ts';
import { runCells } from './run.ts';
import { Workspace } from './workspace.ts';

const HELP = `Usage: npm run test:matrix -- [options]

Installs the packed package into empty folders and runs programs that a bare SDK does not survive, over versions of
Node.js, bundlers, test runners, tracers and compilers. Writes docs/supported-versions.md when all of them ran.

  --only <text>  cells whose name contains it; may be repeated
  --list         names of the cells, nothing else
  --keep         leaves the folders, for a look at what failed
  --help         this text

Exit code: 0 when everything was as expected, 1 when not, 2 for bad arguments.
`;

const cells: readonly Cell[] = [...nodeCells, ...bundlerCells, ...runnerCells, ...tracerCells, ...typeCells, ...telemetryCells, ...nextCells, ...runtimeCells];
const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      list: { type: 'boolean' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
});
const chosen = cells.filter(({ id }) => values.only?.some((text) => id.includes(text)) ?? true);
if (values.help) console.log(HELP);
else if (values.list) console.log(chosen.map(({ id }) => id).join('\n'));
else {
  const workspace = await Workspace.open();
  console.log(workspace.directory);
  const results = await runCells(workspace, chosen, (r: Result) => console.log(r.ok ? 'ok  ' : 'FAIL', r.cell.id, `${Math.round(r.milliseconds)} ms`, r.fault.slice(0, 300)));
  console.log(results.filter((r) => !r.ok).length, 'faults of', results.length);
  await workspace.close(values.keep ?? false);
}
