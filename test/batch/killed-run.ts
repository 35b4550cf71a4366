import { appendFileSync } from 'node:fs';
import { batch } from '../../src/batch.ts';
import { pause } from '../helpers/real-time.ts';

/** A run to be killed: tells in a file of its own which rows it calls, and in another what came of each. */
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
