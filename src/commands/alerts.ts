import type { Command } from 'commander';
import type { AlertInbox } from './alert-inbox.ts';
import { openAlertInbox } from './alert-inbox.ts';
import { alertLines } from './alert-lines.ts';
import { define, port, readArguments } from './arguments.ts';
import type { CommandIo } from './command-io.ts';

const DEFAULT_PORT = 9465;
const DEFAULT_HOST = '127.0.0.1';

export const alertsDefinition = (): Command =>
  define(
    'alerts',
    'prints the alerts of a local Alertmanager',
    'Receives from a local Alertmanager and prints alerts as they arrive, firing and resolved. Times are UTC.',
    `In Alertmanager's configuration:

  receivers:
    - name: tidegate
      webhook_configs:
        - url: http://${DEFAULT_HOST}:${DEFAULT_PORT}/alerts
          send_resolved: true

Exit codes: 0 stopped, 1 it cannot listen, 2 bad arguments.

Examples:

  tidegate alerts
  tidegate alerts --host 0.0.0.0 --port 9500
  tidegate alerts --json >> alerts.jsonl`,
  )
    .option('--port <n>', `0 for a free one; default: ${DEFAULT_PORT}`)
    .option('--host <address>', `default: ${DEFAULT_HOST}; 0.0.0.0 to be reached from a container`)
    .option('--json', 'alerts as JSON lines');

/**
 * `tidegate alerts`: receives Alertmanager's webhook until it is stopped. Anything but a notification is refused with
 * a status that says why, and not printed.
 *
 * @returns The exit code: 0, 1 when it cannot listen, 2 for bad arguments.
 */
export async function alerts(args: readonly string[], io: CommandIo): Promise<number> {
  const target = readArguments(alertsDefinition(), args, io, ({ options }) => ({
    port: port(options['port'] as string | undefined, DEFAULT_PORT),
    host: (options['host'] as string | undefined) ?? DEFAULT_HOST,
    json: options['json'] === true,
  }));
  if (typeof target === 'number') return target;
  return listen(target, io);
}

interface Target {
  readonly port: number;
  readonly host: string;
  readonly json: boolean;
}

async function listen({ port, host, json }: Target, io: CommandIo): Promise<number> {
  let inbox: AlertInbox;
  try {
    inbox = await openAlertInbox(port, host, (alerts, truncated) => {
      for (const line of alerts.flatMap((alert) => (json ? [JSON.stringify(alert)] : alertLines(alert)))) io.out(line);
      if (truncated > 0 && json) io.out(JSON.stringify({ truncated }));
      else if (truncated > 0) io.out(`          and ${truncated} more alerts that Alertmanager left out`);
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
  // With --json, standard output has nothing but data.
  (json ? io.err : io.out).call(io, `Waiting for alerts at ${inbox.url}`);
  await io.untilStopped;
  await inbox.close();
  return 0;
}
