import { GlideClient, Logger } from '@valkey/valkey-glide';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import OldestIoredis from 'ioredis-oldest';
import { Redis as Iovalkey } from 'iovalkey';
import { createClient } from 'redis';
import { createClient as createOldestClient } from 'redis-oldest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DIVIDE_SCRIPT } from '../../src/fleet/divide-script.ts';
import { divide } from '../../src/fleet/divide.ts';
import { newLane } from '../../src/fleet/lane-state.ts';
import type { Grant, LimitReport, Report } from '../../src/fleet/fleet-store.ts';
import type { RedisClient } from '../../src/fleet/redis-client.ts';
import { RedisStore } from '../../src/fleet/redis-store.ts';
import { atTime } from './at-time.ts';
import { RedisServer } from './redis-server.ts';
import { limit, MINUTE, report, tokens } from './reports.ts';

let server: RedisServer;
let client: Redis;

beforeAll(async () => {
  // It reports every error of the server.
  Logger.init('off');
  server = await RedisServer.start();
  client = new Redis(server.port, '127.0.0.1');
});

afterAll(async () => {
  client.disconnect();
  await server.stop();
});

beforeEach(() => client.flushall());

/** Limits in order of their names. */
function sorted(grant: Grant): Grant {
  return { ...grant, limits: grant.limits.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

const amount = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 900, noNaN: true }));
const told = (of: (over: Partial<LimitReport>) => LimitReport, scale: number): fc.Arbitrary<LimitReport> =>
  fc
    .record({
      need: amount,
      more: amount,
      spent: amount,
      unanswered: amount,
      full: fc.constantFrom(600, 600, 600, 30, 1),
      windowMs: fc.constantFrom(MINUTE, MINUTE, 6_000),
      changed: fc.boolean(),
      headroom: fc.constantFrom(0, 0.01, 0.2),
      refusedAt: fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined, freq: 8 }),
      rest: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined, freq: 1 }),
      sample: fc.option(
        fc.record({
          ageMs: fc.integer({ min: 0, max: 4_000 }),
          left: fc.integer({ min: 0, max: 600 }),
          total: amount,
          unspentLeast: amount,
          unspentMost: amount,
        }),
        { nil: undefined },
      ),
    })
    .map(({ need, more, spent, unanswered, full, changed, headroom, refusedAt, rest, sample, windowMs }) =>
      of({
        need: need * scale,
        want: (need + more) * scale,
        spent: spent * scale,
        unanswered: unanswered * scale,
        full: full * scale,
        changed,
        headroom,
        windowMs,
        rest: rest === undefined ? undefined : rest * scale,
        refusedAt: refusedAt === undefined ? undefined : refusedAt * scale,
        sample: sample && { ...sample, left: sample.left * scale },
      }),
    );

const steps = fc.array(
  fc.record({
    process: fc.constantFrom('a', 'b', 'c', 'd'),
    afterMs: fc.integer({ min: 0, max: 3_000 }),
    requests: told(limit, 1),
    tokens: fc.option(told(tokens, 100), { nil: undefined }),
    isOutput: fc.boolean(),
    lateMs: fc.constantFrom(undefined, 0, 400, 900),
    weight: fc.constantFrom(1, 4, 8),
    classes: fc.constantFrom(undefined, {}, { 1: 1 }, { 4: 4 }, { 4: 4, 1: 1 }, { '4:a': 8, '4:b': 4, 8: 8 }),
    returns: fc.boolean(),
    leaves: fc.boolean(),
    pauseMs: fc.constantFrom(0, 0, 0, 0, 700),
    circuitMs: fc.constantFrom(0, 0, 0, 5_000, -1),
    opens: fc.boolean(),
    renewMs: fc.constantFrom(undefined, 470, 4_000),
    learned: fc.constantFrom(undefined, undefined, '{"a":1}', 'b'),
    stop: fc.constantFrom(
      undefined,
      undefined,
      { reason: 'quota', outcome: 'quota_exhausted', forMs: -1 },
      { reason: 'day_limit', outcome: 'throttled', dimension: 'requests_day', limit: 100, forMs: 3_000 },
    ),
  }),
  { minLength: 1, maxLength: 25 },
);

it('keeps a reserve for future calls when very many others wait', async () => {
  const store = RedisStore.of(client, 'tidegate')!;
  await store.exchange('lane', report('idle', [limit({ need: 1, want: 600 })]));
  for (let index = 0; index < 40; index++) {
    await store.exchange('lane', report(`waits ${index}`, [limit({ level: 0, need: 1, want: 5 })]));
  }
  const grant = await store.exchange('lane', report('idle', [limit({ spent: 600, want: 2 })]));
  expect(grant.fleet).toBe(41);
});

it('rejects an answer to another request', async () => {
  const mixed = {
    evalsha: (sha: string, keys: number, ...rest: string[]) =>
      client.eval(DIVIDE_SCRIPT, keys, ...rest.slice(0, keys), JSON.stringify(report('b', [limit()]))),
    eval: () => Promise.reject(new Error('not asked')),
  };
  const store = RedisStore.of(mixed, 'tidegate')!;
  await expect(store.exchange('lane', report('a', [limit()]))).rejects.toThrow('unsupported answer');
});

