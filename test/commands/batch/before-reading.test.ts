import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { FakeIo } from '../fake-io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'early-'));
  for (const name of ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GROQ_API_KEY', 'TIDEGATE_REDIS_URL'])
    vi.stubEnv(name, '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

/** Its standard input never ends. */
class Unread extends FakeIo {
  // oxlint-disable-next-line require-yield -- It is not to be read.
  override async *input(): AsyncGenerator<Uint8Array> {
    throw new Error('The input was read.');
  }
}

async function batch(...args: string[]): Promise<{ code: number; err: string }> {
  const io = new Unread();
  const code = await dispatch(['batch', ...args.map((arg) => arg.replace('AT/', `${folder}/`))], io, '1');
  return { code, err: io.errLines.join('\n') };
}

const CLAUDE = ['--model', 'claude-haiku-4-5'];

test.each([
  [['-', '--out', '-'], 'OPENAI_API_KEY is not set: calls of openai need it.\nANTHROPIC_API_KEY is not set'],
  [['-', '--out', '-', '--model', 'gpt-4o-mini'], /^OPENAI_API_KEY is not set.*\nRun /],
  [['-', '--out', '-', ...CLAUDE], /^ANTHROPIC_API_KEY is not set/],
  [['-', '--out', '-', '--format', 'anthropic'], /^ANTHROPIC_API_KEY is not set/],
  [['-', '--out', '-', '--provider', 'groq'], /^GROQ_API_KEY is not set/],
  [['-', '--out', 'AT/none/out', ...CLAUDE], /none\/out cannot be written: There is no .*none\./],
  [['-', '--out', 'AT/out', '--journal', 'AT/none/journal'], /none\/journal cannot be written/],
  [['-', '--out', 'AT/out', '--errors', 'AT/'], 'is a folder; a file was expected'],
  [['-', '--out', 'AT/out', '--deadline', '6h'], '--deadline is for the provider'],
  [['-', '--out', 'AT/out', '--takeover', '6'], '--takeover goes with --fleet'],
] as const)('%j is told before standard input is read', async (args, wanted) => {
  const { code, err } = await batch(...args);
  expect([code, err]).toEqual([
    2,
    typeof wanted === 'string' ? expect.stringContaining(wanted) : expect.stringMatching(wanted),
  ]);
});

const DATA = '{"text":"a"}';
const REQUEST = '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{}}';

// The second line is invalid, which is reported only if the input was read.
test.each([
  ['in.csv', 'id,text', ['--template', '{{body}}', ...CLAUDE], 'The header has no column "body" for the template.'],
  ['in.csv', 'id,text', CLAUDE, 'Rows of data need --template'],
  ['in.jsonl', DATA, ['--template', '{{text}}'], 'Prompts and data need --model.'],
  ['in.jsonl', DATA, ['--template', 'Classify', ...CLAUDE], 'Expected --template to have a place'],
  ['in.txt', 'one', [], 'Prompts and data need --model.'],
  ['in.txt', 'id;text', ['--template', '{{body}}', ...CLAUDE], 'The input was read as prompts, which have no "body"'],
  ['in.jsonl', REQUEST, [...CLAUDE, '--max-tokens', '7'], 'remove --model, --max-tokens.'],
  ['in.jsonl', REQUEST, ['--fleet'], 'TIDEGATE_REDIS_URL is not set'],
  ['in.jsonl', REQUEST, ['--via', 'auto', '--provider', 'azure'], '--via is of OpenAI'],
])('%s that begins with %s, with %j', async (name, firstLine, args, wanted) => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-test');
  vi.stubEnv('ANTHROPIC_API_KEY', 'sk-test');
  vi.stubEnv('AZURE_OPENAI_API_KEY', 'sk-test');
  vi.stubEnv('AZURE_OPENAI_ENDPOINT', 'https://mine.openai.azure.com');
  await writeFile(at(name), `${firstLine}\n{"bad\xff\n`, 'latin1');
  const { code, err } = await batch(at(name), '--out', at('out.jsonl'), ...args);
  expect([code, err]).toEqual([2, expect.stringContaining(wanted)]);
  expect(err).not.toContain('line 2');
});
