import { Redis } from 'ioredis';
import { RedisServer } from '../../test/fleet/redis-server.ts';

/** The Redis servers of one run. */
export class Stores {
  readonly servers: RedisServer[];
  readonly ports: readonly number[];
  readonly master: string | undefined;
  readonly #sentinels: readonly RedisServer[];

  private constructor(servers: RedisServer[], sentinels: readonly RedisServer[], master: string | undefined) {
    this.servers = servers;
    this.#sentinels = sentinels;
    this.master = master;
    this.ports = (master === undefined ? servers : sentinels).map(({ port }) => port);
  }

  static async start(withSentinels: boolean): Promise<Stores> {
    const first = await RedisServer.start();
    if (!withSentinels) return new Stores([first], [], undefined);
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(first.port));
    const sentinels = await Promise.all([1, 2, 3].map(() => RedisServer.startSentinel(first.port)));
    return new Stores([first, replica], sentinels, 'tidegate');
  }

  /** Scripts that were run, on all servers together. */
  async commands(): Promise<number> {
    return this.#sum(async (client) => {
      const stats = await client.info('commandstats');
      let calls = 0;
      for (const [, count] of stats.matchAll(/cmdstat_(?:evalsha|eval|fcall):calls=(\d+)/g)) calls += Number(count);
      return calls;
    });
  }

  async bytes(): Promise<number> {
    return this.#sum(async (client) => {
      let sum = 0;
      for (const key of await client.keys('*')) sum += Number(await client.memory('USAGE', key));
      return sum;
    });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.servers, ...this.#sentinels].map((server) => server.stop()));
  }

  async #sum(of: (client: Redis) => Promise<number>): Promise<number> {
    let sum = 0;
    for (const { port } of this.servers) {
      const client = new Redis(port, '127.0.0.1', { retryStrategy: () => null, maxRetriesPerRequest: 0 });
      client.on('error', () => {
        // A killed server has no statistics.
      });
      sum += await of(client).catch(() => 0);
      client.disconnect();
    }
    return sum;
  }
}