describe('the script', () => {
  it('divides as the TypeScript rules do', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (each) => {
        let now = 1_790_000_000_000;
        const lane = newLane(now + each[0]!.afterMs);
        const store = RedisStore.of(
          atTime(client, () => now),
          `run${run++}`,
        )!;
        for (const { process, afterMs, requests, tokens: told, isOutput, lateMs, ...over } of each) {
          now += afterMs;
          const more = told && isOutput ? { ...told, name: 'output_tokens' } : told;
          const at = lateMs === undefined ? undefined : now - lateMs;
          const sent: Report = report(process, more ? [requests, more] : [requests], { fleet: 3, at, ...over });
          const expected = sorted(divide(lane, JSON.parse(JSON.stringify(sent)) as Report, now));
          const found = sorted(await store.exchange('lane', sent));
          expect(found.limits.length).toBe(expected.limits.length);
          const { limits: rows, ...head } = found;
          const { limits: expectedRows, ...expectedHead } = expected;
          expect(head.waitMs).toBeCloseTo(expectedHead.waitMs, 3);
          expect(head.pauseMs).toBeCloseTo(expectedHead.pauseMs, 3);
          expect(head.circuitMs).toBeCloseTo(expectedHead.circuitMs, 3);
          expect(head.stop?.forMs ?? 0).toBeCloseTo(expectedHead.stop?.forMs ?? 0, 3);
          expect(Object.keys(head.parts ?? {}).toSorted()).toEqual(Object.keys(expectedHead.parts ?? {}).toSorted());
          for (const [name, part] of Object.entries(expectedHead.parts ?? {})) {
            expect(head.parts![name]).toBeCloseTo(part, 6);
          }
          const rough = { waitMs: 0, pauseMs: 0, circuitMs: 0, parts: undefined };
          const roughly = ({ stop, ...rest }: typeof head): object => ({
            ...rest,
            ...rough,
            stop: stop && { ...stop, forMs: 0 },
          });
          expect(roughly(head)).toEqual(roughly(expectedHead));
          rows.forEach((row, index) => {
            for (const [name, value] of Object.entries(expectedRows[index]!)) {
              const got = row[name as keyof typeof row];
              if (typeof value === 'number') expect(got, name).toBeCloseTo(value, 4);
              else expect(got).toBe(value);
            }
          });
        }
      }),
      { numRuns: 150 },
    );
  });
});

it('stops counting classes of processes that an older version of the script has forgotten', async () => {
  const store = RedisStore.of(client, 'tidegate')!;
  const classes = { interactive: 8, batch: 1 };
  const waits = (process: string): Promise<Grant> =>
    store.exchange('lane', report(process, [limit({ need: 1, want: 5 })], { classes }));
  // A live process keeps the lane from starting over.
  await store.exchange('lane', report('idle', [limit()]));
  await waits('gone');
  for (const key of ['{tidegate:lane}:l', '{tidegate:lane}:a']) await client.zrem(key, 'gone');
  await client.hdel('{tidegate:lane}:p', 'gone');
  expect((await waits('stays')).parts).toEqual({ interactive: 1, batch: 1 });
});

interface Opened {
  readonly client: RedisClient;
  close(): unknown;
}

/** Every supported client, with its oldest supported version. */
const CLIENTS: Readonly<Record<string, () => Opened | Promise<Opened>>> = {
  'ioredis 6': () => ofIoredis(new Redis(server.port, '127.0.0.1')),
  'ioredis 5.0': () => ofIoredis(new (OldestIoredis as unknown as typeof Redis)(server.port, '127.0.0.1')),
  iovalkey: () => ofIoredis(new Iovalkey(server.port, '127.0.0.1')),
  'redis 6': async () => {
    const node = await createClient({ url: server.url }).connect();
    return { client: node, close: () => node.destroy() };
  },
  'redis 4.6': async () => {
    const node = createOldestClient({ url: server.url });
    await node.connect();
    return { client: node, close: () => node.disconnect() };
  },
  '@valkey/valkey-glide': async () => {
    const glide = await GlideClient.createClient({ addresses: [{ host: '127.0.0.1', port: server.port }] });
    return { client: glide, close: () => glide.close() };
  },
};

function ofIoredis(client: RedisClient & { disconnect(): void }): Opened {
  return { client, close: () => client.disconnect() };
}

describe.each(Object.keys(CLIENTS))('a store on a client of %s', (kind) => {
  let own: RedisClient;
  let close: () => unknown;

  beforeAll(async () => {
    ({ client: own, close } = await CLIENTS[kind]!());
  });

  afterAll(() => close());

  it('leases, and takes back what was not spent', async () => {
    const store = RedisStore.of(own, 'tidegate')!;
    await store.exchange('lane', report('first', [limit()]));
    const { limits } = await store.exchange('lane', report('a', [limit({ need: 1, want: 15 })]));
    expect(limits[0]).toMatchObject({ name: 'requests', limit: 600, granted: 15, free: 585 });
    const [after] = (await store.exchange('lane', report('a', [limit({ spent: 5 })]))).limits;
    expect(after!.free).toBeCloseTo(595, 0);
  });

  it('loads the script again after it was flushed', async () => {
    const store = RedisStore.of(own, 'tidegate')!;
    await store.exchange('lane', report('a', [limit()]));
    await client.script('FLUSH');
    await expect(store.exchange('lane', report('a', [limit()]))).resolves.toMatchObject({ fleet: 1 });
  });

  it('keeps what was learned for a day, and processes for a minute', async () => {
    const store = RedisStore.of(own, 'tidegate')!;
    await store.exchange('lane', report('a', [limit({ need: 1, want: 5 })]));
    expect(await client.pttl('{tidegate:lane}')).toBeGreaterThan(23 * 60 * MINUTE);
    const others = (await client.keys('*')).filter((key) => key !== '{tidegate:lane}');
    expect(others.toSorted()).toEqual(['{tidegate:lane}:a', '{tidegate:lane}:l', '{tidegate:lane}:p']);
    for (const key of others) expect(await client.pttl(key)).toBeLessThanOrEqual(MINUTE);
  });
});
