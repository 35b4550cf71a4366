import { appendFileSync } from 'node:fs';
import { batch } from '../../src/batch.ts';
import { pause } from '../helpers/real-time.ts';

/** A run to be killed: writes which rows it calls to one file, and their results to another. */
const [journal, calls, results, rows] = process.argv.slice(2) as [string, string, string, string];
const items = Array.from({ length: Number(rows) }, (_, index) => `item ${index}`);
const run = batch(
  items,
  async (item) => {
    appendFileSync(calls, `${item}\n`);
    await pause(1 + (item.length % 3));
    return item.toUpperCase();
  },
  { journal, maxConcurrent: 8 },
);
for await (const row of run) {
  if (row.status === 'ok') appendFileSync(results, `${row.index} ${row.value}\n`);
}
