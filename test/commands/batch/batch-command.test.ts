import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { type Simulator, startSimulator } from '../../../src/testing.ts';
import { FakeIo } from '../fake-io.ts';

let folder: string;
let openai: Simulator;
let anthropic: Simulator;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batch-'));
  const reply = ({ prompt }: { prompt: string }): string => `re: ${prompt}`;
  openai = await startSimulator({ provider: 'openai', reply, limits: { requestsPerMinute: 60_000 } });
  anthropic = await startSimulator({ provider: 'anthropic', reply, limits: { requestsPerMinute: 60_000 } });
  vi.stubEnv('OPENAI_API_KEY', 'sk-batch-test');
  vi.stubEnv('OPENAI_BASE_URL', openai.url);
  vi.stubEnv('ANTHROPIC_API_KEY', 'sk-ant-batch-test');
  vi.stubEnv('ANTHROPIC_BASE_URL', anthropic.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([openai.close(), anthropic.close(), rm(folder, { recursive: true })]);
});

const at = (name: string): string => join(folder, name);
const objects = (text: string): Record<string, any>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, any>);
const file = async (name: string): Promise<Record<string, any>[]> => objects(await readFile(at(name), 'utf8'));

async function run(...args: string[]): Promise<{ code: number; io: FakeIo }> {
  const io = new FakeIo();
  return { code: await dispatch(['batch', ...args], io, '1.2.3'), io };
}

const chat = (custom_id: string, content: string, more: object = {}): string =>
  JSON.stringify({
    custom_id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content }], ...more },
  });

