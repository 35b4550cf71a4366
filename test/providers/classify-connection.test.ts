import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { classifyConnection } from '../../src/providers/errors/classify-connection.ts';

const withCode = (code: string): Error =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
const named = (name: string, message = 'x'): Error => Object.assign(new Error(message), { name });

describe('classifyConnection', () => {
  it.each(['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'EHOSTUNREACH', 'UND_ERR_SOCKET'])(
    '%s is a failed connection',
    (code) => {
      expect(classifyConnection(withCode(code), false)).toMatchObject({ outcome: 'connection', retryable: true, code });
    },
  );

  it.each(['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'])(
    '%s is a timeout',
    (code) => {
      expect(classifyConnection(withCode(code), false)).toMatchObject({ outcome: 'timeout', retryable: true, code });
    },
  );

  it.each([
    named('TimeoutError'),
    named('AbortError'),
    named('Error', 'Request timed out.'),
    new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
    new (class APIConnectionTimeoutError extends Error {})('x'),
  ])('%s is a timeout', (error) => {
    expect(classifyConnection(error, false)).toMatchObject({ outcome: 'timeout', retryable: true });
  });

  it.each(['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'])(
    '%s is not classified',
    (code) => {
      expect(classifyConnection(withCode(code), false)).toMatchObject({
        outcome: 'connection',
        retryable: false,
        code,
      });
    },
  );

  it.each(['http://127.0.0.1:1/', 'http://127.0.0.1:6667/v1', 'ftp://127.0.0.1/', 'nowhere:x'])(
    '%s, which fetch refuses by itself, is not retried',
    async (url) => {
      const refused: unknown = await fetch(url).catch((error: unknown) => error);
      expect(classifyConnection(refused, false)).toMatchObject({
        outcome: 'bad_request',
        retryable: false,
        advice: expect.stringContaining('base URL') as string,
      });
    },
  );

  it.each([
    withCode('ERR_ACCESS_DENIED'),
    withCode('UND_MOCK_ERR_MOCK_NOT_MATCHED'),
    withCode('ERR_NOCK_NO_MATCH'),
    new TypeError('fetch failed', {
      cause: Object.assign(named('NetConnectNotAllowedError'), { code: 'ENETUNREACH' }),
    }),
  ])('%s: a connection closed on purpose is not retried', (error) => {
    expect(classifyConnection(error, false)).toMatchObject({
      outcome: 'connection',
      retryable: false,
      advice: expect.stringContaining('may not connect') as string,
    });
  });

  it('a malformed URL is a bad request', () => {
    expect(classifyConnection(withCode('ERR_INVALID_URL'), false)).toMatchObject({
      outcome: 'bad_request',
      retryable: false,
    });
  });

  it('looks into the errors of every address tried', () => {
    const error = new TypeError('fetch failed', {
      cause: new AggregateError([Object.assign(new Error('x'), { code: 'ETIMEDOUT' })]),
    });
    expect(classifyConnection(error, false)).toMatchObject({ outcome: 'timeout' });
  });

  it('an abort by the application takes precedence', () => {
    expect(classifyConnection(withCode('ECONNRESET'), true)).toMatchObject({ outcome: 'cancelled', retryable: false });
    expect(classifyConnection(new (class APIUserAbortError extends Error {})('x'), false)).toMatchObject({
      outcome: 'cancelled',
    });
  });

  it('accepts anything', () => {
    const loop = new Error('x');
    loop.cause = loop;
    for (const error of [loop, undefined, null, 'x', 5, {}, Object.create(null)]) {
      expect(classifyConnection(error, false)).toMatchObject({ outcome: 'connection', retryable: true });
    }
  });

  it("reads undici's own errors", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const failed = async (url: string, init?: RequestInit): Promise<unknown> =>
      fetch(url, init).catch((error: unknown) => error);
    expect(classifyConnection(await failed(`http://127.0.0.1:${port}/`), false)).toMatchObject({
      outcome: 'connection',
      retryable: true,
      code: 'UND_ERR_SOCKET',
    });
    await new Promise((resolve) => server.close(resolve));
    expect(classifyConnection(await failed(`http://127.0.0.1:${port}/`), false)).toMatchObject({
      outcome: 'connection',
      code: 'ECONNREFUSED',
    });
    expect(classifyConnection(await failed('http://['), false)).toMatchObject({
      outcome: 'bad_request',
      retryable: false,
    });
  });
});
