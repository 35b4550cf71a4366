import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkInput } from '../../../src/commands/batch/check-input.ts';
import { firstLineOf, inputRows } from '../../../src/commands/batch/input-rows.ts';
import { detectFormat } from '../../../src/commands/batch/row-format.ts';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { startSimulator } from '../../../src/testing.ts';
import { FakeIo } from '../fake-io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csv-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const settings = (template: string | undefined) =>
  ({
    api: 'openai',
    model: 'gpt-4o-mini',
    system: undefined,
    template,
    schema: undefined,
    maxTokens: undefined,
  }) as const;

async function check(text: string, name = 'in', template: string | null = 'Classify: {{text}}') {
  await writeFile(at(name), text);
  const firstLine = (await firstLineOf(at(name))) ?? '';
  const format = detectFormat(firstLine, at(name), template ?? undefined);
  return checkInput(at(name), { format, firstLine }, settings(template ?? undefined));
}

test.each([
  ['id,text\r\n1,"a, ""b""\r\nand c"\r\n2,d\r\n', 'in', 'csv', 2],
  ['﻿subject;text;id\nx;y;1\n', 'in', 'csv', 1],
  ['id\ttext\n1\thello\n', 'in.tsv', 'csv', 1],
  ['text\nhello\n', 'in.csv', 'csv', 1],
  ['hello, text of mine\nmore\n', 'in', 'prompts', 2],
  ['text\nhello\n', 'in', 'prompts', 2],
])('%j of %s is %s with %i rows', async (text, name, format, rows) => {
  const made = await check(text, name);
  expect(made).toMatchObject({ format, rows, problemCount: 0 });
});

test('bad records are reported with the line on which they begin', async () => {
  const made = await check('id,text\n1,"two\nlines"\n2,b,c\n1,d\n4\n5,"x"y\n');
  expect(made.problems).toEqual([
    expect.stringMatching(/^line 4: not CSV: Invalid Record Length/),
    'line 5: custom_id "1" was already used on line 2',
    expect.stringMatching(/^line 6: not CSV: Invalid Record Length/),
    expect.stringMatching(/^line 7: not CSV: /),
  ]);
});

test.each([
  ['empty lines', 'id,text\n1,"a\nb"\n\n2,x\n3,y\n', [2, 5, 6]],
  ['CRLF between quotes', 'id,text\r\n1,"a\r\nb\r\nc"\r\n\r\n2,x\r\n3,y', [2, 6, 7]],
  ['empty lines before the header', '\ufeff\n\nid,text\n1,a\n\n\n2,b\n', [4, 7]],
])('lines are counted as editors do, with %s', async (_name, text, wanted) => {
  await writeFile(at('in.csv'), text);
  const lines: number[] = [];
  for await (const { line } of inputRows(at('in.csv'), 'csv', 'id,text')) lines.push(line);
  expect(lines).toEqual(wanted);
});

test('a column that the template names but the file lacks is reported', async () => {
  expect((await check('id,body\n1,a\n', 'in.csv')).problems).toEqual(['line 2: has no "text" for the template']);
  expect((await check('id,text\n1,a\n', 'in.csv', null)).problems[0]).toContain('needs --template');
});

test('every table written as CSV can be read again (property)', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', ',', ';', '"', '\n', '\r', '\t', ' ', '|'), maxLength: 8 });
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), async (table) => {
      const text = ['id,text', ...table.map((row) => row.map(quoted).join(','))].join('\r\n');
      await writeFile(at('in.csv'), text);
      const read: unknown[] = [];
      for await (const row of inputRows(at('in.csv'), 'csv', 'id,text')) read.push('record' in row ? row.record : row);
      expect(read).toEqual(table.map(([id, text]) => ({ id, text })));
    }),
    { numRuns: 60 },
  );
});

test('rows of a table are sent by the template, with a schema, and answered by their ids', async () => {
  const simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: 60_000 },
    reply: ({ prompt }) => JSON.stringify({ said: prompt }),
  });
  const bodies: Record<string, any>[] = [];
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    bodies.push(JSON.parse(init.body as string) as Record<string, any>);
    return fetch(url, init);
  });
  try {
    vi.stubEnv('OPENAI_API_KEY', 'sk-csv');
    vi.stubEnv('OPENAI_BASE_URL', simulator.url);
    const schema = { type: 'object', properties: { said: { type: 'string' } } };
    await writeFile(at('schema.json'), JSON.stringify(schema));
    await writeFile(at('mails.csv'), 'id,subject,text\nm1,Hello,"Buy\nnow"\nm2,Re: lunch,At noon?\n');
    const io = new FakeIo();
    const code = await dispatch(
      [
        'batch',
        at('mails.csv'),
        '--out',
        at('out.jsonl'),
        '--model',
        'gpt-4o-mini',
        '--template',
        '{{subject}}: {{ text }}',
      ].concat(['--schema', at('schema.json'), '--system', 'One word.']),
      io,
      '1.2.3',
    );
    expect([code, io.outLines]).toEqual([0, []]);
    const out = (await readFile(at('out.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, any>);
    expect(out.map(({ custom_id }) => custom_id)).toEqual(['m1', 'm2']);
    expect(bodies[0]).toEqual({
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'One word.' },
        { role: 'user', content: 'Hello: Buy\nnow' },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
    });
  } finally {
    vi.unstubAllGlobals();
    await simulator.close();
  }
});
