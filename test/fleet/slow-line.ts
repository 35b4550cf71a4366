import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pause } from '../helpers/real-time.ts';

/** A connection to a loopback server that can be slowed down, or cut. */
export interface SlowLine {
  readonly port: number;
  /** Added to what the server sends. */
  delayMs: number;
  /** Ends open connections, and refuses new ones. */
  cut: boolean;
  close(): Promise<void>;
}

export async function slowLine(to: number): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  const state = { delayMs: 0, cut: false };
  const server = createServer((client) => {
    if (state.cut) return void client.destroy();
    const upstream = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => into.destroy());
      from.on('close', () => {
        sockets.delete(from);
        into.destroy();
      });
    }
    client.on('data', (data) => upstream.write(data));
    // In order: later data waits as long.
    upstream.on('data', (data) => void pause(state.delayMs).then(() => client.destroyed || client.write(data)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get delayMs() {
      return state.delayMs;
    },
    set delayMs(ms: number) {
      state.delayMs = ms;
    },
    get cut() {
      return state.cut;
    },
    set cut(is: boolean) {
      state.cut = is;
      if (is) for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
