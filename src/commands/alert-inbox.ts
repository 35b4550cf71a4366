import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Alert } from './alert-message.ts';
import { parseMessage } from './alert-message.ts';

const PATH = '/alerts';
/** Alertmanager groups alerts; a notification of more than this is not from one that is set up sensibly. */
const MAX_BYTES = 4 * 1024 * 1024;

/** A running receiver of Alertmanager's webhook. */
export interface AlertInbox {
  /** Where Alertmanager posts. */
  readonly url: string;
  /** Ends connections and frees the port. */
  close(): Promise<void>;
}

/** Takes the alerts of one notification, and how many more Alertmanager left out. */
export type Receive = (alerts: readonly Alert[], truncated: number) => void;

/**
 * Listens for notifications. What is none is refused with a status that says why, and is not received.
 * @param port 0 for a free one
 * @throws Error of `listen`, with its `code`, when the address cannot be used
 */
export async function openAlertInbox(port: number, host: string, receive: Receive): Promise<AlertInbox> {
  const server = createServer((request, response) => {
    // A sender that goes away in the middle of its request is no concern of the inbox.
    respond(request, response, receive).catch(() => response.destroy());
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

async function respond(request: IncomingMessage, response: ServerResponse, receive: Receive): Promise<void> {
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
  receive(message.alerts, message.truncated);
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
