import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/testing.ts';
import { RedisServer } from './redis-server.ts';

const run = promisify(execFile);
let redis: RedisServer;
let simulator: Simulator;

beforeAll(async () => {
  redis = await RedisServer.start();
  simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: 1_200, tokensPerMinute: 1_000_000 },
    initialFill: 0.05,
    latency: { baseMs: 50, perTokenMs: 0, jitter: 0 },
  });
});

afterAll(async () => {
  await simulator.close();
  await redis.stop();
});

it('shares limits among real processes by TIDEGATE_REDIS_URL, and lets them exit', async () => {
  const register = join(import.meta.dirname, '../../src/register.ts');
  const app = join(import.meta.dirname, 'registered-app.mjs');
  const env = { ...process.env, TIDEGATE_REDIS_URL: redis.url };
  const apps = Array.from({ length: 3 }, () =>
    run(process.execPath, ['--import', register, app, simulator.url], { env, timeout: 50_000 }),
  );
  for (const { stdout } of await Promise.all(apps)) expect(stdout).toBe('done');
  const client = new Redis(redis.port, '127.0.0.1');
  const keys = await client.keys('{tidegate:*');
  client.disconnect();
  expect(keys.length).toBeGreaterThan(0);
  const { rejected, requests } = simulator.stats();
  expect(requests).toBeGreaterThanOrEqual(120);
  expect(rejected / requests).toBeLessThan(0.1);
});

it.each([
  ['ioredis', 'ioredis-oldest'],
  ['redis', 'redis'],
  ['redis', 'redis-oldest'],
])("finds the application's %s: %s", async (name, installed) => {
  const cwd = mkdtempSync(join(tmpdir(), 'tidegate-app-'));
  const client = new Redis(redis.port, '127.0.0.1');
  try {
    mkdirSync(join(cwd, 'node_modules'));
    symlinkSync(join(import.meta.dirname, '../../node_modules', installed), join(cwd, 'node_modules', name));
    await client.flushall();
    const register = join(import.meta.dirname, '../../src/register.ts');
    const app = join(import.meta.dirname, 'registered-app.mjs');
    const env = { ...process.env, TIDEGATE_REDIS_URL: redis.url };
    const { stdout } = await run(process.execPath, ['--import', register, app, simulator.url, '2'], { env, cwd });
    expect(stdout).toBe('done');
    expect(await client.keys('{tidegate:*')).not.toEqual([]);
  } finally {
    client.disconnect();
    rmSync(cwd, { recursive: true });
  }
});
