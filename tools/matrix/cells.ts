import type { Cell } from './cell.ts';
import { bundlerCells } from './cells/bundlers.ts';
import { frameworkCells } from './cells/frameworks.ts';
import { nextCells } from './cells/next.ts';
import { nodeCells } from './cells/node.ts';
import { runnerCells } from './cells/runners.ts';
import { runtimeCells } from './cells/runtimes.ts';
import { sdkCells } from './cells/sdks.ts';
import { telemetryCells } from './cells/telemetry.ts';
import { tracerCells } from './cells/tracers.ts';
import { typeCells } from './cells/types.ts';

/** All cells; those of one folder are together. */
export const CELLS: readonly Cell[] = [
  ...nodeCells,
  ...sdkCells,
  ...bundlerCells,
  ...nextCells,
  ...frameworkCells,
  ...runnerCells,
  ...tracerCells,
  ...telemetryCells,
  ...typeCells,
  ...runtimeCells,
];
