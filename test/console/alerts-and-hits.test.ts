import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AlertWatch } from '../../src/console/alert-watch.ts';
import { HitsFile } from '../../src/console/hits-file.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { HitLine } from '../../src/hits/hit-line.ts';
import { scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const alert = (over: object = {}): object => ({
  labels: { alertname: 'TidegateLimitReached', severity: 'page', job: 'shop', gen_ai_provider_name: 'openai' },
  annotations: { summary: 'openai refuses calls.', runbook_url: 'https://runbook.example/#a' },
  startsAt: '2026-01-15T12:00:00Z',
  status: { state: 'active' },
  ...over,
});

describe('firing alerts', () => {
  test("are those of tidegate's rules, newest first, with their runbook", async () => {
    const others = [
      alert({ labels: { alertname: 'HostDown', severity: 'page' } }),
      alert({ labels: { alertname: 'TidegateOther' }, annotations: { runbook_url: 'javascript:alert(1)' } }),
      alert({ labels: { alertname: 'TidegateNew' }, startsAt: '2026-01-15T13:00:00Z' }),
      null,
      { labels: 7 },
    ];
    const server = await scriptedServer(sendJson([alert(), ...others]));
    const watch = new AlertWatch(`${server.url}/am/`, systemClock, false);
    await watch.look();
    expect(server.requests[0]!.url).toBe('/am/api/v2/alerts?active=true&silenced=false&inhibited=false');
    expect(watch.state.problem).toBeUndefined();
    expect(watch.state.firing.map(({ name, runbook }) => [name, runbook])).toEqual([
      ['TidegateNew', 'https://runbook.example/#a'],
      ['TidegateLimitReached', 'https://runbook.example/#a'],
      ['TidegateOther', undefined],
    ]);
    expect(watch.state.firing[1]).toMatchObject({
      severity: 'page',
      summary: 'openai refuses calls.',
      labels: 'job=shop, gen_ai_provider_name=openai',
      since: Date.UTC(2026, 0, 15, 12),
    });
  });

  test.each<[string, Parameters<typeof scriptedServer>[0], string]>([
    ['fails', (response) => void response.writeHead(503).end(), 'status 503'],
    ['is something else', (response) => void response.end('<html>'), 'something else'],
    ['has no list', sendJson({ status: 'ok' }), 'something else'],
  ])('are missing, with the reason, for an Alertmanager that %s', async (_name, answer, problem) => {
    const watch = new AlertWatch((await scriptedServer(answer)).url, systemClock, false);
    await watch.look();
    expect(watch.state).toEqual({ firing: [], problem: expect.stringContaining(problem) as string });
  });

  test('are requested every ten seconds until the end', async () => {
    const clock = new VirtualClock();
    const watch = new AlertWatch('http://127.0.0.1:5', clock, false);
    await watch.start();
    expect(clock.nextIn()).toBe(10_000);
    watch.close();
    expect(clock.pending()).toBe(0);
  });
});

describe('the end of a hit record', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidegate-console-'));
    path = join(folder, 'hits.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const line = (second: number, over: Partial<HitLine> = {}): string =>
    `${JSON.stringify({
      v: 1,
      kind: 'hit',
      at: new Date(Date.UTC(2026, 0, 15, 12, 0, second)).toISOString(),
      provider: 'openai',
      model: 'gpt-4o',
      pool: 'openai/gpt-4o',
      dimension: 'tokens',
      limit: 1000,
      used: 900,
      requested: 200,
      waitMs: 400,
      waitSource: 'body',
      attempt: 1,
      status: 429,
      code: null,
      requestId: 'req_secret',
      queued: 1,
      inFlight: 1,
      ...over,
    })}\n`;

  test('is read again when it has grown, newest first, with advice', async () => {
    const file = new HitsFile(path);
    await file.refresh();
    expect(file).toMatchObject({ hits: [], problem: undefined });
    await writeFile(
      path,
      line(1) +
        line(2, { dimension: 'overloaded', limit: null, model: null }) +
        line(2, { dimension: 'constructor' }) +
        'garbage\n{"v":1',
    );
    await file.refresh();
    expect(file.hits.map(({ dimension, limit, advice }) => [dimension, limit, advice.slice(0, 30)])).toEqual([
      ['constructor', 1000, ''],
      ['overloaded', undefined, 'Wait: the provider is overload'],
      ['tokens', 1000, 'Shrink prompts or max_tokens, '],
    ]);
    expect(JSON.stringify(file.hits)).not.toContain('req_secret');
    const before = file.hits;
    await file.refresh();
    expect(file.hits).toBe(before);
    await appendFile(path, `\n${line(3, { dimension: 'requests' })}`);
    await file.refresh();
    expect(file.hits[0]!.dimension).toBe('requests');
  });

  test('is all that is read of a long one', async () => {
    await writeFile(path, Array.from({ length: 5_000 }, (_, index) => line(index)).join(''));
    const file = new HitsFile(path);
    await file.refresh();
    expect(file.hits).toHaveLength(50);
    expect(file.hits[0]!.at).toBe(Date.UTC(2026, 0, 15, 12, 0, 4_999));
  });

  test('reports a file that cannot be read', async () => {
    const file = new HitsFile(folder);
    await file.refresh();
    expect(file).toMatchObject({ hits: [], problem: 'EISDIR' });
  });
});
