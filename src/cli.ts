#!/usr/bin/env node
/**
 * The command line: `npx tidegate`. The only place that touches the process.
 *
 * @module
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { CommandIo } from './commands/command-io.ts';
import { errorText } from './commands/error-text.ts';
import { openScreen } from './commands/screen.ts';

const movesCursor = process.env['TERM'] !== 'dumb';

const io: CommandIo = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  drained: async () => {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  },
  input: () => process.stdin,
  ...(movesCursor && process.stderr.isTTY && { terminal: process.stderr }),
  outIsTerminal: process.stdout.isTTY,
  ...(movesCursor && process.stdin.isTTY && process.stdout.isTTY && { screen: openScreen }),
  // A second signal finds no listener and ends the process at once.
  untilStopped: new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    // The terminal is gone; calls in flight are finished anyway.
    process.once('SIGHUP', () => resolve());
  }),
};

// The reader of the output may close it first, as `| head` does. For a batch, that loses answers.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.argv[2] === 'batch' ? 1 : 0);
  io.err(`Standard output: ${errorText(error)}`);
  process.exit(1);
});
// stderr is closed or the terminal is gone; not a reason to stop.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
});

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
if (major < 22 || (major === 22 && minor < 15)) {
  io.err(`tidegate needs Node.js 22.15 or later, and this is ${process.versions.node}: commands may fail.`);
}
// Only now: an older Node may fail to load them at all.
const { dispatch } = await import('./commands/dispatch.ts');
// Not process.exit: output that is still in the pipe would be lost.
process.exitCode = await dispatch(process.argv.slice(2), io, version);
