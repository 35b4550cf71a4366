import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ChunkWorker } from '../../../src/commands/batch/workers/chunk-worker.ts';
import { type ChunkRow, QueueLink } from '../../../src/commands/batch/workers/queue-link.ts';
import { WorkersMode } from '../../../src/commands/batch/workers/workers-mode.ts';
import { batchCommand } from '../../../src/commands/batch/batch.ts';
import { type Target } from '../../../src/commands/batch/target.ts';
import { RedisServer } from '../../fleet/redis-server.ts';
import { pause } from '../../helpers/real-time.ts';

const ROWS = 100;

let redis: RedisServer;
let client: Redis;
let folder: string;
beforeAll(async () => {
  redis = await RedisServer.start();
  client = new Redis(redis.port, '127.0.0.1');
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});
beforeEach(async () => {
  await client.flushall();
  folder = await mkdtemp(join(tmpdir(), 'workers-'));
});
afterEach(() => rm(folder, { recursive: true }));

const target: Target = {
  provider: 'openai',
  baseURL: 'http://127.0.0.1:1/v1',
  headers: { authorization: 'Bearer sk-secret' },
};

/** What was sent, by whom. */
class Sent {
  readonly by = new Map<string, string[]>();

  of(name: string, ms = 20): (row: Pick<ChunkRow, 'body'>) => Promise<Response> {
    return async ({ body }) => {
      const prompt = String(body['prompt']);
      this.by.set(prompt, [...(this.by.get(prompt) ?? []), name]);
      await pause(ms);
      return Response.json({ prompt }, { status: prompt === 'row 7' ? 400 : 200 });
    };
  }

  fetch(name: string, ms?: number): typeof fetch {
    const send = this.of(name, ms);
    return (async (_url: unknown, init: RequestInit) =>
      send({ body: JSON.parse(String(init.body)) as ChunkRow['body'] })) as typeof fetch;
  }

  get senders(): Set<string> {
    return new Set([...this.by.values()].flat());
  }
}

async function run(sent: Sent, name: string, takeoverMs = 30_000): Promise<WorkersMode> {
  const link = await QueueLink.open(redis.url, target);
  const journal = join(folder, 'journal');
  const common = { target, journal, dedupe: true, takeoverMs, prices: undefined, atOnce: 16 };
  return WorkersMode.open({ link, send: sent.fetch(name), ...common });
}

async function worker(send: (row: ChunkRow) => Promise<any>, takeoverMs = 30_000): Promise<() => Promise<void>> {
  const link = await QueueLink.open(redis.url, target);
  const made = new ChunkWorker({ link, atOnce: 16, takeoverMs, send });
  return async () => {
    await made.close();
    await link.close();
  };
}

const answerOf = async (response: Promise<Response>): Promise<object> => ({
  status_code: 200,
  request_id: '',
  body: await (await response).json(),
});

const ask = (mode: WorkersMode, index: number): Promise<unknown> => {
  const row = { id: String(index), line: index, url: '/v1/x', body: { prompt: `row ${index}` } };
  return mode.worker(row, { index, id: row.id, signal: mode.signal }).then(
    ({ body }) => body,
    (error: unknown) => error,
  );
};

test('rows go to whoever is free, and each comes back with its own answer', async () => {
  const sent = new Sent();
  const close = await worker((row) => answerOf(sent.of('worker')(row)));
  const mode = await run(sent, 'run');
  const answers = await Promise.all(Array.from({ length: ROWS }, (_, index) => ask(mode, index)));
  answers.forEach((answer, index) => {
    if (index === 7 && answer instanceof Error) expect(answer).toMatchObject({ name: 'RowRefused', status: 400 });
    else expect(answer).toEqual({ prompt: `row ${index}` });
  });
  expect([...sent.by.values()].every((senders) => senders.length === 1)).toBe(true);
  expect(sent.senders).toEqual(new Set(['run', 'worker']));
  const stored = JSON.stringify(await Promise.all((await client.keys('*')).map((key) => client.dump(key))));
  expect(stored).not.toContain('sk-secret');
  await mode.close();
  await close();
  expect((await client.keys('*')).filter((key) => /rows$|claims$|done$/.test(key))).toEqual([]);
});

test('a run that is interrupted finds what was done meanwhile, and sends nothing again', async () => {
  const sent = new Sent();
  const close = await worker((row) => answerOf(sent.of('worker')(row)));
  const first = await run(sent, 'first');
  const asked = Array.from({ length: ROWS }, (_, index) => ask(first, index));
  await vi.waitFor(() => expect(sent.by.size).toBeGreaterThan(20));
  first.abort(new Error('Interrupted'));
  await first.close();
  void asked;
  const name = await readFile(join(folder, 'journal.fleet'), 'utf8');
  const second = await run(sent, 'second');
  const answers = await Promise.all(Array.from({ length: ROWS }, (_, index) => ask(second, index)));
  expect(answers).toHaveLength(ROWS);
  expect(await readFile(join(folder, 'journal.fleet'), 'utf8')).toBe(name);
  expect([...sent.by.values()].every((senders) => senders.length === 1)).toBe(true);
  await second.close();
  await close();
});

test('a row whose sender has answered and gone is not claimed again', async () => {
  const link = await QueueLink.open(redis.url, target);
  expect(await link.claims('run', 'answered', 'gone')).toBe(true);
  await link.answered('run', 'answered', { status: 'error', error: { name: 'Error', message: 'No.' } });
  expect(await link.claims('run', 'answered', 'other')).toBe(false);
  expect(await link.claims('run', 'lost', 'gone')).toBe(true);
  expect(await link.claims('run', 'lost', 'other')).toBe(true);
  const alive = await link.queue.add('rows', { run: 'run', rows: [] });
  expect(await link.claims('run', 'at work', alive.id!)).toBe(true);
  expect(await link.claims('run', 'at work', 'other')).toBe(false);
  await link.close();
});

test('a chunk of a run that has ended is left alone', async () => {
  const sent = new Sent();
  const mode = await run(sent, 'run');
  await ask(mode, 1);
  const link = await QueueLink.open(redis.url, target);
  const name = await readFile(join(folder, 'journal.fleet'), 'utf8');
  await mode.close();
  const job = await link.queue.add('rows', { run: name, rows: [{ key: 'k', url: '/x', body: { prompt: 'row 1' } }] });
  const close = await worker((row) => answerOf(sent.of('worker')(row)));
  await vi.waitFor(async () => expect(await job.isCompleted()).toBe(true));
  expect(sent.by.get('row 1')).toEqual(['run']);
  await close();
  await link.close();
});

test('says what is missing', async () => {
  const said: string[] = [];
  const io = { err: (text: string) => said.push(text), out: () => undefined, untilStopped: Promise.resolve() } as never;
  expect(await batchCommand(['--fleet', '--via', 'auto'], io)).toBe(2);
  expect(said.at(-1)).toContain('--fleet sends row by row');
  vi.stubEnv('OPENAI_API_KEY', 'sk-test');
  expect(await batchCommand(['--fleet'], io)).toBe(2);
  expect(said.at(-1)).toContain('TIDEGATE_REDIS_URL is not set');
  vi.stubEnv('TIDEGATE_REDIS_URL', 'redis://:hidden@127.0.0.1:1');
  expect(await batchCommand(['--fleet'], io)).toBe(2);
  expect(said.at(-1)).toContain('The Redis of TIDEGATE_REDIS_URL is of no use');
  expect(said.join()).not.toContain('hidden');
  vi.unstubAllEnvs();
});
