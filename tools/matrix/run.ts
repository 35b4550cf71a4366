import type { Cell, Result } from './cell.ts';
import { runSteps } from './run-steps.ts';
import type { Workspace } from './workspace.ts';

/** As many as the machines of developers and CI have cores. */
const AT_ONCE = 2;

/** Runs every cell, reports each as it ends, and keeps their order. */
export async function runCells(
  workspace: Workspace,
  cells: readonly Cell[],
  ended: (result: Result) => void,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < cells.length) {
      const at = next++;
      const result = await runCell(workspace, cells[at]!);
      results[at] = result;
      ended(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

async function runCell(workspace: Workspace, cell: Cell): Promise<Result> {
  const started = performance.now();
  const fault = await attempt(workspace, cell).catch((error: unknown) => String(error));
  return { cell, ok: fault === '', fault, milliseconds: performance.now() - started };
}

async function attempt(workspace: Workspace, cell: Cell): Promise<string> {
  const { cwd, env } = await workspace.prepare(cell);
  return runSteps(cell, cwd, env);
}
