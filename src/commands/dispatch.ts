import { alerts } from './alerts.ts';
import { batchCommand } from './batch/batch.ts';
import type { CommandIo } from './command-io.ts';
import { report } from './report/report.ts';
import { simulate } from './simulate.ts';

const USAGE = `Usage: tidegate <command> [options]

  batch      sends the rows of a file at the pace of your limits, and goes on where it was stopped
  report     what a record of limit hits says: which, when, and what would have stayed inside
  simulate   a provider on this machine that limits, refuses and fails like the real one
  alerts     an inbox that prints the alerts of a local Alertmanager
  help       this text; help <command> for that command's options

  --version  the version
`;

type Command = (args: readonly string[], io: CommandIo) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { batch: batchCommand, report, simulate, alerts };

/** Runs the command that `argv` names (without node and the script). @returns The exit code; 2 for an unknown command. */
export async function dispatch(argv: readonly string[], io: CommandIo, version: string): Promise<number> {
  const [name, ...args] = argv;
  switch (name) {
    case undefined:
      io.err(USAGE);
      return 2;
    case '--version':
    case '-v':
      io.out(version);
      return 0;
    case 'help':
    case '--help':
    case '-h':
      return help(args[0], io);
    default:
      return run(name, args, io);
  }
}

function help(name: string | undefined, io: CommandIo): Promise<number> | number {
  if (name !== undefined) return run(name, ['--help'], io);
  io.out(USAGE);
  return 0;
}

function run(name: string, args: readonly string[], io: CommandIo): Promise<number> | number {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]!(args, io);
  io.err(`Unknown command ${JSON.stringify(name)}.\n\n${USAGE}`);
  return 2;
}
