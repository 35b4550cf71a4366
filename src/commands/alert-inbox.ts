import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accessProblem, bringsBody } from '../core/http-access.ts';
import type { Alert } from './alert-message.ts';
import { parseMessage } from './alert-message.ts';

const PATH = '/alerts';
/** Alertmanager groups alerts; a reasonable configuration sends smaller notifications. */
const MAX_BYTES = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

/** A running receiver of Alertmanager's webhook. */
export interface AlertInbox {
  /** Where Alertmanager posts. */
  readonly url: string;
  /** Ends connections and frees the port. */
  close(): Promise<void>;
}

/** Receives the alerts of one notification, and the number that Alertmanager truncated. */
export type Receive = (alerts: readonly Alert[], truncated: number) => void;

/**
 * Listens for notifications. Anything else is refused with a status that says why.
 * @param port 0 for a free one
 * @throws Error of `listen`, with its `code`, when the address cannot be used
 */
export async function openAlertInbox(port: number, host: string, receive: Receive): Promise<AlertInbox> {
  const limits = { requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 };
  const server = createServer(limits, (request, response) => {
    // A sender that disconnects during its request is ignored.
    respond(request, response, host, receive).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}${PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  host: string,
  receive: Receive,
): Promise<void> {
  // Bodies of refused requests are not read.
  if (bringsBody(request.headers)) response.setHeader('connection', 'close');
  const problem = accessProblem(request.headers, [host]);
  if (problem !== undefined) return answer(response, 421, problem);

  // Parsing a path needs a base; a target such as `//` is invalid even then.
  const path = URL.canParse(request.url ?? '', 'http://inbox')
    ? new URL(request.url ?? '', 'http://inbox').pathname
    : '';
  if (path !== PATH) return answer(response, 404, `Post alerts to ${PATH}.`);
  if (request.method !== 'POST') return answer(response, 405, 'Only POST is supported.', { allow: 'POST' });
  // Web pages cannot send this type cross-origin without a preflight.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    return answer(response, 415, 'Expected application/json.');
  }
  const text = await readText(request, () => {
    answer(response, 413, `Expected at most ${MAX_BYTES} bytes.`);
  });
  if (text === undefined) return undefined;
  response.removeHeader('connection');
  const message = parseMessage(text);
  if (!message.ok) return answer(response, 400, message.problem);
  receive(message.alerts, message.truncated);
  answer(response, 200, 'ok');
}

/**
 * Undefined if the body is too long. As much again is read then, since a sender that is cut off would not see
 * the answer; beyond that it is cut off.
 */
async function readText(request: IncomingMessage, onTooLong: () => void): Promise<string | undefined> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    const before = bytes;
    bytes += chunk.length;
    if (bytes > 2 * MAX_BYTES) break;
    if (bytes <= MAX_BYTES) chunks.push(chunk);
    else if (before <= MAX_BYTES) {
      chunks = [];
      onTooLong();
    }
  }
  return bytes > MAX_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`);
}
