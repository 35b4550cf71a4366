import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Alert, parseMessage } from '../../src/commands/alert-message.ts';

/** An alert as the webhook received it. */
export interface Delivery extends Alert {
  readonly receiver: string;
  readonly atMs: number;
}

export interface Inbox {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  close(): void;
}

/** A webhook that records what Alertmanager posts. */
export async function startInbox(): Promise<Inbox> {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const message = parseMessage(text);
      if (!message.ok) throw new Error(message.problem);
      const { receiver } = JSON.parse(text) as { receiver: string };
      for (const alert of message.alerts) deliveries.push({ ...alert, receiver, atMs: performance.now() });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    deliveries,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
