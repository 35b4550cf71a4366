import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ChunkWorker } from '../../../src/commands/batch/workers/chunk-worker.ts';
import { parseExact } from '../../../src/commands/batch/exact-numbers.ts';
import { type ChunkRow, QueueLink } from '../../../src/commands/batch/workers/queue-link.ts';
import { WorkersMode } from '../../../src/commands/batch/workers/workers-mode.ts';
import { createGuard } from '../../../src/create-guard.ts';
import type { Guard } from '../../../src/guard.ts';
import { batchCommand } from '../../../src/commands/batch/batch.ts';
import { type Target } from '../../../src/commands/batch/target.ts';
import { RedisServer } from '../../fleet/redis-server.ts';
import { eventually } from '../../helpers/eventually.ts';
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

/** Sent requests, by worker. */
class Sent {
  readonly by = new Map<string, string[]>();

  of(name: string, ms = 20): (body: string) => Promise<Response> {
    return async (body) => {
      const { prompt } = JSON.parse(body) as { prompt: string };
      this.by.set(prompt, [...(this.by.get(prompt) ?? []), name]);
      await pause(ms);
      return Response.json({ prompt }, { status: prompt === 'row 7' ? 400 : 200 });
    };
  }

  fetch(name: string, ms?: number): typeof fetch {
    const send = this.of(name, ms);
    return (async (_url: unknown, init: RequestInit) => send(String(init.body))) as typeof fetch;
  }

  get senders(): Set<string> {
    return new Set([...this.by.values()].flat());
  }
}

/** A guard without limits. */
function guardOf(send: typeof fetch): Pick<Guard, 'fetch' | 'on'> {
  return { fetch: send, on: () => () => undefined };
}

interface Of {
  readonly run?: string;
  readonly ms?: number;
  readonly retryFailed?: boolean;
}

async function open(guard: Pick<Guard, 'fetch' | 'on'>, retryFailed = false): Promise<WorkersMode> {
  const link = await QueueLink.open(redis.url, target);
  const common = { target, dedupe: true, retryFailed, takeoverMs: 30_000, prices: undefined, atOnce: 16 };
  return new WorkersMode({ link, guard, say: () => undefined, ...common });
}

async function run(sent: Sent, name: string, of: Of = {}): Promise<WorkersMode> {
  const mode = await open(guardOf(sent.fetch(name, of.ms)), of.retryFailed);
  await mode.begin(of.run ?? 'run');
  return mode;
}

async function worker(guard: Pick<Guard, 'fetch' | 'on'>, onKeyRefused = () => {}): Promise<() => Promise<void>> {
  const link = await QueueLink.open(redis.url, target);
  const made = new ChunkWorker({ link, guard, target, atOnce: 16, takeoverMs: 30_000, onKeyRefused });
  return async () => {
    await made.close();
    await link.close();
  };
}

const rowsOf = (...indexes: number[]): ChunkRow[] =>
  indexes.map((index) => ({
    key: String(index),
    url: '/v1/chat/completions',
    body: JSON.stringify({ prompt: `row ${index}` }),
  }));

const ask = (mode: WorkersMode, index: number): Promise<unknown> => {
  const row = { id: String(index), line: index, url: '/v1/x', body: { prompt: `row ${index}` } };
  return mode.worker(row, { index, id: row.id, signal: mode.signal }).then(
    ({ body }) => body,
    (error: unknown) => error,
  );
};

test('rows go to idle workers, and each comes back with its own answer', async () => {
  const sent = new Sent();
  const close = await worker(guardOf(sent.fetch('worker')));
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
  await mode.close(true);
  await close();
  expect((await client.keys('*')).filter((key) => /rows$|claims$|done$/.test(key))).toEqual([]);
});

test('numbers that a double cannot hold reach the provider and come back with all digits', async () => {
  const sent: string[] = [];
  const answer = '{"account":12345678901234567890}';
  const echo = (async (_url: unknown, init: RequestInit) => {
    sent.push(String(init.body));
    return new Response(answer);
  }) as typeof fetch;
  const close = await worker(guardOf(echo));
  const mode = await open(guardOf(echo));
  await mode.begin('run');
  const text = '{"prompt":"a","seed":9223372036854775807}';
  const row = { id: '1', line: 1, url: '/v1/x', body: parseExact(text) as Record<string, unknown> };
  const { body } = await mode.worker(row, { index: 1, id: '1', signal: mode.signal });
  expect([sent, JSON.stringify(body)]).toEqual([[text], answer]);
  await mode.close(true);
  await close();
});

test('an interrupted run finds what was done meanwhile, and sends nothing again', async () => {
  const sent = new Sent();
  const close = await worker(guardOf(sent.fetch('worker')));
  const first = await run(sent, 'first');
  const asked = Array.from({ length: ROWS }, (_, index) => ask(first, index));
  await eventually(() => expect(sent.by.size).toBeGreaterThan(20));
  first.abort(new Error('Interrupted'));
  await first.close(false);
  void asked;
  const second = await run(sent, 'second');
  const answers = await Promise.all(Array.from({ length: ROWS }, (_, index) => ask(second, index)));
  expect(answers).toHaveLength(ROWS);
  expect([...sent.by.values()].every((senders) => senders.length === 1)).toBe(true);
  await second.close(true);
  await close();
});

