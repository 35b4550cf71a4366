import { parseArgs } from 'node:util';
import type { AlertInbox } from './alert-inbox.ts';
import { openAlertInbox } from './alert-inbox.ts';
import { alertLines } from './alert-lines.ts';
import type { CommandIo } from './command-io.ts';

const DEFAULT_PORT = 9465;
const DEFAULT_HOST = '127.0.0.1';

const HELP = `Usage: tidegate alerts [options]

An inbox for a local Alertmanager: prints alerts as they arrive, firing and resolved. Times are UTC.

  --port <n>        0 for a free one; default: ${DEFAULT_PORT}
  --host <address>  default: ${DEFAULT_HOST}; 0.0.0.0 to be reached from a container
  --help            this text

In Alertmanager's configuration:

  receivers:
    - name: tidegate
      webhook_configs:
        - url: http://${DEFAULT_HOST}:${DEFAULT_PORT}/alerts
          send_resolved: true
`;

/**
 * `tidegate alerts`: receives Alertmanager's webhook until it is stopped. What is not a notification is refused with
 * a status that says why, and printed nowhere.
 *
 * @returns The exit code: 0, 1 when it cannot listen, 2 for bad arguments.
 */
export async function alerts(args: readonly string[], io: CommandIo): Promise<number> {
  let target: { port: number; host: string };
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      io.out(HELP);
      return 0;
    }
    target = { port: portOf(values.port), host: values.host ?? DEFAULT_HOST };
  } catch (error) {
    io.err(`${(error as Error).message}\nRun tidegate alerts --help for the options.`);
    return 2;
  }
  return listen(target.port, target.host, io);
}

async function listen(port: number, host: string, io: CommandIo): Promise<number> {
  let inbox: AlertInbox;
  try {
    inbox = await openAlertInbox(port, host, (alerts, truncated) => {
      for (const line of alerts.flatMap(alertLines)) io.out(line);
      if (truncated > 0) io.out(`          and ${truncated} more alerts that Alertmanager left out`);
    });
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    io.err(
      taken
        ? `Port ${port} on ${host} is already in use. Choose another with --port, or 0 for any free one.`
        : `Cannot listen at ${host}, port ${port}: ${(error as Error).message}`,
    );
    return 1;
  }
  io.out(`Waiting for alerts at ${inbox.url}`);
  await io.untilStopped;
  await inbox.close();
  return 0;
}

function portOf(value: string | undefined): number {
  if (value === undefined) return DEFAULT_PORT;
  const port = Number(value);
  if (value.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`Expected --port to be an integer from 0 to 65535, got ${JSON.stringify(value)}.`);
  }
  return port;
}
