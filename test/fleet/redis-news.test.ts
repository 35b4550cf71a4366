import { Redis } from 'ioredis';
import OldestIoredis from 'ioredis-oldest';
import { createClient } from 'redis';
import { createClient as createOldestClient } from 'redis-oldest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { News } from '../../src/fleet/fleet-store.ts';
import type { RedisClient } from '../../src/fleet/redis-client.ts';
import { RedisStore } from '../../src/fleet/redis-store.ts';
import { atTime } from './at-time.ts';
import { RedisServer } from './redis-server.ts';
import { limit, report } from './reports.ts';
import { eventually } from '../helpers/eventually.ts';

/** The rights documented beyond those of a small fleet. */
const NEWS_RULES = ['resetchannels', '&{tidegate:*', '+subscribe', '+unsubscribe', '+publish'];
const SCRIPT_RULES = '~{tidegate:* -@all +evalsha +eval +time +get +set +hget +hset +hdel +hmget +zadd +zrem +zrange'
  .concat(' +zrangebyscore +zcard +zrank +pexpire +ping +info +hello')
  .split(' ');
const SELDOM = { renewMs: 3_000 };

let server: RedisServer;
let admin: Redis;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  server = await RedisServer.start();
  admin = open();
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await server.stop();
});

function open(options: object = {}): Redis {
  const client = new Redis({ host: '127.0.0.1', port: server.port, retryStrategy: () => 50, ...options });
  client.on('error', () => undefined);
  closing.push(() => client.disconnect());
  return client;
}

const CLIENTS: Readonly<Record<string, () => RedisClient | Promise<RedisClient>>> = {
  'ioredis 6': () => open(),
  'ioredis 5.0': () => {
    const client = new (OldestIoredis as unknown as typeof Redis)(server.port, '127.0.0.1');
    closing.push(() => client.disconnect());
    return client;
  },
  'redis 6': async () => {
    const client = createClient({ url: server.url, socket: { reconnectStrategy: () => 50 } });
    client.on('error', () => undefined);
    await client.connect();
    closing.push(() => client.destroy());
    return client;
  },
  'redis 4.6': async () => {
    const client = createOldestClient({ url: server.url, socket: { reconnectStrategy: () => 50 } });
    client.on('error', () => undefined);
    await client.connect();
    closing.push(() => client.disconnect());
    return client;
  },
};

interface Listening {
  readonly news: News[];
  readonly hears: boolean[];
  leave(): void;
}

function listen(store: RedisStore, lane = 'lane'): Listening {
  const news: News[] = [];
  const hears: boolean[] = [];
  const leave = store.listen(lane, { onNews: (each) => news.push(each), onHears: (each) => hears.push(each) });
  closing.unshift(leave);
  return { news, hears, leave };
}

async function connections(): Promise<number> {
  return String(await admin.client('LIST'))
    .trim()
    .split('\n').length;
}

