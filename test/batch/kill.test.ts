import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../helpers/real-time.ts';

const AT_ONCE = 8;
/** `KILLS=50` for the long version. */
const KILLS = Number(process.env.KILLS ?? 6);
/** A kill loses up to one write of the journal. */
const ROWS = 120 * KILLS;
const BYTES_A_ROW = 120;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kill-'));
});
afterEach(() => rm(folder, { recursive: true }));

const start = (journal: string, results: string): ChildProcess =>
  spawn(process.execPath, [
    join(import.meta.dirname, 'killed-run.ts'),
    journal,
    join(folder, 'calls'),
    join(folder, results),
    String(ROWS),
  ]);

const lines = async (name: string): Promise<string[]> =>
  (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1);

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

const wanted = Array.from({ length: ROWS }, (_, index) => `${index} ITEM ${index}`);

describe('a run that is killed', () => {
  it(`loses nothing and repeats only what was in flight (${KILLS} times SIGKILL)`, async () => {
    const journal = join(folder, 'run.jsonl');
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const before = await sizeOf(journal);
      const child = start(journal, `part-${kill}`);
      const ended = once(child, 'exit');
      // A random point of the run, wherever the machine's load has taken it by then.
      const place = before + (Math.random() * ROWS * BYTES_A_ROW * 0.8) / KILLS;
      const isThere = async (): Promise<boolean> => child.exitCode !== null || (await sizeOf(journal)) > place;
      await until(`the journal has ${place} bytes`, isThere, 1);
      child.kill('SIGKILL');
      const [, signal] = (await ended) as [number | null, string | null];
      if (signal === 'SIGKILL') killed++;
    }
    expect(killed).toBeGreaterThan(KILLS / 2);
    const [code] = (await once(start(journal, 'results'), 'exit')) as [number];
    expect(code).toBe(0);
    expect(await lines('results')).toEqual(wanted);
    const calls = await lines('calls');
    expect(new Set(calls).size).toBe(ROWS);
    // Rows that were answered but not written yet count as in flight: a group holds at most the workers of one turn.
    expect(calls.length).toBeLessThanOrEqual(ROWS + killed * AT_ONCE * 4);
  });

  it('resumes after a full disk', async ({ skip }) => {
    const small = join(folder, 'small');
    const run = promisify(execFile);
    await run('mkdir', [small]);
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', small]).then(
      () => true,
      () => false,
    );
    if (!mounted) skip('mounting takes root');
    try {
      const child = start(join(small, 'run.jsonl'), 'part');
      let said = '';
      child.stderr!.on('data', (text) => (said += String(text)));
      expect(await once(child, 'close')).toEqual([1, null]);
      expect(said).toContain('ENOSPC');
      await run('mount', ['-o', 'remount,size=4m', small]);
      const [code] = (await once(start(join(small, 'run.jsonl'), 'results'), 'exit')) as [number];
      expect(code).toBe(0);
      expect(await lines('results')).toEqual(wanted);
      // No row is started while 64 answers wait for the disk.
      expect((await lines('calls')).length).toBeLessThanOrEqual(ROWS + 64 + AT_ONCE);
    } finally {
      await run('umount', [small]);
    }
  });
});
