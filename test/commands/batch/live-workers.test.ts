import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/testing.ts';
import { RedisServer } from '../../fleet/redis-server.ts';

/** As documented. */
const RIGHTS =
  'on >secret ~{tidegate:* ~{tidegate-batch}:* resetchannels &{tidegate:* -@all +@read +@write ' +
  '+@connection +@transaction -@dangerous +eval +evalsha +time +info +subscribe +unsubscribe +publish';
const CLI = new URL('../../../src/cli.ts', import.meta.url).pathname;
const ROWS = 300;
/** Rows that one process has in flight. */
const AT_ONCE = 16;
const SOON = { timeout: 20_000, interval: 20 };

let folder: string;
let simulator: Simulator;
let redis: RedisServer;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batch-workers-'));
  redis = await RedisServer.start();
  const admin = new Redis(redis.port, '127.0.0.1');
  await admin.call('ACL', 'SETUSER', 'tidegate', ...RIGHTS.split(' '));
  admin.disconnect();
  simulator = await startSimulator({
    provider: 'openai',
    seed: 7,
    latency: { baseMs: 150, perTokenMs: 0, jitter: 0 },
    limits: { requestsPerMinute: 60_000, tokensPerMinute: 10_000_000 },
  });
  const prompts = Array.from({ length: ROWS }, (_, index) => `prompt ${index}`);
  await writeFile(join(folder, 'in.txt'), prompts.join('\n'));
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await Promise.all([simulator.close(), redis.stop(), rm(folder, { recursive: true })]);
});

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: Promise<[number | null, string | null]>;
}

function start(...args: string[]): Started {
  const env = {
    ...process.env,
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: simulator.url,
    TIDEGATE_REDIS_URL: redis.url.replace('://', '://tidegate:secret@'),
  };
  const own = ['--takeover', '1', '--max-concurrent', String(AT_ONCE)];
  const child = spawn(process.execPath, [CLI, 'batch', ...args, ...own], { env });
  children.add(child);
  let said = '';
  child.stderr!.on('data', (text) => (said += String(text)));
  return { child, said: () => said, exit: once(child, 'close') as Started['exit'] };
}

const input = (out: string, ...more: string[]): string[] => [
  join(folder, 'in.txt'),
  '--model',
  'gpt-4o-mini',
  '--max-tokens',
  '16',
  '--out',
  join(folder, out),
  ...more,
];

async function ready(worker: Started): Promise<void> {
  await vi.waitFor(() => expect(worker.said()).toContain('Taking rows'), SOON);
}

const sent = (least: number): Promise<void> =>
  vi.waitFor(() => expect(simulator.stats().requests).toBeGreaterThanOrEqual(least), SOON);

/** The results of a run, without parts that vary between answers. */
async function results(out: string): Promise<unknown[]> {
  const text = await readFile(join(folder, out), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const { custom_id, error, response } = JSON.parse(line) as Record<string, any>;
      return [custom_id, error, response.status_code, response.body.choices.length, response.body.model];
    });
}

test('three machines share one job, and the others do the rows of a killed one', async () => {
  const workers = [start('--fleet'), start('--fleet')];
  await Promise.all(workers.map(ready));
  const run = start(...input('fleet.jsonl', '--fleet'));
  await sent(60);
  workers[0]!.child.kill('SIGKILL');
  expect(await run.exit, run.said()).toEqual([0, null]);
  workers[1]!.child.kill('SIGTERM');
  expect(await workers[1]!.exit, workers[1]!.said()).toEqual([0, null]);

  // Only rows that the killed worker had in flight were sent twice.
  const { requests, rejected } = simulator.stats();
  expect(rejected).toBe(0);
  expect(requests).toBeGreaterThanOrEqual(ROWS);
  expect(requests).toBeLessThanOrEqual(ROWS + AT_ONCE);
  const alone = start(...input('alone.jsonl'));
  expect(await alone.exit, alone.said()).toEqual([0, null]);
  expect(await results('fleet.jsonl')).toEqual(await results('alone.jsonl'));
  const client = new Redis(redis.port, '127.0.0.1');
  const [keys, values] = [await client.keys('*'), await client.keys('*rows')];
  client.disconnect();
  expect(keys.length).toBeGreaterThan(0);
  expect(values).toEqual([]);
}, 60_000);

test('a run that dies can be resumed: workers have done its rows meanwhile, and none is sent again', async () => {
  const worker = start('--fleet');
  await ready(worker);
  const args = input('out.jsonl', '--fleet');
  const first = start(...args);
  await sent(60);
  first.child.kill('SIGKILL');
  await first.exit;
  // Workers continue without it.
  await sent(150);
  const second = start(...args);
  expect(await second.exit, second.said()).toEqual([0, null]);
  expect((await results('out.jsonl')).map(([id]: any) => Number(id))).toEqual(
    Array.from({ length: ROWS }, (_, index) => index + 1),
  );
  expect(simulator.stats().requests).toBeLessThanOrEqual(ROWS + AT_ONCE);
}, 60_000);