describe.each(Object.keys(CLIENTS))('a store on a client of %s', (kind) => {
  it('receives news of a pause, a cut and a quota, and of nothing else', async () => {
    const store = RedisStore.of(await CLIENTS[kind]!(), 'tidegate')!;
    const { news, hears } = listen(store);
    const other = listen(store, 'other');
    await eventually(() => expect([hears, other.hears]).toEqual([[true], [true]]));
    await store.exchange('lane', report('a', [limit()], SELDOM));
    await store.exchange('lane', report('a', [limit()], { ...SELDOM, pauseMs: 5_000 }));
    await store.exchange('lane', report('a', [limit({ limit: 60, full: 60, changed: true })], SELDOM));
    const stop = { reason: 'quota', outcome: 'quota_exhausted', forMs: -1 };
    await store.exchange('lane', report('a', [limit({ limit: 60, full: 60 })], { ...SELDOM, stop }));
    await eventually(() => expect(news).toHaveLength(3));
    expect(news[0]!.pauseMs).toBeCloseTo(5_000, 0);
    expect(news.map(({ voids }) => voids)).toEqual([false, true, false]);
    expect(news.slice(1).map(({ pauseMs }) => pauseMs)).toEqual([0, 0]);
    expect(other.news).toEqual([]);
  });

  it('reports when it no longer receives news, and when it does again', async () => {
    const store = RedisStore.of(await CLIENTS[kind]!(), 'tidegate')!;
    const { hears, news } = listen(store);
    await eventually(() => expect(hears).toEqual([true]));
    await server.kill();
    await eventually(() => expect(hears.at(-1)).toBe(false));
    await server.start();
    await eventually(() => expect(hears.at(-1)).toBe(true));
    await eventually(() => store.exchange('lane', report('a', [limit()], { ...SELDOM, pauseMs: 900 })));
    // An exchange whose reply is lost is repeated, and so is its news.
    await eventually(() => expect(news).not.toHaveLength(0));
  });

  it('has one extra connection as long as there are listeners', async () => {
    const store = RedisStore.of(await CLIENTS[kind]!(), 'tidegate')!;
    const before = await connections();
    const both = [listen(store), listen(store, 'other')];
    await eventually(() => expect(both.map(({ hears }) => hears)).toEqual([[true], [true]]));
    expect(await connections()).toBe(before + 1);
    for (const { leave } of both) leave();
    await eventually(async () => expect(await connections()).toBe(before));
  });
});

it('works for a user with only the documented rights', async () => {
  await admin.call('ACL', 'SETUSER', 'tidegate', 'on', '>secret', ...SCRIPT_RULES, ...NEWS_RULES);
  const store = RedisStore.of(open({ username: 'tidegate', password: 'secret' }), 'tidegate')!;
  const { news, hears } = listen(store);
  await eventually(() => expect(hears).toEqual([true]));
  await store.exchange('lane', report('a', [limit()], { ...SELDOM, pauseMs: 900 }));
  await eventually(() => expect(news).toHaveLength(1));
});

it('is missed without harm by a user that may not subscribe or publish', async () => {
  await admin.call('ACL', 'SETUSER', 'tidegate', 'on', '>secret', 'resetchannels', ...SCRIPT_RULES);
  const store = RedisStore.of(open({ username: 'tidegate', password: 'secret' }), 'tidegate')!;
  const { hears } = listen(store);
  const grant = await store.exchange('lane', report('a', [limit()], { ...SELDOM, pauseMs: 900 }));
  expect(grant.pauseMs).toBeCloseTo(900, -1);
  expect(hears).toEqual([]);
});

it('is not sent by a process that exchanges twice a second', async () => {
  const store = RedisStore.of(open(), 'tidegate')!;
  const { news, hears } = listen(store);
  await eventually(() => expect(hears).toEqual([true]));
  await store.exchange('lane', report('a', [limit()], { renewMs: 470, pauseMs: 900 }));
  await store.exchange('lane', report('b', [limit()], { ...SELDOM, pauseMs: 9_000 }));
  await eventually(() => expect(news).toHaveLength(1));
});

it('announces once to many that there is enough for their last calls', async () => {
  const { news, hears } = listen(RedisStore.of(open(), 'tidegate')!);
  await eventually(() => expect(hears).toEqual([true]));
  let now = 1_790_000_000_000;
  const store = RedisStore.of(
    atTime(open(), () => now),
    'tidegate',
  )!;
  await store.exchange('lane', report('first', [limit({ level: 0 })], SELDOM));
  const last = limit({ level: 0, need: 1, want: 2, rest: 2 });
  const ask = (index: number): Promise<unknown> => store.exchange('lane', report(`waits ${index}`, [last], SELDOM));
  for (let index = 0; index < 20; index++) await ask(index);
  // A process not seen for six seconds is gone; in ten there is enough.
  for (let turn = 0; turn < 3; turn++) {
    now += 4_000;
    for (let index = 0; index < 20; index++) await ask(index);
  }
  await eventually(() => expect(news).toEqual([{ pauseMs: 0, voids: false, ends: true }]));
});