describe('tidegate batch', () => {
  test('reads answers from behind a proxy as those of the named provider', async () => {
    const groq = await startSimulator({ provider: 'groq', limits: { requestsPerDay: 14_400 } });
    vi.stubEnv('GROQ_API_KEY', 'gsk_batch_test');
    await writeFile(at('in.jsonl'), chat('a', 'one'));
    const named = ['--provider', 'groq', '--base-url', groq.url];
    const { code } = await run(at('in.jsonl'), '--out', at('out.jsonl'), '--journal', at('journal'), ...named);
    await groq.close();
    expect(code).toBe(0);
    expect(JSON.stringify(await file('journal'))).toContain('"provider":"groq"');
  });

  test("sends OpenAI's batch lines, and writes its result lines in their order", async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `row-${index}`);
    await writeFile(at('in.jsonl'), ids.map((id) => chat(id, `mail ${id}`)).join('\r\n'));
    const { code, io } = await run(at('in.jsonl'), '--out', at('out.jsonl'));
    expect([code, io.outLines]).toEqual([0, []]);
    const rows = await file('out.jsonl');
    expect(rows.map(({ custom_id }) => custom_id)).toEqual(ids);
    expect(rows[3]).toMatchObject({
      id: 'tidegate_req_3',
      error: null,
      response: { status_code: 200, body: { object: 'chat.completion', usage: { total_tokens: expect.any(Number) } } },
    });
    expect(rows[3]!.response.request_id).toMatch(/^req_/);
    expect(rows[3]!.response.body.choices[0].message.content).toBe('re: mail row-3');
    expect((await readdir(folder)).sort()).toEqual(['in.jsonl', 'out.jsonl', 'out.jsonl.journal']);
    expect(io.errLines.join('\n')).toContain('40 of 40 rows');
  });

  test('repeats no finished row, and failed ones only when told to', async () => {
    await writeFile(
      at('in.jsonl'),
      [chat('a', 'one'), chat('b', 'two', { messages: 'none' }), chat('a2', 'one')].join('\n'),
    );
    const first = await run(at('in.jsonl'), '--out', at('out.jsonl'));
    expect(first.code).toBe(1);
    expect((await file('out.jsonl')).map(({ custom_id }) => custom_id)).toEqual(['a', 'a2']);
    const [error] = await file('out.errors.jsonl');
    expect(error).toMatchObject({ custom_id: 'b', error: null, response: { status_code: 400, body: { error: {} } } });
    const { requests } = openai.stats();
    expect(requests).toBe(2);

    const again = await run(at('in.jsonl'), '--out', at('out.jsonl'), '--resume');
    expect([again.code, openai.stats().requests]).toEqual([1, requests]);
    expect(await file('out.errors.jsonl')).toEqual([error]);
    await run(at('in.jsonl'), '--out', at('out.jsonl'), '--retry-failed');
    expect(openai.stats().requests).toBe(requests + 1);

    // The errors of an earlier run go with their rows.
    await writeFile(at('in.jsonl'), [chat('a', 'one'), chat('b', 'two')].join('\n'));
    expect((await run(at('in.jsonl'), '--out', at('out.jsonl'))).code).toBe(0);
    expect(await readdir(folder)).not.toContain('out.errors.jsonl');
  });

  test("sends Anthropic's lines, with its own results", async () => {
    const line = (custom_id: string, params: object): string => JSON.stringify({ custom_id, params });
    const messages = [{ role: 'user', content: 'hi' }];
    await writeFile(
      at('in.jsonl'),
      [
        line('a', { model: 'claude-haiku-4-5', max_tokens: 20, messages }),
        line('b', { model: 'claude-haiku-4-5', messages }),
      ].join('\n'),
    );
    const { code } = await run(at('in.jsonl'), '--out', at('out.jsonl'), '--errors', at('bad.jsonl'));
    expect(code).toBe(1);
    expect(await file('out.jsonl')).toMatchObject([
      { custom_id: 'a', result: { type: 'succeeded', message: { type: 'message', role: 'assistant' } } },
    ]);
    expect(await file('bad.jsonl')).toMatchObject([
      {
        custom_id: 'b',
        result: { type: 'errored', error: { type: 'error', error: { type: 'invalid_request_error' } } },
      },
    ]);
  });

  test('takes prompts from standard input, and rows of data with a template', async () => {
    const io = new FakeIo();
    io.typed = 'first prompt\n\nsecond prompt\n';
    expect(await dispatch(['batch', '-', '--out', '-', '--model', 'gpt-4o-mini', '--quiet'], io, '1')).toBe(0);
    const rows = objects(io.outLines.join('\n'));
    expect(rows.map(({ custom_id, response }) => [custom_id, response.body.choices[0].message.content])).toEqual([
      ['1', 're: first prompt'],
      ['3', 're: second prompt'],
    ]);
    expect(io.errLines).toEqual([]);

    await writeFile(at('data.jsonl'), '{"id":"x","text":"buy now","n":1}\n{"id":"y","text":"hello","n":2}\n');
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    await writeFile(at('schema.json'), JSON.stringify(schema));
    const { code } = await run(
      at('data.jsonl'),
      '--out',
      at('o.jsonl'),
      '--model',
      'claude-haiku-4-5',
      '--template',
      '{{n}}: {{text}}',
      '--system',
      'Short.',
    );
    expect(code).toBe(0);
    expect((await file('o.jsonl')).map(({ custom_id, result }) => [custom_id, result.message.content[0].text])).toEqual(
      [
        ['x', 're: 1: buy now'],
        ['y', 're: 2: hello'],
      ],
    );
    const strict = await run(
      at('data.jsonl'),
      '--out',
      at('s.jsonl'),
      '--model',
      'gpt-4o-mini',
      '--template',
      '{{text}}',
      '--schema',
      at('schema.json'),
    );
    expect(strict.code).toBe(0);
  });

  test('reads the whole input first, and names every bad line', async () => {
    await writeFile(
      at('in.jsonl'),
      [
        chat('a', 'x'),
        '{"custom_id":',
        chat('a', 'y'),
        '{"custom_id":"c","url":"https://evil","body":{}}',
        chat('d', 'z', { stream: true }),
      ].join('\n'),
    );
    const { code, io } = await run(at('in.jsonl'), '--out', at('out.jsonl'));
    expect([code, io.errLines]).toEqual([
      2,
      [
        'line 2: not JSON',
        'line 3: custom_id "a" was already used on line 1',
        'line 4: expected "url" to be a path such as "/v1/responses"',
        'line 5: "stream" has no place in a batch',
        'Nothing was sent.',
      ],
    ]);
    expect([openai.stats().requests, await readdir(folder)]).toEqual([0, ['in.jsonl']]);
  });

  test('estimates a run without a key and without sending anything', async () => {
    vi.stubEnv('OPENAI_API_KEY', '');
    await writeFile(
      at('in.jsonl'),
      [chat('a', 'x', { max_tokens: 50 }), chat('b', 'y', { max_tokens: 70 })].join('\n'),
    );
    const { code, io } = await run(at('in.jsonl'), '--dry-run', '--json', '--rpm', '1');
    expect(code).toBe(0);
    const made = JSON.parse(io.outLines[0]!) as { inputTokens: [number, number] };
    expect(made).toMatchObject({ rows: 2, models: ['gpt-4o-mini'], outputTokensAtMost: 120, seconds: [60, 185] });
    expect(made.inputTokens[0]).toBeLessThan(made.inputTokens[1]);
    expect(openai.stats().requests).toBe(0);
    const spoken = await run(at('in.jsonl'), '--dry-run');
    expect(spoken.io.outLines.join('\n')).toContain('Time           unknown');
    expect((await run(at('in.jsonl'), '--out', at('out.jsonl'))).io.errLines.join()).toContain(
      'OPENAI_API_KEY is not set',
    );
  });

  test.skipIf(!existsSync('/dev/full'))('explains a full disk, and prints the command that resumes', async () => {
    await writeFile(at('in.txt'), 'one\ntwo\n');
    const args = [
      at('in.txt'),
      '--model',
      'gpt-4o-mini',
      '--journal',
      at('journal'),
      '--errors',
      at('errors'),
      '--out',
    ];
    const { code, io } = await run(...args, '/dev/full');
    expect([code, io.errLines[0], io.errLines.at(-1)]).toEqual([
      1,
      'The disk is full.',
      expect.stringMatching(/^To resume: npx tidegate batch /),
    ]);
    // Answered rows are not requested again.
    expect((await run(...args, at('out.jsonl'))).code).toBe(0);
    expect(openai.stats().requests).toBe(2);
  });

  test('refuses other parameters until they are accepted', async () => {
    await writeFile(at('in.txt'), 'hello\n');
    const ask = (system: string, ...more: string[]) =>
      run(at('in.txt'), '--out', at('o.jsonl'), '--model', 'gpt-4o-mini', '--system', system, ...more);
    await ask('Be short.');
    const { code, io } = await ask('Be long.');
    expect([code, openai.stats().requests]).toEqual([2, 1]);
    expect(io.errLines.join()).toContain('started with other parameters');
    const before = await file('o.jsonl');
    expect(before).toHaveLength(1);
    await writeFile(at('o.jsonl.journal.lock'), JSON.stringify({ pid: process.ppid, host: hostname() }));
    expect((await ask('Be short.')).code).toBe(2);
    await rm(at('o.jsonl.journal.lock'));
    // A refused run has changed nothing.
    expect(await file('o.jsonl')).toEqual(before);
    expect((await ask('Be long.', '--accept-changes')).code).toBe(0);
    expect(openai.stats().requests).toBe(2);
  });

  test.each([
    [['IN'], 'Expected --out'],
    [[], 'Expected a file of rows'],
    [['IN', '--out', 'IN'], 'both read and written'],
    [['IN', '--out', 'OUT', '--errors', 'OUT'], 'both read and written'],
    [['IN', '--out', 'OUT', '--resume'], 'no journal at'],
    [['IN', '--out', 'OUT', '--rpm', 'many'], '--rpm to be a whole number'],
    [['IN', '--out', 'OUT', '--stop-after', '200%'], '--stop-after to be above 0%'],
    [['IN', '--out', 'OUT', '--provider', 'acme'], '--provider to be one of openai'],
    [['GONE', '--out', 'OUT'], 'There is no '],
  ])('refuses %j with code 2', async (args, text) => {
    await writeFile(at('IN'), chat('a', 'x'));
    const { code, io } = await run(...args.map((arg) => (/^[A-Z]+$/.test(arg) ? at(arg) : arg)));
    expect(io.errLines.join('\n')).toContain(text);
    expect([code, io.outLines, openai.stats().requests]).toEqual([2, [], 0]);
  });

  test('stops for failures, and says how to resume', async () => {
    const bad = Array.from({ length: 30 }, (_, index) => chat(`r${index}`, '', { messages: `none ${index}` }));
    await writeFile(at('in.jsonl'), bad.join('\n'));
    const { code, io } = await run(
      at('in.jsonl'),
      '--out',
      at("o'ut.jsonl"),
      '--stop-after',
      '2',
      '--max-concurrent',
      '1',
    );
    expect([code, openai.stats().requests]).toEqual([1, 2]);
    expect(io.errLines.at(-1)).toMatch(/^To resume: npx tidegate batch .* --stop-after 2 --max-concurrent 1$/);
  });
});
