import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { type Answer, scriptedServer, sendJson } from '../helpers/scripted-server.ts';
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

  test('prints the command that resumes with a base URL that holds no secret', async () => {
    const server = await scriptedServer(failing);
    const { said } = await batch('--base-url', `${server.url}/openai/v1`);
    expect(said).toContain(`--base-url ${server.url}/openai/v1`);
  });
});

describe('tidegate top and limits', () => {
  const url = (server: { url: string }): string => `${server.url.replace('//', `//user:${SECRET}@`)}/${SECRET}/metrics`;
  const page: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end('tidegate_calls_total{gen_ai_provider_name="openai"} 1\n');
  };

  test('top shows no URL that may contain a key', async () => {
    const server = await scriptedServer(page);
    for (const each of [url(server), `${server.url}/${SECRET}`, `ftp://${SECRET}`, `${server.url}/?token=${SECRET}`]) {
      const { said } = await run('top', each, '--once', '--interval', '0.1');
      expect(said).not.toContain(SECRET);
    }
  });

  test('limits shows no base URL that may contain a key', async () => {
    const server = await scriptedServer(sendJson({ error: { message: 'No.' } }, 403));
    for (const name of ['OPENAI_ADMIN_KEY', 'UNUSED']) {
      vi.stubEnv(name, 'k');
      for (const base of [url(server), `${server.url}/${SECRET}/v1`, `ftp://${SECRET}`]) {
        const { code, said } = await run('limits', '--provider', 'openai', '--base-url', base);
        expect(code).toBeGreaterThan(0);
        expect(said).not.toContain(SECRET);
      }
      vi.stubEnv('OPENAI_ADMIN_KEY', '');
    }
  });

  test('an endless page is abandoned', async () => {
    const server = await scriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const more = (): void => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    vi.stubEnv('OPENAI_ADMIN_KEY', 'k');
    expect(await run('top', server.url, '--once')).toMatchObject({
      code: 1,
      said: expect.stringContaining('too long') as string,
    });
    expect(await run('limits', '--provider', 'openai', '--base-url', server.url)).toMatchObject({ code: 1 });
    await expect.poll(() => server.open()).toBe(0);
  });
});

describe('tidegate report', () => {
  test('shows only declared fields of a record on the page', async () => {
    const path = join(folder, 'hits.jsonl');
    const odd = `<script>alert(1)</script><img src=x onerror="alert(1)">'"&`;
    const line = { v: 1, kind: 'hit', at: '2026-01-15T09:30:00.000Z', pool: odd, dimension: odd, model: odd, limit: 5 };
    const call = { ...line, kind: 'call', durationMs: 5, waitedMs: 1, inputTokens: 5, outputTokens: 5 };
    await writeFile(path, `${JSON.stringify(line)}\n${JSON.stringify(call)}\n`);
    const html = join(folder, 'report.html');
    expect(await run('report', path, '--html', html)).toMatchObject({ code: 0 });
    const text = await readFile(html, 'utf8');
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toMatch(/<script|<img|onerror="/);
  });

  test('removes control characters of a record that would steer the terminal', async () => {
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
