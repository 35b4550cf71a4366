import type { Command } from 'commander';
import { define, port, readArguments } from '../arguments.ts';
import type { CommandIo } from '../command-io.ts';
import { harmless } from '../harmless.ts';
import { tableText } from '../table.ts';
import { findings, type Finding } from './findings.ts';

const METRICS_PORT = 9464;

export const doctorDefinition = (): Command =>
  define(
    'doctor',
    'checks the setup of an application: Node, SDKs, telemetry, keys',
    'Checks the current folder: Node, the SDKs and their versions, OpenTelemetry, other libraries that retry, keys ' +
      '(only whether they are there), the port of the metrics. Nothing is sent.',
    `Exit codes: 0 nothing is wrong, 1 something is, 2 bad arguments.

Examples:

  tidegate doctor
  tidegate doctor --json`,
  )
    .option('--port <n>', `port of the metrics; default: ${METRICS_PORT}`)
    .option('--json', 'the same as JSON');

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: 'ok', note: 'note', wrong: 'WRONG' };

/** `tidegate doctor`: checks an application's setup. @returns The exit code. */
export async function doctor(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(doctorDefinition(), args, io, ({ options }) => ({
    port: port(options['port'] as string | undefined, METRICS_PORT),
    json: options['json'] === true,
  }));
  if (typeof read === 'number') return read;
  const found = await findings({ folder: process.cwd(), env: process.env, port: read.port });
  const wrong = found.filter(({ state }) => state === 'wrong').length;
  if (read.json) io.out(JSON.stringify({ findings: found, wrong }));
  else {
    io.out(tableText(found.map(({ state, about, text }) => [MARKS[state], about, harmless(text)])));
    io.out(wrong === 0 ? 'Nothing is wrong.' : `${wrong} of these ${wrong === 1 ? 'is' : 'are'} wrong.`);
  }
  return wrong === 0 ? 0 : 1;
}
