/**
 * A batch over HTTP against a limiting provider: how close its wall time is to what the limit allows, and what a kill in
 * the middle costs, compared with what people write instead.
 *
 *     node bench/batch-http.ts [--rows 240] [--rpm 1200] [--only tidegate]
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startSimulator } from '../src/testing.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '240' },
    rpm: { type: 'string', default: '1200' },
    only: { type: 'string', default: '' },
  },
});
const rows = Number(values.rows);
const rpm = Number(values.rpm);
/** Share of the limit that may be spent at once. */
const BUCKET_SECONDS = 1;
const CLI = join(import.meta.dirname, '../src/cli.ts');
const BULK_RUN = join(import.meta.dirname, 'lib/bulk-run.ts');

const folder = await mkdtemp(join(tmpdir(), 'batch-http-'));
const prompts = Array.from({ length: rows }, (_, index) => `Spam or ham? E-mail number ${index}.`);
await writeFile(join(folder, 'in.txt'), prompts.join('\n'));

const input = join(folder, 'in.txt');
const argsOf = (name: string, out: string): readonly string[] =>
  name === 'tidegate batch'
    ? [CLI, 'batch', input, '--out', out, '--model', 'gpt-4o-mini', '--quiet']
    : [BULK_RUN, name, input, out, values.rpm];

/** @returns Ids of the answered rows. */
async function answered(out: string): Promise<ReadonlySet<string>> {
  const lines = (await readFile(out, 'utf8')).trim().split('\n');
  return new Set(lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id));
}

const table = new Table({
  head: ['', '', 'rows', 'seconds', 'over the bound', 'requests', 'refused', 'lost', 'sent twice'],
});
const names = ['tidegate batch', 'p-limit and p-retry', 'p-map', 'LangChain .batch', "the cookbook's script"].filter(
  (name) => name.includes(values.only),
);
/** @returns A row of the table. */
async function measure(name: string, kills: number): Promise<(string | number)[]> {
  const simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: rpm },
    bucketSeconds: BUCKET_SECONDS,
    latency: { baseMs: 100 },
    reply: 'label',
  });
  const out = join(folder, `out-${names.indexOf(name)}-${kills}.jsonl`);
  const env = { ...process.env, OPENAI_API_KEY: 'sk-bench', OPENAI_BASE_URL: simulator.url };
  const start = (): ChildProcess => spawn(process.execPath, argsOf(name, out), { env, stdio: 'ignore' });
  const startedAt = performance.now();
  if (kills > 0) {
    const child = start();
    const ended = once(child, 'exit');
    // One that loses most rows may end before.
    while (simulator.stats().completed < rows / 2 && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGKILL');
    await ended;
  }
  const [code] = (await once(start(), 'exit')) as [number];
  const seconds = (performance.now() - startedAt) / 1_000;
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  const done = await answered(out);
  const { requests, completed, rejected } = simulator.stats();
  await simulator.close();
  // The bucket is available at once, the rest at the limit's rate.
  const bound = Math.max(0, (rows - (rpm * BUCKET_SECONDS) / 60) / (rpm / 60));
  const how = kills === 0 ? 'one run' : 'killed in the middle, and run again';
  const lost = rows - done.size;
  // Each of them takes minutes.
  console.error(`${name}, ${how}: ${seconds.toFixed(1)} s, ${rejected} of ${requests} refused, ${lost} lost`);
  const over = (seconds / bound).toFixed(2);
  return [name, how, rows, seconds.toFixed(1), over, requests, rejected, lost, completed - done.size];
}

// Both at once, since they mostly wait.
for (const name of names) table.push(...(await Promise.all([0, 1].map((kills) => measure(name, kills)))));
await rm(folder, { recursive: true });
console.log(table.toString());
