import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const TOGETHER = join(import.meta.dirname, '../../tools/together.ts');

/** A command that says these words, each line after a turn, and exits with `code`. */
const says = (words: string, code = 0): string =>
  `node -e "for (const word of '${words}'.split(' ')) (word === 'oops' ? console.error : console.log)(word); process.exitCode = ${code}"`;

function together(...commands: string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TOGETHER, ...commands], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return { status, said: stdout.replaceAll(/\(\d+\.\d s\)/g, '(n s)') };
}

it('prints what each command has said in one piece, errors too', () => {
  const [first, second] = [says('one two three'), says('four oops six')];
  const { status, said } = together(first, second);
  expect(status).toBe(0);
  expect(said).toContain(`\npassed: ${first} (n s)\none\ntwo\nthree\n`);
  expect(said).toContain(`\npassed: ${second} (n s)\nfour\noops\nsix\n`);
});

it('fails where one has failed or cannot be started, once all have ended', () => {
  const [bad, good] = [says('bad', 2), says('good')];
  const { status, said } = together(bad, good, 'no-such-command-of-tests');
  expect(status).toBe(1);
  expect(said).toContain(`\nFAILED: ${bad} (n s)\nbad\n`);
  expect(said).toContain(`\npassed: ${good} (n s)\ngood\n`);
  expect(said).toMatch(/\nFAILED: no-such-command-of-tests \(n s\)\n.*not found/);
});
