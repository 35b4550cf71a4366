import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { createClient as createOldestClient } from 'redis-oldest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeRedisClient, RedisClient } from '../../src/fleet/redis-client.ts';
import { callNow, joinFleet, type RealProcess } from './real-process.ts';
import { RedisProxy } from './redis-proxy.ts';
import { RedisServer } from './redis-server.ts';
import { eventually } from '../helpers/eventually.ts';
import { pause } from '../helpers/real-time.ts';

/** The documented rights, and what drivers ask for when they connect. */
const COMMANDS =
  'evalsha eval time get set hget hset hdel hmget zadd zrem zrange zrangebyscore zcard zrank pexpire ping info hello';
const ACL = ['~{tidegate:*', '-@all', ...COMMANDS.split(' ').map((name) => `+${name}`)];

let server: RedisServer;
let proxy: RedisProxy;
let admin: Redis;
const clients: { disconnect(): unknown }[] = [];
const processes: RealProcess[] = [];

beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await RedisProxy.start(server.port);
  admin = open();
});

afterEach(async () => {
  for (const { lane } of processes.splice(0)) lane.lane.close();
  for (const client of clients.splice(0)) client.disconnect();
  await proxy.stop();
  await server.stop();
});

function open(
  options: { port?: number; username?: string; password?: string; enableOfflineQueue?: boolean } = {},
): Redis {
  const client = new Redis({
    host: '127.0.0.1',
    port: server.port,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
    ...options,
  });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

function join(client: RedisClient): RealProcess {
  const process = joinFleet(client);
  processes.push(process);
  return process;
}

function mode(process: RealProcess): () => void {
  return () => expect(process.share.mode).toBe('shared');
}

/** Its calls continue, and it knows that its password is refused. */
async function isLockedOut(process: RealProcess): Promise<void> {
  expect(await callNow(process)).toBeLessThan(900);
  expect(process.modes.at(-1)).toBe('auth');
}

/** Changes the password while a process shares, and later restores it. */
async function outlivesChangedPassword(process: RealProcess): Promise<void> {
  await callNow(process);
  await eventually(mode(process));
  await admin.config('SET', 'requirepass', 'other');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await eventually(() => isLockedOut(process));
  expect(process.warnings.at(-1)).toContain('(auth)');
  expect(process.warnings.length).toBeLessThanOrEqual(2);
  await admin.config('SET', 'requirepass', 'right');
  await eventually(mode(process));
}

describe('calls continue, with one warning, and Redis is used again', () => {
  it.each<[string, string, () => unknown, () => unknown]>([
    ['answers nothing', 'timeout', () => server.freeze(), () => server.thaw()],
    ['is parted from it by the network', 'timeout', () => proxy.part(), () => proxy.heal()],
    [
      'takes longer than half a second',
      'timeout',
      () => {
        proxy.fate = () => ({ delayMs: 700, lost: false });
      },
      () => {
        proxy.fate = () => ({ delayMs: 0, lost: false });
      },
    ],
    ['is down and comes back empty', 'connection', () => server.kill(), () => server.start()],
    [
      'is out of memory',
      'out_of_memory',
      () => admin.config('SET', 'maxmemory', '1'),
      () => admin.config('SET', 'maxmemory', '0'),
    ],
    [
      'is a replica that takes no writes',
      'read_only',
      () => admin.replicaof('127.0.0.1', '1'),
      () => admin.replicaof('NO', 'ONE'),
    ],
  ])('when it %s', async (_what, fault, breaks, mends) => {
    const process = join(open({ port: proxy.port }));
    await callNow(process);
    await eventually(mode(process));
    await breaks();
    for (let made = 0; made < 8; made++) {
      expect(await callNow(process)).toBeLessThan(900);
      await pause(200);
    }
    expect(process.modes.at(-1)).toBe(fault);
    expect(process.warnings).toEqual([expect.stringContaining(`(${fault})`)]);
    await mends();
    await eventually(mode(process));
    expect(await callNow(process)).toBeLessThan(500);
    expect(process.warnings).toHaveLength(1);
  });

  it('when it is slow: leases still come in time', async () => {
    proxy.fate = () => ({ delayMs: 120, lost: false });
    const process = join(open({ port: proxy.port }));
    await callNow(process);
    await eventually(mode(process));
    let waitedMs = 0;
    for (let made = 0; made < 40; made++) {
      waitedMs += await callNow(process);
      await pause(20);
    }
    expect(waitedMs / 40).toBeLessThan(20);
    expect(process.modes.at(-1)).toBe('shared');
    expect(process.warnings.length).toBeLessThanOrEqual(1);
  });

  it('when its scripts were flushed, without a warning', async () => {
    const process = join(open());
    await callNow(process);
    await eventually(mode(process));
    await admin.script('FLUSH');
    for (let made = 0; made < 5; made++) await callNow(process);
    await pause(600);
    expect(process.modes).toEqual(['shared']);
    expect(process.warnings).toEqual([]);
  });

  it('when the password is wrong', async () => {
    await admin.config('SET', 'requirepass', 'right');
    const process = join(open({ password: 'wrong' }));
    expect(await callNow(process)).toBeLessThan(900);
    await eventually(() => expect(process.share.mode).toBe('alone'));
    expect(process.warnings).toHaveLength(1);
    expect(process.warnings[0]).toMatch(/\((auth|connection|timeout)\)/);
    expect(process.warnings[0]).not.toContain('wrong');
  });

  it.each([true, false])('when the password is changed, with the offline queue of the client at %s', async (queues) => {
    await admin.config('SET', 'requirepass', 'right');
    await admin.auth('right');
    const client = open({ password: 'right', enableOfflineQueue: queues });
    await eventually(() => expect(client.status).toBe('ready'));
    await outlivesChangedPassword(join(client));
  });

  describe.each([
    ['redis 6', createClient],
    ['redis 4.6', createOldestClient as unknown as typeof createClient],
  ])('of a client of %s', (_which, create) => {
    const connect = (password: string, queues: boolean): { client: NodeRedisClient; connected: Promise<unknown> } => {
      const client = create({
        url: server.url,
        password,
        disableOfflineQueue: !queues,
        socket: { reconnectStrategy: () => 50 },
      });
      client.on('error', () => undefined);
      clients.push({ disconnect: () => client.destroy?.() ?? void client.disconnect().catch(() => undefined) });
      const connected = client.connect();
      // Retried until it is there, or stopped.
      connected.catch(() => undefined);
      return { client, connected };
    };

    it.each([true, false])('when the password is wrong, with its offline queue at %s', async (queues) => {
      await admin.config('SET', 'requirepass', 'right');
      const process = join(connect('wrong', queues).client);
      await eventually(() => isLockedOut(process));
      expect(process.share.mode).toBe('alone');
      expect(process.warnings.at(-1)).toContain('(auth)');
      // Before the server has answered it is merely not connected.
      expect(process.warnings.length).toBeLessThanOrEqual(2);
      expect(process.warnings.join()).not.toContain('wrong');
    });

    it.each([true, false])('when the password is changed, with its offline queue at %s', async (queues) => {
      await admin.config('SET', 'requirepass', 'right');
      await admin.auth('right');
      const { client, connected } = connect('right', queues);
      await connected;
      const process = join(client);
      await outlivesChangedPassword(process);
      expect(await callNow(process)).toBeLessThan(500);
    });
  });

  it('when its version is too old', async () => {
    // As of a server without that command.
    const old = await RedisServer.start('--rename-command', 'EVALSHA', '', '--rename-command', 'EVAL', '');
    try {
      const process = join(open({ port: old.port }));
      expect(await callNow(process)).toBeLessThan(900);
      await eventually(() => expect(process.modes).toEqual(['unsupported']));
      expect(process.warnings).toHaveLength(1);
    } finally {
      await old.stop();
    }
  });
});

describe('a user of Redis with the documented rights', () => {
  it('is sufficient', async () => {
    await admin.call('ACL', 'SETUSER', 'tidegate', 'on', '>secret', ...ACL);
    const process = join(open({ username: 'tidegate', password: 'secret' }));
    for (let made = 0; made < 5; made++) await callNow(process);
    await eventually(mode(process));
    await pause(1_000);
    expect(process.modes).toEqual(['shared']);
    // Drivers set their name, and continue if that is denied: nothing that we ask for is.
    const denied = JSON.stringify(await admin.call('ACL', 'LOG'));
    for (const rule of ACL) expect(denied).not.toContain(`"${rule.slice(1)}"`);
  });

  it('may touch no other key, and is reported differently from one that may not run scripts', async () => {
    await admin.call('ACL', 'SETUSER', 'other', 'on', '>secret', ...ACL.map((rule) => rule.replace('tidegate', 'x')));
    const process = join(open({ username: 'other', password: 'secret' }));
    expect(await callNow(process)).toBeLessThan(900);
    await eventually(() => expect(process.modes).toEqual(['permission']));
  });

  it('keeps keys that reveal nothing about the account', async () => {
    const process = join(open());
    await callNow(process);
    await eventually(mode(process));
    const keys = await admin.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^\{tidegate:[\w-]{27}\}(:[pla])?$/);
    const value = await admin.getBuffer(keys.find((key) => key.endsWith('}'))!);
    expect(value!.toString('latin1')).not.toMatch(/secret|openai/);
  });
});
