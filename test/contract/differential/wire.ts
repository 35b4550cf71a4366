import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { looks } from '../../helpers/socket-clock.ts';
import type { Answer } from './answers.ts';

/** After this many turns everything sent has been read and decompressed. */
const ARRIVED_LOOKS = 50;

/** A request as it was received. */
export interface Wire {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** A loopback server whose answers are set by the first part of the path. */
export class AnswerServer {
  readonly #server: Server;
  readonly #answers = new Map<string, { answer: Answer; onStall: () => void }>();
  readonly #seen = new Map<string, Wire[]>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<AnswerServer> {
    const server = createServer({ keepAlive: true });
    const self = new AnswerServer(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void self.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return self;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sets the answers below this name; returns the requests. `onStall`: an endless answer was sent completely. */
  expect(name: string, answer: Answer, onStall: () => void): Wire[] {
    const seen: Wire[] = [];
    this.#answers.set(name, { answer, onStall });
    this.#seen.set(name, seen);
    return seen;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name = '', ...path] = request.url!.split('/');
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const headers: [string, string][] = [];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      const [key, value] = [request.rawHeaders[at]!.toLowerCase(), request.rawHeaders[at + 1]!];
      // Which connection an agent takes is random.
      if (key !== 'host' && key !== 'connection') headers.push([key, value]);
    }
    this.#seen.get(name)?.push({
      method: request.method!,
      path: path.join('/'),
      headers: headers.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      body: Buffer.concat(parts).toString(),
    });
    const { answer, onStall } = this.#answers.get(name)!;
    await send(response, answer);
    if (answer.end === 'stalls') void looks(ARRIVED_LOOKS).then(onStall);
  }
}

async function send(response: ServerResponse, { status, headers, chunks, end, sized, paced }: Answer): Promise<void> {
  response.on('error', () => undefined);
  response.sendDate = false;
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  response.writeHead(status, {
    ...(headers as Record<string, string | string[]>),
    ...(sized ? { 'content-length': String(length) } : {}),
  });
  response.flushHeaders();
  for (const chunk of chunks) {
    if (response.destroyed) return;
    response.write(chunk);
    if (paced) await new Promise((resolve) => setImmediate(resolve));
  }
  if (end === 'ends') response.end();
  // Lets sent data arrive before the reset.
  else if (end === 'breaks') void looks(5).then(() => response.destroy());
}
