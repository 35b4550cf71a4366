import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/testing.ts';
import { pause, until } from '../../helpers/real-time.ts';

const CLI = new URL('../../../src/cli.ts', import.meta.url).pathname;
const ROWS = 120;

let folder: string;
let simulator: Simulator;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batch-process-'));
  simulator = await startSimulator({
    provider: 'openai',
    latency: { baseMs: 60 },
    limits: { requestsPerMinute: 60_000 },
  });
  const prompts = Array.from({ length: ROWS }, (_, index) => `prompt ${index}`);
  await writeFile(join(folder, 'in.txt'), prompts.join('\n'));
});
afterEach(() => Promise.all([simulator.close(), rm(folder, { recursive: true })]));

function start(...args: string[]): {
  child: ChildProcess;
  said: () => string;
  exit: Promise<[number | null, string | null]>;
} {
  const env = { ...process.env, OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: simulator.url };
  const child = spawn(process.execPath, [CLI, 'batch', join(folder, 'in.txt'), '--model', 'gpt-4o-mini', ...args], {
    env,
  });
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  return { child, said: () => said, exit: once(child, 'close') as Promise<[number | null, string | null]> };
}

/** Rows that a run would find; a truncated line is none. */
async function journaled(): Promise<number> {
  const text = await readFile(join(folder, 'out.jsonl.journal'), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes('"key":')).length;
}

const untilSent = (requests: number): Promise<void> =>
  until(`${requests} rows are answered`, () => simulator.stats().completed >= requests, 5);

const ids = async (): Promise<number[]> =>
  (await readFile(join(folder, 'out.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => Number((JSON.parse(line) as { custom_id: string }).custom_id));

const everyRow = Array.from({ length: ROWS }, (_, index) => index + 1);

test('Ctrl-C finishes what is in flight and prints the command that resumes, which works', async () => {
  const args = ['--out', join(folder, 'out.jsonl'), '--max-concurrent', '5'];
  const first = start(...args);
  await untilSent(10);
  first.child.kill('SIGINT');
  expect(await first.exit).toEqual([130, null]);
  expect(first.said()).toContain('To resume: npx tidegate batch');
  const { requests, completed } = simulator.stats();
  expect(requests).toBe(completed);
  expect(requests).toBeLessThan(ROWS);
  expect(await ids()).toEqual(everyRow.slice(0, requests));

  const second = start(...args);
  expect(await second.exit).toEqual([0, null]);
  expect(await ids()).toEqual(everyRow);
  expect(simulator.stats().requests).toBe(ROWS);
});

test('the second Ctrl-C ends at once, as SIGKILL does: nothing finished is lost', async () => {
  const args = ['--out', join(folder, 'out.jsonl'), '--max-concurrent', '5'];
  const first = start(...args);
  await untilSent(10);
  first.child.kill('SIGINT');
  // On a busy machine it may have finished before the signal came.
  await until('it stops', () => first.said().includes('Stopping') || first.child.exitCode !== null, 5);
  first.child.kill('SIGINT');
  await first.exit;
  const second = start(...args);
  await untilSent(50);
  second.child.kill('SIGKILL');
  await second.exit;
  // Sent requests may still be on their way.
  let sent = -1;
  await until(
    'nothing comes any more',
    () => {
      const before = sent;
      sent = simulator.stats().requests;
      return sent === before;
    },
    100,
  );
  const kept = await journaled();
  expect(kept).toBeGreaterThan(0);
  expect(await start(...args).exit).toEqual([0, null]);
  expect(await ids()).toEqual(everyRow);
  // How many answers are not written yet depends on the disk: rows in the journal are not sent again, all others once.
  expect(simulator.stats().requests - sent).toBe(ROWS - kept);
});

test('results go through a pipe with a slow reader', async () => {
  const run = start('--out', '-', '--quiet');
  let text = '';
  for await (const part of run.child.stdout!) {
    text += String(part);
    await pause(5);
  }
  expect(await run.exit).toEqual([0, null]);
  expect([text.trim().split('\n').length, run.said()]).toEqual([ROWS, '']);
});
