/**
 * A batch over HTTP against a provider that limits: how near its wall time comes to what the limit allows, and what a kill in
 * the middle costs.
 *
 *     node bench/batch-http.ts [--rows 600] [--rpm 1200]
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startSimulator } from '../src/testing.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '600' }, rpm: { type: 'string', default: '1200' } },
});
const rows = Number(values.rows);
const rpm = Number(values.rpm);
/** Of the limit that may be spent at once. */
const BUCKET_SECONDS = 1;
const CLI = join(import.meta.dirname, '../src/cli.ts');

const folder = await mkdtemp(join(tmpdir(), 'batch-http-'));
const prompts = Array.from({ length: rows }, (_, index) => `Spam or ham? E-mail number ${index}.`);
await writeFile(join(folder, 'in.txt'), prompts.join('\n'));

const table = new Table({
  head: ['', 'rows', 'seconds', 'over the bound', 'requests', 'refused', 'lost', 'sent twice'],
});
for (const kills of [0, 1]) {
  const simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: rpm },
    bucketSeconds: BUCKET_SECONDS,
    latency: { baseMs: 100 },
    reply: 'label',
  });
  const out = join(folder, `out-${kills}.jsonl`);
  const env = { ...process.env, OPENAI_API_KEY: 'sk-bench', OPENAI_BASE_URL: simulator.url };
  const args = [CLI, 'batch', join(folder, 'in.txt'), '--out', out, '--model', 'gpt-4o-mini', '--quiet'];
  const startedAt = performance.now();
  if (kills > 0) {
    const child = spawn(process.execPath, args, { env, stdio: 'ignore' });
    while (simulator.stats().completed < rows / 2) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const [code] = (await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'exit')) as [number];
  const seconds = (performance.now() - startedAt) / 1_000;
  if (code !== 0) throw new Error(`The run ended with ${code}`);
  const lines = (await readFile(out, 'utf8')).trim().split('\n');
  const ids = lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
  const lost = prompts.filter((_, index) => ids[index] !== String(index + 1)).length;
  const { requests, completed, rejected } = simulator.stats();
  await simulator.close();
  // The bucket is there at once, the rest comes at the limit's rate.
  const bound = Math.max(0, (rows - (rpm * BUCKET_SECONDS) / 60) / (rpm / 60));
  const name = kills === 0 ? 'one run' : 'killed in the middle, and run again';
  table.push([
    name,
    rows,
    seconds.toFixed(1),
    (seconds / bound).toFixed(2),
    requests,
    rejected,
    lost,
    completed - rows,
  ]);
}
await rm(folder, { recursive: true });
console.log(table.toString());
