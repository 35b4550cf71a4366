import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callNow, joinFleet } from './real-process.ts';
import { RedisServer } from './redis-server.ts';
import { eventually } from '../helpers/eventually.ts';

let master: RedisServer;
let replica: RedisServer;
let sentinels: RedisServer[];

beforeAll(async () => {
  // Syncs a replica at once, instead of waiting five seconds for others.
  master = await RedisServer.start('--repl-diskless-sync-delay', '0');
  replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
  sentinels = await Promise.all([1, 2, 3].map(() => RedisServer.startSentinel(master.port)));
});

afterAll(() => Promise.all([master, replica, ...sentinels].map((server) => server.stop())));

it('shares again on the replica that Sentinel promoted, and no call has waited for it', async () => {
  const client = new Redis({
    sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    name: 'tidegate',
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: () => 50,
    sentinelRetryStrategy: () => 50,
  });
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('ready', resolve));
  const process = joinFleet(client);
  try {
    await callNow(process);
    await eventually(() => expect(process.share.mode).toBe('shared'));
    const direct = new Redis(replica.port, '127.0.0.1');
    // What the replica has not received yet is learned anew.
    await eventually(async () => expect(await direct.dbsize()).toBeGreaterThan(0));
    await master.kill();
    let longestMs = 0;
    await eventually(async () => {
      longestMs = Math.max(longestMs, await callNow(process));
      expect(process.modes).toEqual(['shared', expect.any(String), 'shared']);
    });
    expect(longestMs).toBeLessThan(900);
    expect(process.warnings).toHaveLength(1);
    expect(String(await direct.role())).toContain('master');
    direct.disconnect();
  } finally {
    process.lane.lane.close();
    client.disconnect();
  }
});
