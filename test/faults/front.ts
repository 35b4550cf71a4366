import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gateway does to what passes through it; nothing unless said. */
export interface Meddling {
  /** Answered to everything instead of asking the provider. */
  readonly answer?: { readonly status: number; readonly body: object };
  /** What becomes of the provider's bodies. */
  readonly edit?: (body: string) => string;
}

/** What stands between clients and a provider. */
export interface Front {
  readonly url: string;
  meddling: Meddling;
  close(): void;
}

/** A gateway on loopback before a simulator. */
export async function startFront(simulator: string, meddling: Meddling): Promise<Front> {
  const to = new URL(simulator);
  const server = createServer((incoming, outgoing) => {
    const { answer, edit } = front.meddling;
    if (answer) {
      incoming.resume();
      outgoing.writeHead(answer.status, { 'content-type': 'application/json' });
      return void outgoing.end(JSON.stringify(answer.body));
    }
    // Sent on by nobody's SDK: it would be taken for a client that no guard has.
    const kept = Object.entries(incoming.headers).filter(([name]) => !/^(user-agent|host|x-stainless-.+)$/.test(name));
    const headers = Object.fromEntries(kept);
    const asked = request(
      { host: to.hostname, port: to.port, method: incoming.method, path: incoming.url, headers },
      (answered) => {
        const chunks: Buffer[] = [];
        answered.on('data', (chunk: Buffer) => chunks.push(chunk));
        answered.on('error', () => outgoing.destroy());
        answered.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { 'content-length': _, ...others } = answered.headers;
          outgoing.writeHead(answered.statusCode!, others);
          outgoing.end(edit ? edit(text) : text);
        });
      },
    );
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    meddling,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return front;
}
