import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisStore } from '../../src/fleet/redis-store.ts';
import { freePort, RedisServer } from './redis-server.ts';
import { limit, report } from './reports.ts';
import { until } from '../helpers/real-time.ts';

const SLOTS = 16_384;
const MASTERS = 3;

let servers: RedisServer[] = [];

beforeAll(async () => {
  // The default bus port, 10,000 above the other one, may be invalid.
  const buses = await Promise.all(Array.from({ length: MASTERS }, freePort));
  servers = await Promise.all(
    buses.map((bus) => RedisServer.start('--cluster-enabled', 'yes', '--cluster-port', String(bus))),
  );
  await form(servers, buses);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

/** Assigns each a part of the slots, and joins them. */
async function form(servers: readonly RedisServer[], buses: readonly number[]): Promise<void> {
  const each = servers.map(({ port }) => new Redis(port, '127.0.0.1'));
  try {
    for (const [index, client] of each.entries()) {
      const from = Math.floor((index * SLOTS) / MASTERS);
      const to = Math.floor(((index + 1) * SLOTS) / MASTERS) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }
    for (const [index, { port }] of servers.entries()) {
      if (index > 0) await each[0]!.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(buses[index]));
    }
    for (const client of each) {
      const isFormed = async (): Promise<boolean> =>
        String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
      await until('the cluster is formed', isFormed, 50);
    }
  } finally {
    for (const client of each) client.disconnect();
  }
}

it('keeps each lane in one slot of a cluster of three masters, and uses all of them', async () => {
  const cluster = new Cluster(servers.map(({ port }) => ({ host: '127.0.0.1', port })));
  try {
    const store = RedisStore.of(cluster, 'tidegate')!;
    for (let lane = 0; lane < 30; lane++) {
      await store.exchange(`lane${lane}`, report('first', [limit()]));
      const { limits } = await store.exchange(`lane${lane}`, report('a', [limit({ need: 1, want: 5 })]));
      expect(limits[0]!.granted).toBe(5);
    }
    const sizes = await Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
    expect(sizes).toHaveLength(MASTERS);
    for (const size of sizes) expect(size).toBeGreaterThan(0);
  } finally {
    cluster.disconnect();
  }
});
