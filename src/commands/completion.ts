import tab from '@bomb.sh/tab/commander';
import { Argument, type Command } from 'commander';
import { bashScript } from './bash-script.ts';
import { define, oneOf, readArguments } from './arguments.ts';
import type { CommandIo } from './command-io.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

export const completionDefinition = (): Command =>
  define(
    'completion',
    'prints a script for shell completion',
    'Prints a script for shell completion of commands, options and values. tidegate must be on the PATH: ' +
      'npm install -g tidegate, or node_modules/.bin.',
    `Exit codes: 0, 2 bad arguments.

Examples:

  source <(tidegate completion bash)
  tidegate completion zsh > "\${fpath[1]}/_tidegate"
  tidegate completion fish > ~/.config/fish/completions/tidegate.fish
  tidegate completion powershell >> $PROFILE`,
  ).addArgument(new Argument('[shell]').choices(SHELLS));

/** `tidegate completion <shell>`: prints the shell's script. @returns The exit code. */
export function completion(args: readonly string[], io: CommandIo, program: Command): number {
  const shell = readArguments(completionDefinition(), args, io, (read) => {
    const named = oneOf(read.args[0], 'the shell', SHELLS);
    if (named === undefined) throw new Error(`Expected a shell: ${SHELLS.join(', ')}.`);
    return named;
  });
  if (typeof shell === 'number') return shell;
  const script = printed(() => tab(program).setup('tidegate', 'tidegate', shell));
  io.out(shell === 'bash' ? bashScript(script) : script);
  return 0;
}

/** `tidegate complete -- <words>`, called by that script: prints completions. @returns The exit code. */
export function complete(words: readonly string[], io: CommandIo, program: Command): number {
  const text = printed(() => tab(program).parse([...words]));
  // Fall back to file names.
  io.out(text.includes('\n') ? text : ':0');
  return 0;
}

/** The library writes to the console. */
function printed(write: () => void): string {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => void lines.push(values.join(' '));
  try {
    write();
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}
