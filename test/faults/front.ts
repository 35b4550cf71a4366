import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gateway does to traffic; nothing by default. */
export interface Meddling {
  /** Answers everything with this instead of asking the provider. */
  readonly answer?: { readonly status: number; readonly body: object };
  /** What happens to the provider's bodies. */
  readonly edit?: (body: string) => string;
}

/** A gateway between clients and a provider. */
export interface Front {
  readonly url: string;
  meddling: Meddling;
  close(): void;
}

/** Starts a gateway on loopback in front of a simulator. */
export async function startFront(simulator: string, meddling: Meddling): Promise<Front> {
  const to = new URL(simulator);
  const server = createServer((incoming, outgoing) => {
    const { answer, edit } = front.meddling;
    if (answer) {
      incoming.resume();
      outgoing.writeHead(answer.status, { 'content-type': 'application/json' });
      return void outgoing.end(JSON.stringify(answer.body));
    }
    // Without the SDK's headers: it would be taken for an unguarded client.
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
