import { Command, CommanderError, Option, type OptionValues } from 'commander';
import type { CommandIo } from './command-io.ts';

/**
 * The definition of a command: summary, options, and further help in `more`. Parsing, `--help` and the
 * shell's completion use it.
 */
export function define(name: string, summary: string, description: string, more = ''): Command {
  const command = new Command(name)
    .summary(summary)
    // The help's width determines line breaks, not those of the text.
    .description(description.replaceAll(/\s*\n/g, ' '))
    .helpOption('-h, --help', 'this text')
    .configureHelp({
      commandUsage: (each) => `tidegate ${each.name()} ${each.usage()}`,
      helpWidth: 100,
      // Listed commands are described by their summary.
      subcommandDescription: (each) => each.summary(),
    });
  return more === '' ? command : command.addHelpText('after', `\n${more}`);
}

/** An option of a few values: the help lists them and the shell completes them. They are checked by `oneOf`. */
export function choice(flags: string, values: readonly string[], description: string): Option {
  const option = new Option(flags, description);
  option.argChoices = [...values];
  return option;
}

interface Read<T> {
  readonly options: T;
  readonly args: readonly string[];
}

/**
 * Parses a command's arguments; `check` may throw an Error for invalid ones.
 *
 * @returns The result of `check`, or an exit code: 0 after the help, 2 for invalid arguments.
 */
export function readArguments<T>(
  command: Command,
  argv: readonly string[],
  io: CommandIo,
  check: (read: Read<OptionValues>) => T,
): T | number {
  const said: string[] = [];
  command.exitOverride().configureOutput({
    writeOut: (text) => io.out(text.trimEnd()),
    writeErr: (text) => said.push(text.trimEnd()),
  });
  try {
    command.parse(argv, { from: 'user' });
    refuseEmpty(command);
    return check({ options: command.opts(), args: command.args });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      for (const line of said) io.err(line.replace(/^error: ./, (start) => start.slice(7).toUpperCase()));
    } else {
      io.err((error as Error).message);
    }
    io.err(`Run tidegate ${command.name()} --help for the options.`);
    return 2;
  }
}

/** As an unset variable of a script leaves it: no name, path or number. A text may be empty. */
function refuseEmpty(command: Command): void {
  for (const option of command.options) {
    const isEmpty = [command.getOptionValue(option.attributeName())].flat().includes('');
    if (isEmpty && !option.flags.endsWith('<text>'))
      throw new Error(`Expected ${option.long} to have a value, got "".`);
  }
  if (command.args.includes('')) throw new Error('Expected arguments not to be empty.');
}

export function oneOf<T extends string>(value: unknown, name: string, allowed: readonly T[]): T | undefined {
  if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
  throw new Error(`Expected ${name} to be one of ${allowed.join(', ')}, got ${JSON.stringify(value)}.`);
}

export function count(
  value: string | undefined,
  name: string,
  most: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0 && number <= most) return number;
  const range = most < Number.MAX_SAFE_INTEGER ? `from 1 to ${most}` : 'above 0';
  throw new Error(`Expected ${name} to be a whole number ${range}, got ${JSON.stringify(value)}.`);
}

export function port(value: string | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (value.trim() === '' || !Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new Error(`Expected --port to be an integer from 0 to 65535, got ${JSON.stringify(value)}.`);
  }
  return number;
}
