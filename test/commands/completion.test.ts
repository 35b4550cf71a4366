import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { FakeIo } from './fake-io.ts';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = new FakeIo();
  const code = await dispatch(args, io, '1.2.3');
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n') };
}

const words = async (...typed: string[]): Promise<string[]> =>
  (await run('complete', '--', ...typed)).out.split('\n').map((line) => line.split('\t')[0]!);

test('completes commands, options and their values, and leaves files to the shell', async () => {
  expect(await words('ba')).toEqual(['batch', ':4']);
  expect(await words('')).toEqual(expect.arrayContaining(['batch', 'report', 'simulate', 'alerts', 'completion']));
  expect(await words('batch', '--max')).toEqual(['--max-cost', '--max-tokens', '--max-concurrent', ':4']);
  expect(await words('batch', '--provider', 'a')).toEqual(['azure', 'anthropic', ':4']);
  expect(await words('simulate', '--reply', '')).toEqual(['lorem', 'label', ':4']);
  expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell', ':4']);
  expect(await words('batch', './in')).toEqual([':0']);
});

test.each(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s that asks the command', async (shell) => {
  const { code, out } = await run('completion', shell);
  expect(code).toBe(0);
  expect(out).toMatch(/tidegate complete '?--/);
});

test('the script of bash is one', async () => {
  const { out } = await run('completion', 'bash');
  expect(spawnSync('bash', ['-n'], { input: out, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test.each([[['completion']], [['completion', 'ksh']]])('refuses %j with code 2', async (args) => {
  const { code, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toContain('bash');
});
