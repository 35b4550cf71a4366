/**
 * The memory of a run through the provider's own batches, by number of rows: it should be constant.
 *
 *     node bench/batch-provider.ts [--rows 2000,120000] [--provider openai]
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startSimulator } from '../src/testing.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000,120000' },
    provider: { type: 'string', default: 'openai' },
  },
});
const provider = values.provider === 'anthropic' ? 'anthropic' : 'openai';
const CLI = join(import.meta.dirname, '../src/cli.ts');
/** Makes the rows themselves many times larger than what a run may hold. */
const TEXT = 'The text of an e-mail, as long as many are. '.repeat(30);

const folder = await mkdtemp(join(tmpdir(), 'batch-provider-'));
const table = new Table({ head: ['', 'rows', 'MB of input', 'seconds', 'MB of memory at most', 'lost'] });

function lineOf(index: number): string {
  const messages = [{ role: 'user', content: `Spam or ham? ${index}: ${TEXT}` }];
  if (provider === 'anthropic') {
    return JSON.stringify({
      custom_id: `row-${index}`,
      params: { model: 'claude-haiku-4-5', max_tokens: 4, messages },
    });
  }
  const body = { model: 'gpt-4o-mini', max_tokens: 4, messages };
  return JSON.stringify({ custom_id: `row-${index}`, method: 'POST', url: '/v1/chat/completions', body });
}

async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
}

for (const rows of values.rows.split(',').map(Number)) {
  await using simulator = await startSimulator({ provider, reply: 'label', batches: { seconds: 1 } });
  const input = join(folder, 'in.jsonl');
  const file = createWriteStream(input);
  for (let index = 0; index < rows; index++) {
    if (!file.write(`${lineOf(index)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  const out = join(folder, `out-${rows}.jsonl`);
  const args = [
    CLI,
    'batch',
    input,
    '--out',
    out,
    '--via',
    'provider-batch',
    '--poll',
    '1',
    '--base-url',
    simulator.url,
  ];
  const env = { ...process.env, OPENAI_API_KEY: 'sk-bench', ANTHROPIC_API_KEY: 'sk-bench' };
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...args, '--quiet'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let peak = 0;
  const watch = setInterval(() => void peakOf(child.pid!).then((mb) => (peak = Math.max(peak, mb))), 200);
  const [code] = (await once(child, 'exit')) as [number];
  clearInterval(watch);
  if (code !== 0) throw new Error(`The run ended with ${code}`);
  let next = 0;
  for await (const line of createInterface({ input: createReadStream(out) })) {
    if ((JSON.parse(line) as { custom_id: string }).custom_id === `row-${next}`) next++;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const bytes = file.bytesWritten;
  table.push([provider, rows, (bytes / 1e6).toFixed(0), seconds.toFixed(0), peak.toFixed(0), rows - next]);
  await rm(out);
  await rm(`${out}.journal`);
}
await rm(folder, { recursive: true });
console.log(table.toString());
