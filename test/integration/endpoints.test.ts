import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openAlertInbox } from '../../src/commands/alert-inbox.ts';
import { startSimulator } from '../../src/testing.ts';
import { startTelemetry } from '../../src/telemetry.ts';
import { resetGlobals } from '../telemetry/harness.ts';

interface Endpoint {
  readonly port: number;
  close(): Promise<unknown>;
}

const ENDPOINTS: Readonly<Record<string, () => Promise<Endpoint>>> = {
  '/metrics': async () => {
    const telemetry = await startTelemetry({ serviceName: 'attacked', port: 0 });
    return { port: Number(new URL(telemetry.url!).port), close: () => telemetry.shutdown() };
  },
  'the alert inbox': async () => {
    const inbox = await openAlertInbox(0, '127.0.0.1', () => undefined);
    return { port: Number(new URL(inbox.url).port), close: () => inbox.close() };
  },
  'the simulator': () => startSimulator({ provider: 'openai' }),
};

const PATHS: Readonly<Record<string, string>> = {
  '/metrics': '/metrics',
  'the alert inbox': '/alerts',
  'the simulator': '/v1/chat/completions',
};

/** More than any endpoint accepts or needs to read. */
const MAX_READ_BYTES = 160 * 1_048_576;

let endpoint: Endpoint | undefined;

afterEach(async () => {
  await endpoint?.close();
  endpoint = undefined;
  resetGlobals();
});

interface Asked {
  readonly answer: string;
  readonly sent: number;
}

/** Everything received until the connection is closed. `more` is sent as long as it is accepted. */
function ask(port: number, head: string, more?: Buffer): Promise<Asked> {
  return new Promise((resolve) => {
    let [answer, sent] = ['', 0];
    const socket: Socket = connect(port, '127.0.0.1');
    const send = (): void => {
      if (!more) return;
      while (!socket.destroyed && sent < 2 * MAX_READ_BYTES) {
        sent += more.length;
        if (!socket.write(more)) break;
      }
    };
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ answer, sent }));
    socket.on('drain', send);
    socket.write(`${head}\r\n\r\n`, send);
  });
}

const statusOf = ({ answer }: Asked): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

const CHUNK = Buffer.from(`40000\r\n${'x'.repeat(0x40000)}\r\n`);

describe.each(Object.keys(ENDPOINTS))('%s', (name) => {
  const path = PATHS[name]!;
  const json = 'content-type: application/json\r\nauthorization: Bearer k';

  it.each([
    ['asked by a name that resolves to it', 'POST', 'host: evil.example', path],
    ['asked by a page of another origin', 'POST', 'host: 127.0.0.1\r\norigin: https://evil.example', path],
    ['asked for nothing', 'POST', 'host: 127.0.0.1', '/nothing'],
    ['asked for no path', 'GET', 'host: 127.0.0.1', '//'],
    ['sent what it is meant for', 'POST', 'host: 127.0.0.1', path],
    ['sent a text', 'POST', 'host: 127.0.0.1\r\ncontent-type: text/plain', path],
    ['asked with a body', 'GET', 'host: 127.0.0.1', path],
    ['asked without a name', 'POST', 'x: y', path],
  ])('abandons an endless body that is %s', async (_case, method, headers, target) => {
    endpoint = await ENDPOINTS[name]!();
    const head = `${method} ${target} HTTP/1.1\r\n${headers}\r\n${json}\r\ntransfer-encoding: chunked`;
    const { answer, sent } = await ask(endpoint.port, head, CHUNK);
    expect(sent).toBeLessThan(MAX_READ_BYTES);
    // A sender that is cut off may miss the answer.
    expect(answer).toMatch(/^(?:HTTP\/1\.1 [24]\d\d |$)/);
    expect(answer).toMatch(/^$|\r\nconnection: close\r\n/i);
  });

  it.each([
    ['GET //', 'GET', '//', 404],
    ['GET of a target that is no path', 'GET', '/\\evil', 404],
    ['a foreign Host', 'GET', path, 421],
  ])('answers %s, and continues', async (_case, method, target, status) => {
    endpoint = await ENDPOINTS[name]!();
    const host = status === 421 ? 'evil.example' : '127.0.0.1';
    const head = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer k\r\nconnection: close`;
    expect(statusOf(await ask(endpoint.port, head))).toBe(status);
    expect(statusOf(await ask(endpoint.port, head))).toBe(status);
  });

  it.each([
    ['no HTTP at all', 'hello'],
    ['a head without end', `GET ${path} HTTP/1.1\r\n${'x: y\r\n'.repeat(20_000)}`],
    ['a line without end', `GET /${'x'.repeat(100_000)}`],
  ])('is not stalled by %s', async (_case, head) => {
    endpoint = await ENDPOINTS[name]!();
    expect(statusOf(await ask(endpoint.port, head))).toBeGreaterThanOrEqual(400);
  });
});
