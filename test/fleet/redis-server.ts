import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** Another version of Redis, or Valkey: the path of its server. */
const SERVER = process.env['REDIS_SERVER'] ?? 'redis-server';

/** A Redis on loopback (`apt-get install redis-server`) that persists nothing. */
export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  #config: string | undefined;
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    this.#folder = mkdtempSync(join(tmpdir(), 'tidegate-redis-'));
  }

  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.start();
    return server;
  }

  /** A Sentinel that watches a master, and declares it down within half a second. */
  static async startSentinel(masterPort: number, quorum = 2): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), ['--sentinel']);
    const lines = [
      `port ${server.port}`,
      'bind 127.0.0.1',
      `dir ${server.#folder}`,
      `sentinel monitor tidegate 127.0.0.1 ${masterPort} ${quorum}`,
      'sentinel down-after-milliseconds tidegate 500',
      'sentinel failover-timeout tidegate 3000',
    ];
    server.#config = join(server.#folder, 'sentinel.conf');
    writeFileSync(server.#config, `${lines.join('\n')}\n`);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get folder(): string {
    return this.#folder;
  }

  async start(): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const base = this.#config === undefined ? [...own, '--dir', this.#folder] : [this.#config];
    const child = spawn(SERVER, [...base, ...this.#args], { stdio: 'ignore' });
    this.#child = child;
    const failed = new Promise<never>((_resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${SERVER} ended with ${code}`)));
    });
    failed.catch(() => {
      // Checked below, but not after it has started.
    });
    await Promise.race([answers(this.port), failed]);
  }

  /** Stops at once, as a crash: its state is lost. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill(signal);
    await ended;
  }

  /** Stops answering, and keeps its connections. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function answers(port: number): Promise<void> {
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => {
    // Retried until it is there.
  });
  try {
    // A server that requires a password answers too.
    await client.ping().catch((error: unknown) => {
      if (!String(error).includes('NOAUTH')) throw error;
    });
  } finally {
    client.disconnect();
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
