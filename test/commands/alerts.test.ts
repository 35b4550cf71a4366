import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alerts } from '../../src/commands/alerts.ts';
import { FakeIo } from './fake-io.ts';
import { firing, notification, resolved } from './notification.ts';

test('with --json prints each alert as a line, and nothing else', async () => {
  const io = new FakeIo();
  const listening = io.line(/at (http:\S+)/);
  const ended = alerts(['--port', '0', '--json'], io);
  const [, url] = await listening;
  const body = JSON.stringify({ ...notification([firing, resolved]), truncatedAlerts: 2 });
  await fetch(url!, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  io.stop();
  expect([await ended, io.outLines.map((line) => JSON.parse(line) as object)]).toMatchObject([
    0,
    [{ status: 'firing', labels: { alertname: 'TidegateRetrySpike' } }, { status: 'resolved' }, { truncated: 2 }],
  ]);
});

describe('a running inbox', () => {
  let io: FakeIo;
  let url: string;
  let ended: Promise<number>;

  beforeEach(async () => {
    io = new FakeIo();
    const listening = io.line(/at (http:\S+)/);
    ended = alerts(['--port', '0'], io);
    url = (await listening)[1]!;
    io.outLines.length = 0;
  });

  afterEach(async () => {
    io.stop();
    await ended;
  });

  const json = { 'content-type': 'application/json' };
  const post = (body: string, path = '', headers: Record<string, string> = json): Promise<Response> =>
    fetch(url + path, { method: 'POST', body, headers });

  test('listens on this machine only', () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/alerts$/);
  });

  test('ends with 0 when it is stopped, and frees its port', async () => {
    io.stop();
    expect(await ended).toBe(0);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  test('prints alerts as they arrive, firing and resolved', async () => {
    expect((await post(JSON.stringify(notification([firing])))).status).toBe(200);
    expect(io.outLines[0]).toBe('10:00:00  FIRING    warning   TidegateRetrySpike');
    io.outLines.length = 0;
    expect((await post(JSON.stringify({ ...notification([resolved]), truncatedAlerts: 2 }))).status).toBe(200);
    expect(io.outLines).toEqual([
      '10:01:30  RESOLVED  warning   TidegateRetrySpike  after 90 s',
      '          Retries have jumped.',
      '          gen_ai_provider_name=openai job=shop',
      '          and 2 more alerts that Alertmanager left out',
    ]);
  });

  test.each([
    ['garbage', '\u0000{"', 400],
    ['an empty body', '', 400],
    ['JSON of another kind', '{"alerts":{"0":1}}', 400],
    ['one bad alert among good ones', JSON.stringify(notification([firing, { status: 'firing' }])), 400],
    ['more than it takes', `"${'x'.repeat(4 * 1024 * 1024)}"`, 413],
  ])('refuses %s, prints nothing and continues', async (_name, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(/^Expected /);
    expect(io.outLines).toEqual([]);
    expect((await post(JSON.stringify(notification([firing])))).status).toBe(200);
  });

  test('refuses other paths and methods', async () => {
    expect((await post('{}', '/elsewhere')).status).toBe(404);
    const got = await fetch(url);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test.each([
    ['a text, which any web page may post', { 'content-type': 'text/plain' }, 415],
    ['no type', {}, 415],
    ['another origin', { ...json, origin: 'https://evil.example' }, 421],
  ])('refuses %s', async (_name, headers, status) => {
    const response = await post(JSON.stringify(notification([firing])), '', headers as Record<string, string>);
    expect([response.status, io.outLines]).toEqual([status, []]);
  });

  test('refuses a name that resolves to this machine, and an endless body', async () => {
    const { port } = new URL(url);
    const ask = (head: string, ...chunks: string[]): Promise<string> =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connect(Number(port), '127.0.0.1', () => {
          socket.write(`POST /alerts HTTP/1.1\r\ncontent-type: application/json\r\n${head}\r\n\r\n`);
          for (const chunk of chunks) socket.write(chunk);
        });
        socket.on('data', (data) => (answer += data.toString()));
        socket.on('error', () => undefined);
        socket.once('close', () => resolve(answer));
      });
    const body = '{"alerts":[]}';
    const foreign = await ask(`host: evil.example\r\nconnection: close\r\ncontent-length: ${body.length}`, body);
    expect(foreign).toMatch(/^HTTP\/1\.1 421 /);
    const endless = Array.from({ length: 40 }, () => `40000\r\n${'x'.repeat(0x40000)}\r\n`);
    expect(await ask('host: 127.0.0.1\r\ntransfer-encoding: chunked', ...endless)).toMatch(/^(?:HTTP\/1\.1 413 |$)/);
    expect((await post(JSON.stringify(notification([firing])))).status).toBe(200);
  });

  test('survives a request that is cut off', async () => {
    const { port } = new URL(url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          'POST /alerts HTTP/1.1\r\nhost: inbox\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"al',
        );
        socket.resetAndDestroy();
      });
      socket.once('close', () => resolve());
    });
    expect((await post(JSON.stringify(notification([firing])))).status).toBe(200);
  });
});

describe('arguments', () => {
  test('--help explains how to point Alertmanager at it', async () => {
    const io = new FakeIo();
    expect(await alerts(['--help'], io)).toBe(0);
    expect(io.outLines.join('\n')).toContain('url: http://127.0.0.1:9465/alerts');
  });

  test.each([['--port', 'x'], ['--port', ''], ['--port', '65536'], ['--port', '1.5'], ['--bogus'], ['extra']])(
    'refuses %s %s',
    async (...args) => {
      const io = new FakeIo();
      expect(await alerts(args, io)).toBe(2);
      expect(io.errLines.join('\n')).toContain('--help');
    },
  );

  test('reports a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const io = new FakeIo();
    expect(await alerts(['--port', String(port)], io)).toBe(1);
    expect(io.errLines).toEqual([
      `Port ${port} on 127.0.0.1 is already in use. Choose another with --port, or 0 for any free one.`,
    ]);
    await new Promise((resolve) => server.close(resolve));
  });

  test('refuses an address of another machine, with the reason', async () => {
    const io = new FakeIo();
    expect(await alerts(['--port', '0', '--host', '192.0.2.1'], io)).toBe(1);
    expect(io.errLines[0]).toMatch(/^Cannot listen at 192\.0\.2\.1, port 0: .*EADDRNOTAVAIL/);
  });
});
