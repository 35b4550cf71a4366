import { Command } from 'commander';
import { alerts, alertsDefinition } from './alerts.ts';
import { batchCommand } from './batch/batch.ts';
import { batchDefinition } from './batch/batch-args.ts';
import type { CommandIo } from './command-io.ts';
import { complete, completion, completionDefinition } from './completion.ts';
import { consoleCommand, consoleDefinition } from './console/console.ts';
import { demo, demoDefinition } from './demo/demo.ts';
import { doctor, doctorDefinition } from './doctor/doctor.ts';
import { limits, limitsDefinition } from './limits/limits.ts';
import { rules, rulesDefinition } from './rules.ts';
import { report, reportDefinition } from './report/report.ts';
import { simulate, simulateDefinition } from './simulate.ts';
import { top, topDefinition } from './top/top.ts';

interface Entry {
  readonly define: () => Command;
  readonly run: (args: readonly string[], io: CommandIo, version: string) => Promise<number> | number;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  batch: { define: batchDefinition, run: batchCommand },
  demo: { define: demoDefinition, run: demo },
  report: { define: reportDefinition, run: report },
  limits: { define: limitsDefinition, run: limits },
  top: { define: topDefinition, run: top },
  console: { define: consoleDefinition, run: consoleCommand },
  doctor: { define: doctorDefinition, run: doctor },
  simulate: { define: simulateDefinition, run: simulate },
  alerts: { define: alertsDefinition, run: alerts },
  rules: { define: rulesDefinition, run: rules },
  completion: { define: completionDefinition, run: (args, io, version) => completion(args, io, program(version)) },
};

/** All commands, for the help and the shell's completion. */
export function program(version: string): Command {
  const all = new Command('tidegate')
    .usage('<command> [options]')
    .version(version, '-v, --version', 'the version')
    .helpOption('-h, --help', 'this text; help <command> for that of a command')
    .helpCommand('help [command]', 'this text, or that of a command')
    .configureHelp({ subcommandTerm: (each) => each.name(), helpWidth: 120 });
  for (const { define } of Object.values(COMMANDS)) {
    const command = define();
    // One line each, here and in completions.
    all.addCommand(command.description(command.summary()));
  }
  return all;
}

const EXAMPLES = `Examples:

  tidegate demo
  tidegate batch requests.jsonl --out results.jsonl
  tidegate help batch

Exit codes: 0, 2 for an unknown command, and those of each command.`;

const helpOf = (version: string): string => `${program(version).helpInformation()}\n${EXAMPLES}\n`;

/** Runs the command that `argv` names (without node and the script). @returns The exit code; 2 for an unknown command. */
export async function dispatch(argv: readonly string[], io: CommandIo, version: string): Promise<number> {
  const [name, ...args] = argv;
  switch (name) {
    case undefined:
      io.err(helpOf(version));
      return 2;
    case '--version':
    case '-v':
      io.out(version);
      return 0;
    case 'help':
    case '--help':
    case '-h':
      if (args[0] !== undefined) return run(args[0], ['--help'], io, version);
      io.out(helpOf(version));
      return 0;
    case 'complete':
      return complete(args[0] === '--' ? args.slice(1) : args, io, program(version));
    default:
      return run(name, args, io, version);
  }
}

async function run(name: string, args: readonly string[], io: CommandIo, version: string): Promise<number> {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]!.run(args, io, version);
  io.err(`Unknown command ${JSON.stringify(name)}.\n\n${helpOf(version)}`);
  return 2;
}
