/**
 * What a run adds to its calls: time per row and memory, over an in-memory provider that answers within a turn of the event
 * loop, compared with what people write instead: p-limit and p-retry, p-map, LangChain's batch, OpenAI's cookbook script.
 *
 *     npm run bench:batch -- [--rows 1000,100000] [--only p-map]
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { RunnableLambda } from '@langchain/core/runnables';
import pLimit from 'p-limit';
import pMap from 'p-map';
import pRetry from 'p-retry';
import { batch } from '../src/batch.ts';
import { cookbook } from './lib/cookbook.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000,100000,1000000' }, only: { type: 'string', default: '' } },
});
const sizes = values.rows.split(',').map(Number);
if (!sizes.every((rows) => Number.isInteger(rows) && rows > 0)) {
  throw new Error(`Expected --rows to be whole numbers with commas between, got ${values.rows}`);
}
const { gc } = globalThis;
if (typeof gc !== 'function') throw new Error('Run with node --expose-gc');

/** Concurrent rows, for all contestants. */
const TOGETHER = 100;
const LOOK_EVERY_ROWS = 5_000;

function* rowsOf(count: number): Generator<{ id: number; prompt: string }> {
  for (let id = 0; id < count; id++) yield { id, prompt: `Spam or ham? This is the text of e-mail number ${id}.` };
}

const provider = (row: { id: number }): Promise<{ answer: string }> =>
  new Promise((resolve) => setImmediate(resolve, { answer: `The answer to ${row.id}, which is ham.` }));

/** @returns Rows that came out in order. */
type Contestant = (count: number, seen: () => void) => Promise<number>;

async function read(run: AsyncIterable<{ index: number }>, seen: () => void): Promise<number> {
  let next = 0;
  for await (const { index } of run) {
    if (index !== next) throw new Error(`Row ${index} came in the place of ${next}`);
    next++;
    seen();
  }
  return next;
}

const options = { maxConcurrent: TOGETHER };
const contestants: Readonly<Record<string, Contestant>> = {
  'tidegate/batch': (count, seen) => read(batch(rowsOf(count), provider, options), seen),
  'tidegate/batch, no dedupe': (count, seen) =>
    read(batch(rowsOf(count), provider, { ...options, dedupe: false }), seen),
  'tidegate/batch, journal': async (count, seen) => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    try {
      return await read(batch(rowsOf(count), provider, { ...options, journal: join(folder, 'run.jsonl') }), seen);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  'p-limit and p-retry': async (count, seen) => {
    const limit = pLimit(TOGETHER);
    const ask = (row: { id: number }) => limit(() => pRetry(() => provider(row)).finally(seen));
    return (await Promise.all(Array.from(rowsOf(count), ask))).length;
  },
  'p-map': async (count, seen) => {
    const ask = (row: { id: number }) => provider(row).finally(seen);
    return (await pMap(rowsOf(count), ask, { concurrency: TOGETHER })).length;
  },
  'LangChain .batch': async (count, seen) => {
    const ask = RunnableLambda.from((row: { id: number }) => provider(row).finally(seen));
    return (await ask.batch([...rowsOf(count)], { maxConcurrency: TOGETHER })).length;
  },
  "the cookbook's way": (count, seen) => cookbook(rowsOf(count), provider, TOGETHER, seen),
};

const table = new Table({ head: ['', 'rows', 'seconds', 'µs a row', 'µs of CPU', 'heap at most, MB'] });
for (const [name, run] of Object.entries(contestants)) {
  if (!name.includes(values.only)) continue;
  for (const count of sizes) {
    gc();
    const before = process.memoryUsage().heapUsed;
    let most = 0;
    let rows = 0;
    const startedAt = performance.now();
    const cpuAt = process.cpuUsage();
    const done = await run(count, () => {
      if (++rows % LOOK_EVERY_ROWS !== 0 && rows !== count) return;
      // Without garbage.
      gc();
      most = Math.max(most, process.memoryUsage().heapUsed - before);
    });
    const ms = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuAt);
    if (done !== count) throw new Error(`${name}: ${done} of ${count} rows came out`);
    const each = [(ms * 1_000) / count, (user + system) / count].map((us) => us.toFixed(1));
    table.push([name, count, (ms / 1_000).toFixed(1), ...each, (most / 1e6).toFixed(1)]);
  }
}
console.log(table.toString());
