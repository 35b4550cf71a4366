import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MissingServerError, requireServers } from '../../tools/stack/binaries.ts';
import { type Stack, startStack } from '../../tools/stack/stack.ts';
import { queryAt } from '../../tools/stack/query.ts';
import { redisStore } from '../../src/redis.ts';
import { type App, startApp } from '../ops/live-app.ts';
import { type Delivery, type Inbox, startInbox } from '../ops/live-inbox.ts';
import { RedisServer } from './redis-server.ts';
import { type SlowLine, slowLine } from './slow-line.ts';

/** A minute of the shipped rules lasts a second and a half here. */
const TIME_SCALE = 40;
const PROCESSES = 3;

let redis: RedisServer;
let lines: SlowLine[] = [];
let apps: App[] = [];
const clients: Redis[] = [];
let inbox: Inbox;
let stack: Stack | undefined;
let missing: string | undefined;

beforeAll(async () => {
  try {
    requireServers();
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
  } catch (error) {
    if (process.env['CI']) throw error;
    missing = error instanceof MissingServerError ? error.message : 'redis-server is not on the PATH';
    return;
  }
  redis = await RedisServer.start();
  lines = await Promise.all(Array.from({ length: PROCESSES }, () => slowLine(redis.port)));
  apps = await Promise.all(lines.map(startProcess));
  inbox = await startInbox();
  stack = await startStack({
    targets: { fleet: apps.map(({ target }) => target) },
    inbox: inbox.url,
    timeScale: TIME_SCALE,
  });
  for (const app of apps) app.steady(8);
  await until(
    'all lanes share',
    30,
    async () => (await value('sum(tidegate_fleet_lanes{tidegate_fleet_mode="shared"})')) === PROCESSES,
  );
  await wait(5_000);
}, 90_000);

afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  for (const client of clients) client.disconnect();
  await stack?.stop();
  inbox?.close();
  await Promise.all(lines.map((line) => line.close()));
  await redis?.stop();
}, 30_000);

/** A separate process, as far as the fleet knows: its own client, store and metrics. */
async function startProcess({ port }: SlowLine): Promise<App> {
  const client = new Redis(port, '127.0.0.1', {
    retryStrategy: () => 100,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  });
  client.on('error', () => {
    // The store is stopped on purpose.
  });
  clients.push(client);
  const limits = { requestsPerMinute: 3_000, tokensPerMinute: 3_000_000 };
  const latency = { baseMs: 40, jitter: 0.5 };
  return startApp('gpt-4o-mini', [{ provider: 'openai', limits, latency, seed: 7 }], {
    shared: redisStore(client, { prefix: 'live', processes: PROCESSES }),
  });
}

const value = async (expr: string): Promise<number> =>
  Number((await queryAt(stack!.prometheus, expr))[0]?.values[0]?.[1]);

function arrived(name: string, status: Delivery['status'], after: number): Delivery | undefined {
  return inbox.deliveries.find(
    (each) => each.status === status && each.labels['alertname'] === name && each.atMs >= after,
  );
}

async function until(what: string, seconds: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Expected that ${what} within ${seconds} s`);
    await wait(250);
  }
}

interface Case {
  readonly what: string;
  readonly alert: string;
  readonly says: RegExp;
  breaks(): void | Promise<void>;
  mends(): void | Promise<void>;
}

const CASES: readonly Case[] = [
  {
    what: 'a store that answers nothing',
    alert: 'TidegateFleetStoreDown',
    says: /^fleet has lost its store of shared limits \(timeout\): 100% of its lanes continue alone.*it does not answer in time/,
    breaks: () => redis.freeze(),
    mends: () => redis.thaw(),
  },
  {
    what: 'a store that is killed and starts empty',
    alert: 'TidegateFleetStoreDown',
    says: /^fleet has lost its store of shared limits \(connection\).*it cannot be reached: check that it is running/,
    breaks: () => redis.kill(),
    mends: () => redis.start(),
  },
  {
    what: 'a store that is slow',
    alert: 'TidegateFleetStoreSlow',
    says: /^fleet waits .*ms for an answer of its store.*threshold 50 ms/,
    breaks: () => lines.forEach((line) => (line.delayMs = 120)),
    mends: () => lines.forEach((line) => (line.delayMs = 0)),
  },
  {
    what: 'a process whose line to the store is cut',
    alert: 'TidegateFleetProcessAlone',
    says: /^127\.0\.0\.1:\d+ \(fleet\) has lost the store of shared limits \(connection\), which the others reach/,
    breaks: () => void (lines[0]!.cut = true),
    mends: () => void (lines[0]!.cut = false),
  },
];

test.for(CASES)(
  '$what becomes a ticket that names its cause, and ends',
  { timeout: 120_000 },
  async (each, context) => {
    if (!stack) return context.skip(missing);
    const from = performance.now();
    await each.breaks();
    await until(`${each.alert} arrives`, 40, () => arrived(each.alert, 'firing', from) !== undefined);
    const firing = arrived(each.alert, 'firing', from)!;
    expect(firing.receiver).toBe('ticket');
    expect(firing.annotations['description']).toMatch(each.says);
    const mended = performance.now();
    await each.mends();
    await until(`${each.alert} is resolved`, 60, () => arrived(each.alert, 'resolved', mended) !== undefined);
    const mode = 'sum(tidegate_fleet_lanes{tidegate_fleet_mode="shared"})';
    await until('all lanes share again', 20, async () => (await value(mode)) === PROCESSES);
    console.log(
      `${each.what}: ${each.alert} after ${((firing.atMs - from) / 1_000).toFixed(1)} s of a clock of ${TIME_SCALE}, ended ${((arrived(each.alert, 'resolved', mended)!.atMs - mended) / 1_000).toFixed(1)} s after`,
    );
  },
);

test('no call failed for any of it', async (context) => {
  if (!stack) return context.skip(missing);
  expect(await value('sum(tidegate_calls_total{tidegate_outcome!~"success|success_after_retry|cancelled"})')).toBe(0);
  expect(await value('sum(tidegate_calls_total{tidegate_outcome="success"})')).toBeGreaterThan(500);
});