test('a row is claimed by one live worker until it is answered', async () => {
  const link = await QueueLink.open(redis.url, target);
  const [one, other, dead] = [link.claims(30_000), link.claims(30_000), link.claims(1)];
  expect(await one.claim('run', ['a', 'b'])).toEqual(['claimed', 'claimed']);
  expect(await one.claim('run', ['a'])).toEqual(['claimed']);
  await link.answered('run', 'b', { status: 'error', error: { name: 'Error', message: 'No.' } });
  expect(await other.claim('run', ['a', 'b', 'c'])).toEqual(['held', 'answered', 'claimed']);
  await one.release('run', ['a', 'c']);
  expect(await other.claim('run', ['a', 'c'])).toEqual(['claimed', 'claimed']);
  expect(await dead.claim('run', ['d'])).toEqual(['claimed']);
  await eventually(async () => expect(await other.claim('run', ['d'])).toEqual(['claimed']));
  await link.end('run');
  expect(await other.claim('run', ['e'])).toEqual(['answered']);
  await link.close();
});

test('a Redis that loses its state is filled again, and rows in flight are not sent twice', async () => {
  const sent = new Sent();
  const mode = await run(sent, 'run', { ms: 300 });
  const asked = Array.from({ length: 40 }, (_, index) => ask(mode, index));
  await eventually(() => expect(sent.by.size).toBe(16));
  await client.flushall();
  expect(await Promise.all(asked)).toHaveLength(40);
  expect([...sent.by.values()].every((senders) => senders.length === 1)).toBe(true);
  await mode.close(true);
}, 20_000);

test('jobs that are gone are found by one command, however many are open', async () => {
  const link = await QueueLink.open(redis.url, target);
  const open = await Promise.all(Array.from({ length: 300 }, (_, index) => link.add('run', rowsOf(index))));
  const sent = vi.spyOn(link.client, 'sendCommand');
  expect(await link.gone(['first', ...open, 'last'])).toEqual(['first', 'last']);
  expect(sent).toHaveBeenCalledOnce();
  expect(await link.gone([])).toEqual([]);
  expect(sent).toHaveBeenCalledOnce();
  await link.close();
});

test('a wrong key stops its worker, and others send its rows', async () => {
  const refuse = vi.fn(async () => Response.json({ error: { message: 'Incorrect API key' } }, { status: 401 }));
  const stopped = vi.fn();
  const close = await worker(guardOf(refuse as never), stopped);
  const link = await QueueLink.open(redis.url, target);
  await link.add('run', rowsOf(1, 3));
  await eventually(() => expect(stopped).toHaveBeenCalledOnce());
  await close();
  const mode = await run(new Sent(), 'run');
  await eventually(async () => expect(await link.answersOf('run', ['1', '3'])).not.toContain(null));
  expect(refuse.mock.calls.length).toBeLessThanOrEqual(2);
  await mode.close(true);
  await link.close();
});

test('rows that wait for limits return to the queue when their worker ends', async () => {
  const guard = createGuard({ pacing: { requestsPerMinute: 1 }, telemetry: false });
  const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json({}));
  const close = await worker(guard);
  const link = await QueueLink.open(redis.url, target);
  const keys = ['1', '2', '3'];
  await link.add('run', rowsOf(1, 2, 3));
  await eventually(async () => expect(await link.answersOf('run', keys)).not.toEqual([null, null, null]));
  await close();
  await guard.close();
  expect(fetched).toHaveBeenCalledOnce();
  expect((await link.claims(1_000).claim('run', keys)).toSorted()).toEqual(['answered', 'claimed', 'claimed']);
  fetched.mockRestore();
  await link.close();
});

test('a run that cannot open its journal leaves the other one alone', async () => {
  const sent = new Sent();
  const path = join(folder, 'journal');
  const first = await open(guardOf(sent.fetch('first', 200)));
  const journal = await first.openJournal({ path });
  const asked = ask(first, 1);
  const second = await open(guardOf(sent.fetch('second')));
  await expect(second.openJournal({ path })).rejects.toMatchObject({ code: 'journal_locked' });
  await second.close(false);
  expect(await asked).toEqual({ prompt: 'row 1' });
  await journal.close();
  await first.close(true);
});

test('an error from an earlier run is not an answer if failed rows are sent again', async () => {
  const sent = new Sent();
  const first = await run(sent, 'first');
  expect(await ask(first, 7)).toMatchObject({ name: 'RowRefused' });
  await first.close(false);
  const second = await run(sent, 'second', { retryFailed: true });
  await ask(second, 7);
  expect(sent.by.get('row 7')).toEqual(['first', 'second']);
  await second.close(true);
});

test('a chunk of a run that has ended is left alone', async () => {
  const sent = new Sent();
  const mode = await run(sent, 'run');
  await ask(mode, 1);
  const link = await QueueLink.open(redis.url, target);
  await mode.close(true);
  const job = await link.queue.add('rows', { run: 'run', rows: [{ key: 'k', url: '/x', body: '{"prompt":"row 1"}' }] });
  const close = await worker(guardOf(sent.fetch('worker')));
  await eventually(async () => expect(await job.isCompleted()).toBe(true));
  expect(sent.by.get('row 1')).toEqual(['run']);
  await close();
  await link.close();
});

test('reports what is missing', async () => {
  const said: string[] = [];
  const io = { err: (text: string) => said.push(text), out: () => undefined, untilStopped: Promise.resolve() } as never;
  expect(await batchCommand(['--fleet', '--via', 'auto'], io)).toBe(2);
  expect(said.at(-1)).toContain('--fleet sends row by row');
  vi.stubEnv('OPENAI_API_KEY', 'sk-test');
  expect(await batchCommand(['--fleet'], io)).toBe(2);
  expect(said.at(-1)).toContain('TIDEGATE_REDIS_URL is not set');
  vi.stubEnv('TIDEGATE_REDIS_URL', 'redis://:hidden@127.0.0.1:1');
  expect(await batchCommand(['--fleet'], io)).toBe(2);
  expect(said.at(-1)).toContain('The Redis of TIDEGATE_REDIS_URL is unavailable');
  expect(said.join()).not.toContain('hidden');
  vi.unstubAllEnvs();
});
