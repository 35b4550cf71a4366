import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands between clients and a provider: a gateway that answers itself, or changes what is said. */
export interface Front {
  readonly url: string;
  /** Answered to everything instead of asking the provider. */
  answer: { readonly status: number; readonly body: object } | undefined;
  /** What becomes of the provider's bodies. */
  edit: ((body: string) => string) | undefined;
  close(): void;
}

/** A gateway on loopback before a simulator. */
export async function startFront(simulator: string): Promise<Front> {
  const to = new URL(simulator);
  const server = createServer((incoming, outgoing) => {
    if (front.answer) {
      incoming.resume();
      outgoing.writeHead(front.answer.status, { 'content-type': 'application/json' });
      return void outgoing.end(JSON.stringify(front.answer.body));
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
          outgoing.end(front.edit ? front.edit(text) : text);
        });
      },
    );
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: undefined,
    edit: undefined,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return front;
}
