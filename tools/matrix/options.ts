import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run test:matrix -- [options]

Installs the packed package into empty folders and runs a program for each set-up that is supported: versions of Node.js,
bundlers, test runners, tracers, compilers and other runtimes. The programs call simulators on 127.0.0.1 at a rate at which
a bare SDK loses calls. When all of them ran and all was as expected, docs/supported-versions.md and the README are written.

  --only <text>  cells whose name contains the text; may be repeated
  --list         prints the names of the cells and runs none
  --keep         leaves the folders behind, for a look at what failed
  --help         this text

Exit code: 0 when everything was as expected, 1 when something was not, 2 for bad arguments.
`;

export interface Options {
  readonly only: readonly string[];
  readonly list: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

/** @throws Error for bad arguments */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}
