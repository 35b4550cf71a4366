import { link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { FakeIo } from '../fake-io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
  // Nothing here should be sent; a request would fail at once.
  vi.stubEnv('OPENAI_API_KEY', 'sk-test');
  vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:1/v1');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

async function batch(...args: string[]): Promise<{ code: number; err: string[] }> {
  const io = new FakeIo();
  return { code: await dispatch(['batch', ...args, '--model', 'gpt-4o-mini'], io, '1'), err: io.errLines };
}

describe('an output that is also the input is refused', () => {
  beforeEach(() => writeFile(at('in.txt'), 'one\ntwo\n'));

  test.each([
    ['by a link', () => symlink(at('in.txt'), at('other'))],
    ['by another name of the file', () => link(at('in.txt'), at('other'))],
  ])('%s', async (_name, make) => {
    await make();
    const { code, err } = await batch(at('in.txt'), '--out', at('other'));
    expect([code, err[0]]).toEqual([2, expect.stringContaining('would be both read and written.')]);
    expect(await readFile(at('in.txt'), 'utf8')).toBe('one\ntwo\n');
  });

  test('two outputs that are one file by a linked folder are refused', async () => {
    await mkdir(at('folder'));
    await symlink(at('folder'), at('same'));
    const { code } = await batch(at('in.txt'), '--out', at('folder/x'), '--errors', at('same/x'));
    expect(code).toBe(2);
  });
});

describe('lines that are not UTF-8 are bad rows', () => {
  const misencoded = (line: number): string => `line ${line}: not UTF-8; save the file in that encoding`;

  test.each([
    ['of another alphabet', Buffer.from('good\ncaf\u00e9\ngood\n', 'latin1'), [], [2]],
    ['of sixteen bits', Buffer.from('\ufeffone', 'utf16le'), [], [1]],
    ['that are cut at the end of the file', Buffer.from('good\ncaf\u00e9').subarray(0, -1), [], [2]],
    [
      'of CSV, in a value and in the header',
      Buffer.from('n\u00e4me,text\n1,good\n2,caf\u00e9\n', 'latin1'),
      ['--template', '{{text}}'],
      [1, 3],
    ],
  ])('%s', async (_name, bytes, args, lines) => {
    await writeFile(at('in.txt'), bytes);
    const { code, err } = await batch(at('in.txt'), '--dry-run', ...args);
    expect([code, err]).toEqual([2, [...lines.map(misencoded), 'Nothing was sent.']]);
  });

  test('a text that contains the replacement character is accepted, however it is cut into chunks', async () => {
    const long = `${'\u00e9'.repeat(40_000)}\ufffd`;
    await writeFile(at('in.txt'), `x${long}\nxx${long}\r\n`);
    expect((await batch(at('in.txt'), '--dry-run')).code).toBe(0);
  });
});

test.each([
  ['that is a folder', '.', / is a folder; a file was expected\.$/],
  ['below a file', 'in.txt/in', / is below something that is not a folder\.$/],
  ['that is not there', 'none', /^There is no .*none\.$/],
])('an input %s is reported in plain words', async (_name, name, said) => {
  await writeFile(at('in.txt'), 'one');
  const { code, err } = await batch(at(name), '--out', at('out.jsonl'));
  expect([code, err]).toEqual([2, [expect.stringMatching(said)]]);
});

test('other files that a command cannot read or write are reported in plain words, too', async () => {
  await writeFile(at('in.txt'), 'one');
  const { code, err } = await batch(at('in.txt'), '--dry-run', '--prices', at('none'));
  expect([code, err[0]]).toEqual([2, `Cannot read the prices ${at('none')}: There is no ${at('none')}.`]);
  const io = new FakeIo();
  expect(await dispatch(['rules', '--config', at('none')], io, '1')).toBe(1);
  expect(await dispatch(['rules', '--out', at('in.txt/x')], io, '1')).toBe(1);
  expect(io.errLines).toEqual([
    `There is no ${at('none')}.`,
    expect.stringContaining('is below something that is not a folder.'),
  ]);
});

test('a line may contain paragraph separators, which JSON allows unescaped', async () => {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'one\u2028two\u2029three\u0085four' }] };
  const row = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body });
  expect(row).toContain('\u2028');
  await writeFile(at('in.jsonl'), `${row}\n`);
  const io = new FakeIo();
  expect([await dispatch(['batch', at('in.jsonl'), '--dry-run'], io, '1'), io.errLines]).toEqual([0, []]);
});
