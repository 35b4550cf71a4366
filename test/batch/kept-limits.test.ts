import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batch } from '../../src/batch.ts';
import { createGuard, type Guard, type LaneSnapshot } from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/testing.ts';

const KEY = 'sk-never-to-be-written';
/** A whole bucket that no answer reports. */
const AT_ONCE = 20;

let simulator: Simulator;
let folder: string;
let journal: string;
const guards: Guard[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limits-'));
  journal = join(folder, 'run.jsonl');
  simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: 60 * AT_ONCE },
    bucketSeconds: 1,
    latency: { baseMs: 5 },
    reply: 'label',
  });
});
afterEach(() =>
  Promise.all([simulator.close(), rm(folder, { recursive: true }), ...guards.splice(0).map((guard) => guard.close())]),
);

/** As in a separate process, with lanes that know nothing. */
function newGuard(): Guard {
  const guard = createGuard({ limitGroup: () => 'all', retry: { maxAttempts: 5 + guards.length } });
  guards.push(guard);
  return guard;
}

/** @returns The limits that the lane started with. */
async function run(guard: Guard, rows: number): Promise<number[]> {
  const begun: number[] = [];
  guard.on('limit', ({ limit, source }) => void (source === 'learned' && begun.push(limit)));
  const items = Array.from({ length: rows }, (_, index) => `mail ${index}`);
  const results = await batch(
    items,
    async (content, { signal }) => {
      const response = await guard.fetch(`${simulator.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] }),
        signal,
      });
      return response.text();
    },
    { guard, journal },
  );
  expect(results.every(({ status }) => status === 'ok')).toBe(true);
  return begun;
}

const limitsIn = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('{"limits":'));

describe('the limits learned by a run', () => {
  it('are kept in its journal, and the next process starts with them', async () => {
    expect(await run(newGuard(), 60)).toEqual([]);
    const text = await readFile(journal, 'utf8');
    const rows = limitsIn(text);
    const [lane] = (JSON.parse(rows.at(-1)!) as { limits: { lanes: unknown[] } }).limits.lanes;
    expect(lane).toMatchObject({
      provider: 'openai',
      group: 'all',
      baseURL: simulator.origin,
      limits: [{ dimension: 'requests', limit: 60 * AT_ONCE }],
    });
    expect(text).not.toContain(KEY);
    expect(rows.length).toBeLessThan(10);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(600);
    const before = simulator.stats().rejected;
    expect(await run(newGuard(), 100)).toEqual([60 * AT_ONCE]);
    // The unreported limit is known, and what the first run has spent is gone.
    expect(simulator.stats().rejected - before).toBeLessThanOrEqual(5);
  });

  it.each([
    ['is spoiled', (row: string) => row.replace(/"limit":\d+/, '"limit":-5')],
    ['is of another day', (row: string) => row.replace(/"at":\d+/, `"at":${Date.now() - 2 * 86_400_000}`)],
    ['is nonsense', () => '{"limits":{"at":"now","lanes":[null,{"provider":"nobody"}]}}'],
  ])('are learned anew if their row %s', async (_name, spoil) => {
    await run(newGuard(), 8);
    const text = await readFile(journal, 'utf8');
    await writeFile(journal, text.replace(/^\{"limits".*$/gm, spoil));
    expect(await run(newGuard(), 12)).toEqual([]);
  });

  it('delay no lane for longer than a limit would', async () => {
    await run(newGuard(), 8);
    const guard = newGuard();
    const spoiled = (await readFile(journal, 'utf8')).replaceAll(/"left":[^}]*\}/g, '"left":-1e300}');
    await writeFile(journal, spoiled.replaceAll('"baseURL"', '"pausedMs":1e15,"baseURL"'));
    const going = run(guard, 12);
    going.catch(() => undefined);
    while (guard.snapshot().length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    const [{ pausedForMs, dimensions }] = guard.snapshot() as [LaneSnapshot];
    expect(pausedForMs).toBeLessThanOrEqual(120_000);
    expect(dimensions[0]!.resetMs).toBeLessThanOrEqual(121_000);
    await guard.close();
    await going.catch(() => undefined);
  });

  it('are used at first, and dropped if the account has others now', async () => {
    await run(newGuard(), 8);
    await using other = await startSimulator({
      provider: 'openai',
      limits: { requestsPerMinute: 60_000 },
      reply: 'label',
    });
    await writeFile(journal, (await readFile(journal, 'utf8')).replaceAll(simulator.origin, other.origin));
    const guard = newGuard();
    await simulator.close();
    simulator = other;
    expect(await run(guard, 60)).toEqual([60 * AT_ONCE]);
    expect(guard.snapshot()[0]!.dimensions[0]!.limit).toBe(60_000);
  });
});
