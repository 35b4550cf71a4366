import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Guard } from '../../src/guard.ts';
import { recordHits } from '../../src/hits/record-hits.ts';
import { fakeFetch, json, type Reply } from '../helpers/fake-fetch.ts';
import { FAST, settle, testGuard } from '../helpers/guarded.ts';
import { startSimulator } from '../../src/testing.ts';
import { eventually } from '../helpers/eventually.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hits-'));
});
afterEach(() => rm(folder, { recursive: true }));

const ANSWER = json({
  id: 'c',
  object: 'chat.completion',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'my answer' } }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
});
const LIMITED = json(
  {
    error: {
      message:
        'Rate limit reached for gpt-4o-mini in organization org-x on tokens per min (TPM): Limit 200000, Used 199000, Requested 2000. Please try again in 30ms.',
      type: 'tokens',
      code: 'rate_limit_exceeded',
    },
  },
  429,
  { 'x-request-id': 'req_1', 'retry-after-ms': '30' },
);
let keys = 0;

async function ask(guard: Guard, ...replies: Reply[]): Promise<void> {
  const client = guard.wrap(new OpenAI({ apiKey: `sk-secret-${keys++}`, fetch: fakeFetch(...replies).fetch }));
  const messages = [{ role: 'user' as const, content: 'my prompt' }];
  await client.chat.completions.create({ model: 'gpt-4o-mini', messages }).catch(() => undefined);
}

const lines = async (path: string): Promise<Record<string, unknown>[]> =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('recordHits', () => {
  it('writes a line for each refusal and pause, without content or key', async () => {
    const path = join(folder, 'new', 'hits.jsonl');
    const guard = testGuard(FAST);
    const hits = recordHits({ path, guard });
    await ask(guard, LIMITED, ANSWER);
    await hits.close();
    const written = await lines(path);
    expect(written.find(({ kind }) => kind === 'hit')).toEqual({
      v: 1,
      kind: 'hit',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      provider: 'openai',
      model: 'gpt-4o-mini',
      pool: 'openai/gpt-4o-mini',
      dimension: 'tokens',
      limit: 200_000,
      used: 199_000,
      requested: 2_000,
      waitMs: expect.any(Number),
      waitSource: expect.stringMatching(/^(?:retry_after|body)$/),
      attempt: 1,
      status: 429,
      code: 'rate_limit_exceeded',
      requestId: 'req_1',
      queued: expect.any(Number),
      inFlight: expect.any(Number),
    });
    expect(written.find(({ kind }) => kind === 'pause')).toMatchObject({
      pool: 'openai/gpt-4o-mini',
      dimension: 'tokens',
    });
    expect(await readFile(path, 'utf8')).not.toMatch(/my prompt|my answer|sk-secret|org-x/);
    expect(hits.lost).toBe(0);
    await ask(guard, LIMITED, ANSWER);
    expect(await lines(path)).toEqual(written);
  });

  it('records quota, overload, and every call if asked to', async () => {
    const path = join(folder, 'hits-%p.jsonl');
    const guard = testGuard({ retry: false });
    const hits = recordHits({ path, guard, record: 'all' });
    await ask(
      guard,
      json({ error: { message: 'quota', type: 'insufficient_quota', code: 'insufficient_quota' } }, 429),
    );
    await ask(guard, ANSWER);
    await hits.close();
    const written = await lines(path.replace('%p', String(process.pid)));
    expect(written.filter(({ kind }) => kind === 'hit')).toMatchObject([
      { dimension: 'quota', waitMs: null, waitSource: null, code: 'insufficient_quota' },
    ]);
    expect(written.filter(({ kind }) => kind === 'call')).toMatchObject([
      { attempts: 1, inputTokens: null },
      { outcome: 'success', inputTokens: 10, cachedTokens: 0, outputTokens: 5, operation: 'chat' },
    ]);
  });

  it('has one line for each refusal that a provider counted', async () => {
    const path = join(folder, 'hits.jsonl');
    const simulator = await startSimulator({
      provider: 'openai',
      limits: { requestsPerMinute: 600 },
      bucketSeconds: 0.5,
      // However slowly a busy machine sends them.
      initialFill: 0,
    });
    const guard = testGuard({ pacing: false });
    const hits = recordHits({ path, guard });
    const client = guard.wrap(new OpenAI({ apiKey: 'counted', baseURL: simulator.url }));
    const messages = [{ role: 'user' as const, content: 'hi' }];
    await Promise.all(
      Array.from({ length: 12 }, () => client.chat.completions.create({ model: 'gpt-4o-mini', messages })),
    );
    await hits.close();
    const { rejected } = simulator.stats();
    await simulator.close();
    expect(rejected).toBeGreaterThan(0);
    expect((await lines(path)).filter(({ kind }) => kind === 'hit')).toHaveLength(rejected);
  });

  it('starts a new file at a size, and keeps the last ones', async () => {
    const path = join(folder, 'hits.jsonl');
    const guard = testGuard({ retry: false });
    const hits = recordHits({ path, guard, record: 'all', rotateBytes: 1_000, keep: 2 });
    for (let call = 0; call < 30; call++) {
      await ask(guard, ANSWER);
      await settle();
    }
    await hits.close();
    expect((await readdir(folder)).sort()).toEqual(['hits.jsonl', 'hits.jsonl.1', 'hits.jsonl.2']);
    expect((await lines(`${path}.1`)).every(({ kind }) => kind === 'call')).toBe(true);
    expect(hits.lost).toBe(0);
  });

  it('fails no call if the file cannot be written, and counts what is lost', async () => {
    await writeFile(join(folder, 'file'), '');
    const guard = testGuard(FAST);
    const hits = recordHits({ path: join(folder, 'file', 'hits.jsonl'), guard, record: 'all' });
    for (let call = 0; call < 3; call++) await ask(guard, ANSWER);
    await eventually(() => expect(hits.lost).toBe(3));
    await ask(guard, ANSWER);
    await hits.close();
    expect(hits.lost).toBe(4);
    expect(guard.events.filter(({ type }) => type === 'call.end')).toMatchObject(
      Array.from({ length: 4 }, () => ({ outcome: 'success' })),
    );
  });

  it('is started by TIDEGATE_HITS in a registered process', async () => {
    const path = join(folder, 'env.jsonl');
    const simulator = await startSimulator({ provider: 'openai', faults: { rates: { insufficient_quota: 1 } } });
    const app = join(import.meta.dirname, 'registered-app.mjs');
    const register = new URL('../../src/register.ts', import.meta.url).pathname;
    const env = { ...process.env, TIDEGATE_HITS: path, OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: simulator.url };
    await promisify(execFile)(process.execPath, ['--import', register, app], { env });
    await simulator.close();
    expect((await lines(path))[0]).toMatchObject({ kind: expect.stringMatching(/hit|pause/), provider: 'openai' });
  });

  it('explains a bad option', () => {
    expect(() => recordHits({ path: '' })).toThrow('Expected `path` to be the path of a file');
    expect(() => recordHits({ path: 'x', keep: 0 })).toThrow('`keep` to be an integer from 1');
    expect(() => recordHits({ path: 'x', every: 1 } as never)).toThrow('options of recordHits()');
  });
});
