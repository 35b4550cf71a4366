import { parseArgs } from 'node:util';
import { MissingServerError } from './binaries.ts';
import { startStack } from './stack.ts';

const HELP = `Usage: npm run stack -- [options]

Runs Prometheus and Alertmanager from the PATH with the rules and configuration of this repository, without Docker.
Everything listens on 127.0.0.1; what they store is deleted at the end. Ctrl-C stops both.

  --target <host:port>     metrics to scrape; may be repeated. Default: 127.0.0.1:9464
  --inbox <url>            where alerts go. Default: http://127.0.0.1:9465/alerts, of npx tidegate alerts
  --prometheus-port <n>    0 for a free one. Default: 0
  --alertmanager-port <n>  0 for a free one. Default: 0
  --time-scale <n>         divides every window and waiting time of the rules, 1 to 60. Default: 1
  --help                   this text

Exit code: 0 when it was stopped, 1 when a server is missing or does not start, 2 for bad arguments.
`;

interface Arguments {
  readonly targets: readonly string[];
  readonly inbox: string;
  readonly prometheusPort: number;
  readonly alertmanagerPort: number;
  readonly timeScale: number;
}

/** @returns undefined when the help was asked for. @throws Error for bad arguments */
function readArguments(args: readonly string[]): Arguments | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string', multiple: true },
      inbox: { type: 'string', default: 'http://127.0.0.1:9465/alerts' },
      'prometheus-port': { type: 'string', default: '0' },
      'alertmanager-port': { type: 'string', default: '0' },
      'time-scale': { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  const targets = values.target ?? ['127.0.0.1:9464'];
  for (const target of targets) {
    if (!/^[^\s/]+:\d+$/.test(target)) throw new Error(`Expected --target to be host:port, got ${target}.`);
  }
  if (!URL.canParse(values.inbox)) throw new Error(`Expected --inbox to be a URL, got ${values.inbox}.`);
  return {
    targets,
    inbox: values.inbox,
    prometheusPort: integer('prometheus-port', values['prometheus-port'], 0, 65_535),
    alertmanagerPort: integer('alertmanager-port', values['alertmanager-port'], 0, 65_535),
    timeScale: integer('time-scale', values['time-scale'], 1, 60),
  };
}

function integer(flag: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isInteger(number) || number < min || number > max) {
    throw new Error(`Expected --${flag} to be an integer from ${min} to ${max}, got ${JSON.stringify(value)}.`);
  }
  return number;
}

async function run({ targets, ...options }: Arguments, stopped: Promise<void>): Promise<void> {
  const stack = await startStack({ ...options, targets: { tidegate: targets } });
  try {
    console.log(`Prometheus    ${stack.prometheus}/alerts`);
    console.log(`Alertmanager  ${stack.alertmanager}`);
    console.log(`Scrapes       ${targets.join(', ')}`);
    console.log(`Alerts go to  ${options.inbox}`);
    console.log('Ctrl-C stops both.');
    await stopped;
  } finally {
    await stack.stop();
  }
}

/** A second signal finds no listener and ends the process at once, and the servers with it. */
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});

let args: Arguments | undefined;
try {
  args = readArguments(process.argv.slice(2));
  if (!args) console.log(HELP);
} catch (error) {
  console.error(`${(error as Error).message}\nRun npm run stack -- --help for the options.`);
  process.exitCode = 2;
}
if (args) {
  try {
    await run(args, stopped);
  } catch (error) {
    if (!(error instanceof MissingServerError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
