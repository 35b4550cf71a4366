import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Random } from '../../src/simulator/random.ts';

/** What happens to an answer from a randomly drawn byte on. */
export const FATES = ['whole', 'reset', 'closed', 'stalled', 'garbled', 'slow'] as const;
export type Fate = (typeof FATES)[number];

const MAX_LATENCY_MS = 40;

export interface Answer {
  readonly head: string;
  readonly body: string;
}

export interface HostileServer {
  readonly url: string;
  /** Requests by the key that each call sends. */
  readonly requests: ReadonlyMap<string, number>;
  /** Calls whose answer was changed into another valid one. */
  readonly garbled: ReadonlySet<string>;
  close(): Promise<void>;
}

/**
 * A provider that corrupts its answers at random byte positions. The answer of a call is `answerOf` its request's text.
 */
export async function hostileServer(random: Random, answerOf: (request: string) => Answer): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  const requests = new Map<string, number>();
  const garbled = new Set<string>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const request = wholeRequest(received);
      if (request === undefined) return;
      received = '';
      const key = /call-\d+/.exec(request)?.[0] ?? '';
      requests.set(key, (requests.get(key) ?? 0) + 1);
      const { head, body } = answerOf(request);
      const fate = pick(random, FATES);
      if (fate === 'garbled') garbled.add(key);
      // So that some calls are aborted before the first byte.
      setTimeout(() => void send(socket, head, body, fate, random), random() * MAX_LATENCY_MS);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    garbled,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function send(socket: Socket, head: string, body: string, fate: Fate, random: Random): Promise<void> {
  const bytes = Buffer.from(
    `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  const at = Math.floor(random() * bytes.length);
  switch (fate) {
    case 'whole':
      socket.end(bytes);
      return;
    case 'slow':
      for (let from = 0; from < bytes.length && !socket.destroyed; from += 97) {
        socket.write(bytes.subarray(from, from + 97));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      socket.end();
      return;
    case 'garbled':
      for (let index = at; index < Math.min(bytes.length, at + 40); index++) bytes[index] = Math.floor(random() * 256);
      socket.end(bytes);
      return;
    default:
      socket.write(bytes.subarray(0, at));
      if (fate === 'closed') socket.end();
      if (fate === 'reset') setTimeout(() => socket.resetAndDestroy(), 1);
  }
}

/** The request's text once its body has arrived. */
function wholeRequest(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
  return text.length >= end + 4 + length ? text : undefined;
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}
