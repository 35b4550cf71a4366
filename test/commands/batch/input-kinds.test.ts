import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseRow } from '../../../src/commands/batch/row-format.ts';
import { targetOf, urlOf } from '../../../src/commands/batch/target.ts';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { startSimulator } from '../../../src/testing.ts';
import { FakeIo } from '../fake-io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinds-'));
  vi.stubEnv('OPENAI_API_KEY', 'sk-test');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const MODEL = ['--model', 'gpt-4o-mini'];

async function batch(...args: string[]): Promise<{ code: number; err: string }> {
  const io = new FakeIo();
  const code = await dispatch(['batch', ...args], io, '1');
  return { code, err: io.errLines.join('\n') };
}

/** What is sent for an input: the last text of each body. */
async function sent(name: string, text: string, ...args: string[]): Promise<string[]> {
  await using simulator = await startSimulator({ provider: 'openai', reply: ({ prompt }) => prompt });
  await writeFile(at(name), text);
  const ways = ['--base-url', simulator.url, '--out', at('out.jsonl'), '--quiet'];
  expect(await batch(at(name), ...ways, ...MODEL, ...args)).toEqual({ code: 0, err: '' });
  const lines = (await readFile(at('out.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line).response.body.choices[0].message.content as string);
}

describe('an input that is not a list of rows is not sent line by line', () => {
  test.each([
    ['an array of objects', 'in.json', '[\n  {"text": "a"},\n  {"text": "b"}\n]\n', 'line 1: not JSON'],
    ['an array in a line', 'in.jsonl', '[{"text": "a"}]\n', 'line 1: expected a JSON object'],
    ['a table with a column twice', 'in.csv', 'id,text,text\n1,a,b\n', 'line 1: two columns are named "text"'],
  ])('%s', async (_name, file, text, problem) => {
    await writeFile(at(file), text);
    const { code, err } = await batch(at(file), '--out', at('out.jsonl'), ...MODEL, '--template', '{{text}}');
    expect([code, err.split('\n')[0]]).toEqual([2, problem]);
  });

  test.each(['[1]', '"text"', 'null', '7'])('a schema that is %s', async (schema) => {
    await writeFile(at('in.txt'), 'a\n');
    await writeFile(at('schema.json'), schema);
    const { code, err } = await batch(at('in.txt'), '--out', at('out'), ...MODEL, '--schema', at('schema.json'));
    expect([code, err]).toEqual([2, expect.stringMatching(/^Expected the schema in .* to be a JSON object\./)]);
  });
});

test('a template takes nested members, but first a member of that very name', async () => {
  const rows = [{ user: { name: 'Bo', tags: ['x'] } }, { 'user.name': 'own', user: { name: 'Bo', tags: 7 } }];
  const text = rows.map((each) => JSON.stringify(each)).join('\n');
  expect(await sent('in.jsonl', text, '--template', '{{user.name}} {{ user.tags }}')).toEqual(['Bo ["x"]', 'own 7']);
  await writeFile(at('in.jsonl'), '{"user":{"name":"Bo"}}\n{"user":null}\n{"user":"text"}\n{"user":{}}\n');
  const { err } = await batch(at('in.jsonl'), '--out', at('out.jsonl'), ...MODEL, '--template', '{{user.name}}');
  expect(err.split('\n').slice(0, 3)).toEqual(
    [2, 3, 4].map((line) => `line ${line}: has no "user.name" for the template`),
  );
});

test('numbers that a double cannot hold are sent with all digits, and are distinct ids', async () => {
  const rows = ['{"id":9007199254740993,"text":1e400}', '{"id":9007199254740992,"text":-12345678901234567890}'];
  expect(await sent('in.jsonl', rows.join('\n'), '--template', '{{id}} {{text}}')).toEqual([
    '9007199254740993 1e400',
    '9007199254740992 -12345678901234567890',
  ]);
  const out = (await readFile(at('out.jsonl'), 'utf8')).trim().split('\n');
  expect(out.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)).toEqual([
    '9007199254740993',
    '9007199254740992',
  ]);
  const { body } = parseRow(
    { line: 1, text: '{"custom_id":"a","url":"/v1/x","body":{"seed":9223372036854775807,"n":0.1}}' },
    'openai',
    {
      api: 'openai',
      model: undefined,
      system: undefined,
      template: undefined,
      schema: undefined,
      maxTokens: undefined,
    },
  );
  expect(JSON.stringify(body)).toBe('{"seed":9223372036854775807,"n":0.1}');
});

test.skipIf(process.platform === 'win32')(
  'an input that can be read only once is kept for the second reading',
  async () => {
    execFileSync('sh', ['-c', `mkfifo '${at('pipe')}'`]);
    await using simulator = await startSimulator({ provider: 'openai', reply: ({ prompt }) => prompt });
    const writer = spawn('sh', ['-c', `printf 'one\\ntwo\\n' > '${at('pipe')}'`]);
    const run = batch(at('pipe'), '--out', at('out.jsonl'), '--base-url', simulator.url, '--quiet', ...MODEL);
    expect(await run).toEqual({ code: 0, err: '' });
    if (writer.exitCode === null) await once(writer, 'exit');
    expect((await readFile(at('out.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(2);
  },
);

const AZURE = 'https://mine.openai.azure.com';
const OLD = '/openai/deployments/dep/chat/completions?api-version=2024-10-21';

test.each([
  ['azure', AZURE, '/chat/completions', '/openai/v1/chat/completions'],
  ['azure', `${AZURE}/openai/v1/`, '/v1/chat/completions', '/openai/v1/chat/completions'],
  ['azure', AZURE, '/openai/v1/responses', '/openai/v1/responses'],
  ['azure', AZURE, OLD, OLD],
  ['groq', 'https://mine.test', '/v1/chat/completions', '/openai/v1/chat/completions'],
  ['groq', 'https://mine.test/openai/v1', '/openai/v1/chat/completions', '/openai/v1/chat/completions'],
  ['openai', 'https://mine.test/v1', '/v1/responses', '/v1/responses'],
  ['openai', 'https://mine.test/a/v1?key=1', '/v1/responses?b=2', '/a/v1/responses?key=1&b=2'],
  ['anthropic', 'https://mine.test', '/v1/messages', '/v1/messages'],
  ['anthropic', 'https://mine.test/a/v1', '/v1/messages', '/a/v1/messages'],
] as const)('%s at %s: %s goes to %s', (provider, base, path, wanted) => {
  const name = {
    azure: 'AZURE_OPENAI_ENDPOINT',
    groq: 'GROQ_BASE_URL',
    openai: 'OPENAI_BASE_URL',
    anthropic: 'ANTHROPIC_BASE_URL',
  };
  const key = {
    azure: 'AZURE_OPENAI_API_KEY',
    groq: 'GROQ_API_KEY',
    openai: 'OPENAI_API_KEY',
    anthropic: 'ANTHROPIC_API_KEY',
  };
  const target = targetOf(provider, undefined, { [name[provider]]: base, [key[provider]]: 'k' });
  expect(urlOf(target, path)).toBe(new URL(base).origin + wanted);
});

test("an address of Azure's older API keeps its version", () => {
  const base = `${AZURE}/openai/deployments/dep?api-version=2024-10-21`;
  expect(urlOf(targetOf('azure', base, { AZURE_OPENAI_API_KEY: 'k' }), '/chat/completions')).toBe(AZURE + OLD);
});
