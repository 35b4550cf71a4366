import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { FakeIo } from './fake-io.ts';

const SECRET = 'sk-live-0123456789abcdef';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-commands-'));
  vi.stubEnv('OPENAI_API_KEY', SECRET);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function run(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const io = new FakeIo();
  const code = await dispatch(args, io, '1.0.0');
  return { code, said: [...io.outLines, ...io.errLines].join('\n') };
}

describe('tidegate batch', () => {
  const failing = sendJson({ error: { message: 'No.', type: 'invalid_request_error', code: null } }, 400);

  async function batch(...args: string[]): ReturnType<typeof run> {
    const input = join(folder, 'in.txt');
    await writeFile(input, 'hello\nworld\nagain\n');
    const paths = ['batch', input, '--out', join(folder, 'out.jsonl')];
    return run(...paths, '--model', 'gpt-4o-mini', '--stop-after', '1', '--max-concurrent', '1', ...args);
  }

  test.each([
    ['another scheme', `ftp://${SECRET}@127.0.0.1/v1`],
    ['no scheme', `${SECRET}.example/v1`],
    ['a user', `http://${SECRET}@127.0.0.1:9/v1`],
    ['a password', `http://user:${SECRET}@127.0.0.1:9/v1`],
  ])('refuses a base URL with %s, and does not repeat it', async (_name, url) => {
    for (const args of [['--base-url', url], [`--base-url=${url}`]]) {
      const { code, said } = await batch(...args);
      expect(code).toBe(2);
      expect(said).toMatch(/^Expected .*base URL/);
      expect(said).not.toContain(SECRET);
    }
    vi.stubEnv('OPENAI_BASE_URL', url);
    expect((await batch()).said).not.toContain(SECRET);
  });

  test('shows neither the key nor what may be one in a base URL, and keeps neither', async () => {
    const server = await scriptedServer(failing);
    const url = `${server.url}/${SECRET}/v1`;
    for (const args of [
      ['--base-url', url],
      [`--base-url=${url}`, '--json'],
      ['--base-url', `${url}?token=${SECRET}`],
    ]) {
      const { code, said } = await batch(...args);
      expect(code).toBe(1);
      expect(said).toMatch(/base-url[ =]<base-url>/);
      expect(said).not.toContain(SECRET);
    }
    expect(server.requests.length).toBeGreaterThan(0);
    for (const name of await readdir(folder)) {
      expect(await readFile(join(folder, name), 'utf8')).not.toContain(SECRET);
    }
  });

  test('tells how to go on with a base URL that holds nothing', async () => {
    const server = await scriptedServer(failing);
    const { said } = await batch('--base-url', `${server.url}/openai/v1`);
    expect(said).toContain(`--base-url ${server.url}/openai/v1`);
  });
});

describe('tidegate report', () => {
  test('lets no record steer the terminal', async () => {
    const path = join(folder, 'hits.jsonl');
    const odd = 'a\u001b[2J\u009b31m\u202eb\nc';
    const line = { v: 1, kind: 'hit', at: '2026-01-15T09:30:00.000Z', pool: odd, dimension: odd, model: odd, limit: 5 };
    await writeFile(path, `${JSON.stringify(line)}\n`);
    const { code, said } = await run('report', path);
    expect(code).toBe(0);
    expect(said).toContain('a [2J 31m b c');
    // oxlint-disable-next-line no-control-regex -- They are what is looked for.
    expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test.each([
    ['a dimension that is none', { dimension: 5 }],
    ['a wait that is a text', { waitMs: 'long' }],
    ['numbers that are objects', { limit: {}, used: [], waitMs: {} }],
    ['members of every object', { pool: '__proto__', dimension: '__proto__', model: 'constructor' }],
    ['no members', { dimension: undefined, model: undefined }],
  ])('reads or skips a line with %s', async (_name, more) => {
    const path = join(folder, 'hits.jsonl');
    const line = {
      v: 1,
      kind: 'hit',
      at: '2026-01-15T09:30:00.000Z',
      pool: 'p',
      dimension: 'tokens',
      model: 'm',
      waitMs: 5,
    };
    const call = { ...line, kind: 'call', durationMs: 5, waitedMs: 1, inputTokens: 5, outputTokens: 5, ...more };
    await writeFile(path, [line, { ...line, ...more }, call].map((each) => JSON.stringify(each)).join('\n'));
    for (const args of [[], ['--json']]) {
      const { code, said } = await run('report', path, ...args);
      expect(code).toBe(0);
      expect(said).not.toMatch(/NaN|undefined|\[object/);
    }
  });
});
