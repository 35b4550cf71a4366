import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServeConsoleOptions, ServedConsole } from '../../src/console/options.ts';
import type { Update } from '../../src/console/state.ts';
import { type Guard, TidegateOptionError } from '../../src/index.ts';
import { createGuard } from '../../src/index.ts';

const TOKEN = 'a-token-of-16-or-more';
let guard: Guard;
beforeEach(() => {
  guard = createGuard({ telemetry: false });
});
afterEach(() => guard.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request with headers that fetch would not let a caller set. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const served = (options: ServeConsoleOptions = {}): Promise<ServedConsole> =>
  guard.serveConsole({ port: 0, ...options });

describe('the page', () => {
  test('loads nothing from elsewhere, and runs no inline code', async () => {
    const { url } = await served();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    for (const [path, type] of [
      ['', 'text/html'],
      ['console.js', 'text/javascript'],
      ['console.css', 'text/css'],
      ['state', 'application/json'],
    ] as const) {
      const { status, headers } = await ask(url + path);
      expect([path, status, headers['content-type']]).toEqual([path, 200, `${type}; charset=utf-8`]);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
    const { body } = await ask(url);
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\/|<script(?![^>]*src=)|\son\w+=|\sstyle=/);
    const { body: script } = await ask(`${url}console.js`);
    expect(script.length).toBeLessThan(90_000);
  });

  test("sends what is new since the client's last update, whatever the client asks for", async () => {
    const { url } = await served();
    for (const query of ['', '?fine=0&coarse=0', '?fine=-1', '?fine=x&coarse=9999999999999', '?fine=1e9']) {
      const update = JSON.parse((await ask(`${url}state${query}`)).body) as Update;
      expect(update.state.sources).toEqual([{ name: 'this process', kind: 'process' }]);
      expect(update.points.fine).toEqual({ last: 0, added: [] });
    }
  });

  test.each(['/none', '/state/', '/../package.json', '//state', '/console.js.map'])(
    'returns 404 for %s',
    async (path) => {
      const { url } = await served();
      const { port } = new URL(url);
      const status = await new Promise((resolve) => {
        request({ host: '127.0.0.1', port, path }, ({ statusCode }) => resolve(statusCode)).end();
      });
      expect(status).toBe(404);
    },
  );
});

describe('access', () => {
  test.each([
    ['a page whose name was made to lead here', { host: 'evil.example' }, 421],
    ['a page of another origin', { origin: 'http://evil.example' }, 421],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }, 421],
    ['a page without an origin', { origin: 'null' }, 421],
    ['a script tag of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['a page of another port of this site', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
    ['a link from elsewhere', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 200],
    ['the page itself', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, 200],
    ['an address typed by hand', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 200],
  ])('is denied to %s', async (_name, headers, status) => {
    const { url } = await served();
    for (const path of ['', 'state', 'console.js']) {
      const answer = await ask(url + path, headers);
      expect(answer.status).toBe(status);
      if (status !== 200) expect(answer.body).not.toMatch(/[{<]/);
    }
  });

  test('is read-only: no other method, and no body', async () => {
    const { url } = await served();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      expect([method, (await ask(`${url}state`, {}, method)).status]).toEqual([method, 405]);
    }
    expect(await ask(url, {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect((await ask(url, { 'content-length': '5' })).headers['connection']).toBe('close');
  });

  test('names that are allowed', async () => {
    const { url } = await served({ allowedHosts: ['console.example'] });
    expect((await ask(url, { host: 'console.example' })).status).toBe(200);
  });

  test('needs the token if there is one', async () => {
    const { url } = await served({ token: TOKEN });
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    for (const path of ['', 'state', 'console.js', 'console.css', 'none']) {
      const without = await ask(url + path);
      expect([path, without.status]).toEqual([path, 401]);
      expect(without.headers['www-authenticate']).toMatch(/^Basic /);
    }
    for (const wrong of [
      basic(TOKEN),
      basic('any:other'),
      basic(`${TOKEN}:`),
      `Bearer ${TOKEN}x`,
      'Bearer',
      TOKEN,
      'Basic %%%',
    ]) {
      expect([wrong, (await ask(url, { authorization: wrong })).status]).toEqual([wrong, 401]);
    }
    for (const right of [basic(`any:${TOKEN}`), basic(`:${TOKEN}`), `Bearer ${TOKEN}`, `bearer ${TOKEN}`]) {
      expect((await ask(url, { authorization: right })).status).toBe(200);
    }
    expect(url).not.toContain(TOKEN);
  });
});

describe('options', () => {
  test.each<[unknown, string]>([
    [{ port: -1 }, '`port`'],
    [{ port: '9466' }, '`port`'],
    [{ host: '' }, '`host`'],
    [{ host: '0.0.0.0' }, '`token`'],
    [{ host: '10.0.0.1' }, '`token`'],
    [{ host: '::' }, '`token`'],
    [{ token: 'short' }, '`token`'],
    [{ token: 'sixteen characters, and spaces' }, '`token`'],
    [{ allowedHosts: 'a' }, '`allowedHosts`'],
    [{ alertmanager: 'ftp://a' }, '`alertmanager`'],
    [{ prot: 1 }, 'key prot'],
    [7, '`options`'],
  ])('%j are refused at once', async (options, named) => {
    const error = await served(options as ServeConsoleOptions).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const alone =
      typeof options === 'number' ? await guard.serveConsole(options as never).catch((e: unknown) => e) : error;
    expect(alone).toBeInstanceOf(TidegateOptionError);
    expect((alone as Error).message).toContain(named);
    expect((alone as Error).message).not.toMatch(/short|sixteen characters, and/);
  });

  test('allow a network address with a token', async () => {
    const { url } = await served({ host: '0.0.0.0', token: TOKEN });
    expect((await ask(url, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });

  test('name a port that is taken', async () => {
    const { url } = await served();
    const port = Number(new URL(url).port);
    await expect(guard.serveConsole({ port })).rejects.toMatchObject({ code: 'port_in_use' });
    await expect(guard.serveConsole({ port: 0, host: '192.0.2.1', token: TOKEN })).rejects.toMatchObject({
      code: 'start_failed',
    });
  });
});

describe('closing', () => {
  test('frees the port despite open connections, and may be repeated', async () => {
    const console = await served();
    const open = await fetch(console.url);
    await Promise.all([console.close(), console.close()]);
    await open.body?.cancel();
    await expect(fetch(console.url)).rejects.toThrow('fetch failed');
    const again = await guard.serveConsole({ port: Number(new URL(console.url).port) });
    expect((await ask(again.url)).status).toBe(200);
  });

  test('happens with the guard, which serves no other', async () => {
    const { url } = await served();
    await guard.close();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    await expect(served()).rejects.toMatchObject({ code: 'closed' });
  });

  test('happens too if the guard is closed during the start', async () => {
    const serving = served();
    await guard.close();
    await expect(serving).rejects.toMatchObject({ code: 'closed' });
  });
});
