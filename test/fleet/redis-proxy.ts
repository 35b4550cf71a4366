import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pause } from '../helpers/real-time.ts';

/** What happens to the server's answers. */
export interface Fate {
  /** Delayed; answers of one connection stay in order, those of other connections overtake them. */
  readonly delayMs: number;
  /** Lost, along with the connection. */
  readonly lost: boolean;
}

const AT_ONCE: Fate = { delayMs: 0, lost: false };

/** A proxy between a client and a Redis. */
export class RedisProxy {
  fate: () => Fate = () => AT_ONCE;
  readonly #server: Server;
  readonly #pairs = new Set<Socket>();
  #held: (() => void)[] | undefined;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, '127.0.0.1')));
  }

  static async start(port: number): Promise<RedisProxy> {
    const proxy = new RedisProxy(port);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing passes in either direction; connections stay open. */
  part(): void {
    this.#held ??= [];
  }

  /** Delivers what was held. */
  heal(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) pass();
  }

  async stop(): Promise<void> {
    for (const socket of this.#pairs) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #join(client: Socket, server: Socket): void {
    let readyAt = 0;
    const both = [client, server];
    for (const socket of both) {
      this.#pairs.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(socket);
        for (const each of both) each.destroy();
      });
    }
    client.on('data', (data) => this.#pass(() => server.write(data)));
    server.on('data', (data) => {
      const { delayMs, lost } = this.fate();
      if (lost) {
        client.destroy();
        return;
      }
      const now = performance.now();
      readyAt = Math.max(readyAt, now + delayMs);
      const pass = (): void => this.#pass(() => client.write(data));
      if (readyAt <= now) pass();
      else void pause(readyAt - now).then(pass);
    });
  }

  #pass(act: () => void): void {
    if (this.#held) this.#held.push(act);
    else act();
  }
}
