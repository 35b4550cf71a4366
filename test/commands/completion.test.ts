import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
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

describe('the bash script', () => {
  /** What bash offers after these words; the last may be empty. */
  async function offered(
    typed: readonly string[],
    before = '',
  ): Promise<{ words: string[]; err: string; asked: string }> {
    const { out } = await run('completion', 'bash');
    const all = ['tidegate', ...typed].map((word) => `'${word}'`).join(' ');
    const script = `${out}\n${out}\n${before}
      tidegate() { printf '%s|' "$@" >&3; printf -- '--via\\ta way: sync\\n--provider\\tname\\n:4'; }
      compopt() { :; }
      COMP_WORDS=(${all}); COMP_CWORD=${typed.length}
      __tidegate_complete; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p tidegate`;
    const { output } = spawnSync('bash', ['--norc'], {
      input: script,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    return { words: output[1]!.trim().split('\n'), err: output[2]!, asked: output[3]! };
  }
  const registered = 'complete -o default -F __tidegate_complete tidegate';

  test('works twice in one shell, without bash-completion', async () => {
    const made = await offered(['batch', '--vi']);
    expect(made).toEqual({ words: ['--via', registered], err: '', asked: 'complete|--|batch|--vi|' });
  });

  test('gets its words from bash-completion if it is installed', async () => {
    const before = `_get_comp_words_by_ref() { cur=--pro words=(tidegate batch --pro) cword=2; }`;
    const made = await offered(['x'], before);
    expect([made.words[0], made.asked]).toEqual(['--provider', 'complete|--|batch|--pro|']);
  });

  test('asks for what may follow a complete word', async () => {
    expect((await offered(['batch', ''])).asked).toBe('complete|--|batch||');
  });

  test('executes nothing that was typed', async () => {
    const { asked, err } = await offered(['batch', '$(echo ran >&2)', '>', '/dev/stderr', ';', '--']);
    expect([asked, err]).toEqual(['complete|--|batch|$(echo ran >&2)|>|/dev/stderr|;|--|', '']);
  });
});

test('is valid bash', async () => {
  const { out } = await run('completion', 'bash');
  expect(spawnSync('bash', ['-n'], { input: out, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test.each([[['completion']], [['completion', 'ksh']]])('refuses %j with code 2', async (args) => {
  const { code, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toContain('bash');
});
