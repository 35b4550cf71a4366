import { Redis, type RedisOptions } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { Fleet, type FleetListener } from '../../src/fleet/fleet.ts';
import type { LaneShare } from '../../src/fleet/lane-share.ts';
import { RedisStore } from '../../src/fleet/redis-store.ts';
import type { VirtualClock } from '../helpers/virtual-clock.ts';
import { finish, harness, type Harness, PACING, watch } from '../pacing/harness.ts';
import { RedisServer } from './redis-server.ts';

/** What the documentation tells to allow, and what drivers ask when they connect. */
const COMMANDS =
  'evalsha eval time get set hget hset hdel hmget zadd zrem zrange zrangebyscore zcard zrank pexpire ping info hello quit';
const ACL = ['~{tidegate:*', '-@all', ...COMMANDS.split(' ').map((name) => `+${name}`)];

let server: RedisServer;
let admin: Redis;
const clients: Redis[] = [];
const shares: { readonly lane: Harness; readonly share: LaneShare }[] = [];

beforeEach(async () => {
  server = await RedisServer.start();
  admin = open();
});

afterEach(async () => {
  for (const { lane } of shares.splice(0)) lane.lane.close();
  for (const client of clients.splice(0)) client.disconnect();
  await server.stop();
});

function open(options: Pick<RedisOptions, 'username' | 'password'> = {}): Redis {
  const client = new Redis(server.port, '127.0.0.1', {
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
    ...options,
  });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

interface Process {
  readonly lane: Harness;
  readonly share: LaneShare;
  readonly warnings: string[];
  readonly modes: string[];
}

function join(client: Redis): Process {
  const warnings: string[] = [];
  const modes: string[] = [];
  const listener: FleetListener = {
    onMode: (mode, fault) => modes.push(fault ?? mode),
    onExchange: () => undefined,
    onWarning: (message) => warnings.push(message),
    onCircuit: () => false,
  };
  const store = RedisStore.of(client, 'tidegate')!;
  const fleet = new Fleet({ store, processes: 2, account: undefined });
  const identity = { provider: 'openai', baseURL: 'https://api.openai.com', credential: 'secret', group: 'm' };
  const share = fleet.divide(identity, systemClock, listener)!;
  const pacing = { ...PACING, requestsPerMinute: 6_000 };
  const lane = harness({ clock: systemClock as VirtualClock, division: share, maxConcurrent: 1_000, pacing });
  shares.push({ lane, share });
  return { lane, share, warnings, modes };
}

/** A call that is made now; how long it waited. */
async function call({ lane }: Process): Promise<number> {
  const startedAt = performance.now();
  const watched = watch(lane);
  await watched.promise;
  finish(watched.ticket);
  return performance.now() - startedAt;
}

function mode(process: Process): () => void {
  return () => expect(process.share.mode).toBe('shared');
}

const SOON = { timeout: 4_000, interval: 20 };

describe('calls go on, with one warning, and Redis is used again', () => {
  it.each<[string, string, () => unknown, () => unknown]>([
    ['answers nothing', 'timeout', () => server.freeze(), () => server.thaw()],
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
    const process = join(open());
    await call(process);
    await vi.waitFor(mode(process), SOON);
    await breaks();
    for (let made = 0; made < 8; made++) {
      expect(await call(process)).toBeLessThan(900);
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    }
    expect(process.modes.at(-1)).toBe(fault);
    expect(process.warnings).toEqual([expect.stringContaining(`(${fault})`)]);
    await mends();
    await vi.waitFor(mode(process), SOON);
    expect(await call(process)).toBeLessThan(500);
  });

  it('when its scripts were flushed, without a word', async () => {
    const process = join(open());
    await call(process);
    await vi.waitFor(mode(process), SOON);
    await admin.script('FLUSH');
    for (let made = 0; made < 5; made++) await call(process);
    await new Promise((resolve) => {
      setTimeout(resolve, 600);
    });
    expect(process.modes).toEqual(['shared']);
    expect(process.warnings).toEqual([]);
  });

  it('when the password is wrong', async () => {
    await admin.config('SET', 'requirepass', 'right');
    const process = join(open({ password: 'wrong' }));
    expect(await call(process)).toBeLessThan(900);
    await vi.waitFor(() => expect(process.share.mode).toBe('alone'), SOON);
    expect(process.warnings).toHaveLength(1);
    expect(process.warnings[0]).toMatch(/\((auth|connection|timeout)\)/);
    expect(process.warnings[0]).not.toContain('wrong');
  });

  it('when its version is too old for what is asked', async () => {
    // As of a server that has no such command.
    const old = { evalsha: () => Promise.reject(new Error("ERR unknown command 'evalsha'")), eval: () => undefined };
    const process = join(old as unknown as Redis);
    expect(await call(process)).toBeLessThan(900);
    expect(process.modes).toEqual(['unsupported']);
  });
});

describe('a user of Redis with the rights that the documentation names', () => {
  it('is enough', async () => {
    await admin.call('ACL', 'SETUSER', 'tidegate', 'on', '>secret', ...ACL);
    const process = join(open({ username: 'tidegate', password: 'secret' }));
    for (let made = 0; made < 5; made++) await call(process);
    await vi.waitFor(mode(process), SOON);
    await new Promise((resolve) => {
      setTimeout(resolve, 1_000);
    });
    expect(process.modes).toEqual(['shared']);
    // Drivers name themselves, and go on where they may not: nothing that we ask is denied.
    const denied = JSON.stringify(await admin.call('ACL', 'LOG'));
    for (const rule of ACL) expect(denied).not.toContain(`"${rule.slice(1)}"`);
  });

  it('may touch no other key, and is told apart from one that may not use scripts', async () => {
    await admin.call('ACL', 'SETUSER', 'other', 'on', '>secret', ...ACL.map((rule) => rule.replace('tidegate', 'x')));
    const process = join(open({ username: 'other', password: 'secret' }));
    expect(await call(process)).toBeLessThan(900);
    await vi.waitFor(() => expect(process.modes).toEqual(['permission']), SOON);
  });

  it('keeps keys that tell nothing of the account', async () => {
    const process = join(open());
    await call(process);
    await vi.waitFor(mode(process), SOON);
    const keys = await admin.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^\{tidegate:[\w-]{27}\}(:[pla])?$/);
    const value = await admin.getBuffer(keys.find((key) => key.endsWith('}'))!);
    expect(value!.toString('latin1')).not.toMatch(/secret|openai/);
  });
});
