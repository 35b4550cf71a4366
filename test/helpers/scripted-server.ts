import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterTest } from './after-test.ts';
import { socketsQuiet } from './socket-clock.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request over a real socket. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void | Promise<void>;

export interface ScriptedServer {
  readonly url: string;
  readonly requests: SeenRequest[];
  /** Answers that have begun, or are pending, with an open connection. */
  open(): number;
}

/** A loopback server that gives the n-th request the n-th answer, and later ones the last. Closed after the test. */
export async function scriptedServer(...answers: Answer[]): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let open = 0;
  const server = createServer((incoming, response) => {
    void (async () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body: (await buffer(incoming)).toString('latin1') };
      requests.push(request);
      // The client has disconnected meanwhile.
      if (!response.closed) {
        open++;
        response.on('close', () => open--);
      }
      await answers[Math.min(requests.length, answers.length) - 1]!(response, request);
    })().catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, open: () => open };
}

/** A whole JSON answer. */
export const sendJson =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

/** Events of a stream; `then` says what the connection does after them. */
export const sendEvents =
  (events: readonly string[], then: 'end' | 'destroy' | 'stall' = 'end', contentType = 'text/event-stream'): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': contentType });
    response.flushHeaders();
    for (const event of events) {
      response.write(event);
      await nextTurn();
    }
    await finish(response, then);
  };

/**
 * The first `length` characters of a JSON answer, in chunks, so that only its own brackets show where it should end.
 */
export const sendPart =
  (body: unknown, length: number, then: 'end' | 'destroy' | 'stall'): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    response.write(JSON.stringify(body).slice(0, length));
    await finish(response, then);
  };

async function finish(response: ServerResponse, then: 'end' | 'destroy' | 'stall'): Promise<void> {
  if (then === 'end') response.end();
  if (then === 'destroy') await destroyLater(response);
}

/** Resets the connection as soon as everything written has arrived. */
export async function destroyLater(response: ServerResponse): Promise<void> {
  await socketsQuiet();
  response.destroy();
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
