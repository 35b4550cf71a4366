#!/usr/bin/env node
/**
 * The command line: `npx tidegate`. The only place that touches the process.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { CommandIo } from './commands/command-io.ts';
import { dispatch } from './commands/dispatch.ts';

const io: CommandIo = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  // A second signal finds no listener and ends the process at once.
  untilStopped: new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  }),
};

// Whoever reads the output may leave first, as `| head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
// Not process.exit: output that is still in the pipe would be lost.
process.exitCode = await dispatch(process.argv.slice(2), io, version);
