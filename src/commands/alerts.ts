import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { alertLines } from './alert-lines.ts';
import { parseMessage } from './alert-message.ts';
import type { CommandIo } from './command-io.ts';

const DEFAULT_PORT = 9465;
const DEFAULT_HOST = '127.0.0.1';
const PATH = '/alerts';
/** Alertmanager groups alerts; a notification of more than this is not from one that is set up sensibly. */
const MAX_BYTES = 4 * 1024 * 1024;

const HELP = `Usage: tidegate alerts [options]

An inbox for a local Alertmanager: prints alerts as they arrive, firing and resolved. Times are UTC.

  --port <n>        0 for a free one; default: ${DEFAULT_PORT}
  --host <address>  default: ${DEFAULT_HOST}; 0.0.0.0 to be reached from a container
  --help            this text

In Alertmanager's configuration:

  receivers:
    - name: tidegate
      webhook_configs:
        - url: http://${DEFAULT_HOST}:${DEFAULT_PORT}${PATH}
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
  const server = createServer((request, response) => {
    // A sender that goes away in the middle of its request is no concern of the inbox.
    receive(request, response, io).catch(() => response.destroy());
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
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
  const address = server.address() as AddressInfo;
  io.out(`Waiting for alerts at http://${host.includes(':') ? `[${host}]` : host}:${address.port}${PATH}`);
  await io.untilStopped;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  return 0;
}

async function receive(request: IncomingMessage, response: ServerResponse, io: CommandIo): Promise<void> {
  // A base is needed to parse a path; a target such as `//` is no URL even then.
  const path = URL.canParse(request.url ?? '', 'http://inbox')
    ? new URL(request.url ?? '', 'http://inbox').pathname
    : '';
  if (path !== PATH) return answer(response, 404, `Post alerts to ${PATH}.`);
  if (request.method !== 'POST') return answer(response, 405, 'Only POST is understood.', { allow: 'POST' });
  const text = await readText(request);
  if (text === undefined) return answer(response, 413, `Expected at most ${MAX_BYTES} bytes.`);
  const message = parseMessage(text);
  if (!message.ok) return answer(response, 400, message.problem);
  for (const line of message.alerts.flatMap(alertLines)) io.out(line);
  if (message.truncated > 0) io.out(`          and ${message.truncated} more alerts that Alertmanager left out`);
  answer(response, 200, 'ok');
}

/** Undefined when the body is too long; it is read to its end even so, or the sender would not see the answer. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) chunks = [];
    else chunks.push(chunk);
  }
  return bytes > MAX_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`);
}

function portOf(value: string | undefined): number {
  if (value === undefined) return DEFAULT_PORT;
  const port = Number(value);
  if (value.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`Expected --port to be an integer from 0 to 65535, got ${JSON.stringify(value)}.`);
  }
  return port;
}
