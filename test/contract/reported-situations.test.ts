import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type Answer, type ScriptedServer, scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';
import { type Connection, WAYS_IN } from '../helpers/ways.ts';

/** A stream as one text, sent in pieces of this many bytes. */
const sendText =
  (text: string, bytes: number, headers: Record<string, string> = {}): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    const all = Buffer.from(text);
    for (let at = 0; at < all.length; at += bytes) {
      response.write(all.subarray(at, at + bytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };

const sendPage =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8', ...headers });
    response.end('<html><head><title>Bad gateway</title></head><body><h1>Error</h1></body></html>');
  };

const whole = (sdk: SdkCase): string => sdk.chunks.join('');
const withLineEnds = (sdk: SdkCase, end: string): string => whole(sdk).replaceAll('\n', end);

/** Complete streams, in unusual spellings. */
const WRITTEN: readonly (readonly [source: string, what: string, answer: (sdk: SdkCase) => Answer])[] = [
  ['openai-node#2725', 'a final event without the blank line', (sdk) => sendText(whole(sdk).trimEnd(), 4_096)],
  ['openai-node#2725', 'the same, byte by byte', (sdk) => sendText(`${whole(sdk).trimEnd()}\n`, 7)],
  ['WHATWG', 'CRLF, torn between CR and LF', (sdk) => sendText(withLineEnds(sdk, '\r\n'), 1)],
  ['OpenRouter', 'comments between events', (sdk) => sendEvents([': OPENROUTER PROCESSING\n\n', ...withComments(sdk)])],
  ['gateways', 'no space behind the colon', (sdk) => sendText(whole(sdk).replaceAll('data: ', 'data:'), 64)],
  [
    'gateways',
    'ids and times to reconnect',
    (sdk) => sendText(sdk.chunks.map((c, i) => `id: ${i}\nretry: 99999999\n${c}`).join(''), 50),
  ],
  [
    'gateways',
    'a type in capitals with a charset',
    (sdk) => sendText(whole(sdk), 4_096, { 'content-type': 'Text/Event-Stream; Charset=UTF-8' }),
  ],
  ['gateways', 'gzip', (sdk) => sendGzip(whole(sdk))],
  [
    'nginx',
    'a length, so that it is no chunked answer',
    (sdk) => sendText(whole(sdk), 4_096, { 'content-length': String(Buffer.byteLength(whole(sdk))) }),
  ],
];

function withComments(sdk: SdkCase): string[] {
  return sdk.chunks.flatMap((chunk) => [': keep-alive\n\n', chunk, ':\n\n']);
}

function sendGzip(text: string): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    response.end(gzipSync(text));
  };
}

const ended = async (connection: Connection): Promise<unknown> => {
  await callsEnded(connection);
  return eventsOf(connection.events(), 'call.end');
};

async function expectEnded(connection: Connection, server: ScriptedServer, attempts: number): Promise<void> {
  expect(await ended(connection)).toMatchObject([
    { attempts, outcome: attempts > 1 ? 'success_after_retry' : 'success' },
  ]);
  expect(server.requests).toHaveLength(attempts);
}

describe.each(WAYS_IN)('$name', ({ sdk, connect }) => {
  it.each(WRITTEN)('%s: %s is a whole stream', async (_source, _what, answer) => {
    const server = await scriptedServer(answer(sdk));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    await expectEnded(connection, server, 1);
  });

  /** Sent in place of an answer, and retried. */
  const REPLACED: readonly (readonly [source: string, what: string, answer: Answer, reason: string])[] = [
    ['cloudflare', 'a page with 502', sendPage(502), 'server_error'],
    ['cloudflare', 'a page with 429', sendPage(429), 'rate_limit'],
    ['cloudflare', 'a page with 520', sendPage(520), 'server_error'],
    [
      'retry-after',
      'a date that has passed',
      sendPage(503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
      'overloaded',
    ],
    ['retry-after', 'sent twice', sendPage(503, { 'retry-after': '0, 0' }), 'overloaded'],
    ['retry-after', 'no number', sendPage(503, { 'retry-after': 'soon' }), 'overloaded'],
    ['openai-node#1127', 'a reset behind the head', destroyed(200), 'connection'],
    ['undici', 'a reset in place of a head', (response) => void response.destroy(), 'connection'],
  ];
  it.each(REPLACED)('%s: %s in place of a stream', async (_source, _what, answer, reason) => {
    const server = await scriptedServer(answer, sendEvents(sdk.chunks));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    await expectEnded(connection, server, 2);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason }]);
  });

  it.each(REPLACED)('%s: %s in place of an answer', async (_source, _what, answer, reason) => {
    const server = await scriptedServer(answer, sendJson(sdk.completion));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    expect(await ended(connection)).toMatchObject([{ attempts: 2, outcome: 'success_after_retry' }]);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason }]);
  });

  it('follows a redirect as fetch does: one attempt', async () => {
    const server = await scriptedServer((response) => {
      response.writeHead(307, { location: '/elsewhere' });
      response.end();
    }, sendJson(sdk.completion));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    expect(await ended(connection)).toMatchObject([{ attempts: 1, outcome: 'success' }]);
    expect(server.requests.map(({ url }) => url).at(-1)).toBe('/elsewhere');
    expect(server.requests[1]!.body).toBe(server.requests[0]!.body);
  });

  it('reads an answer whose response was cloned, and counts it once', async () => {
    const server = await scriptedServer(sendJson(sdk.completion));
    const connection = connect(server.url);
    const response = await connection.respond();
    const copy = response.clone();
    const texts = await Promise.all([response.text(), copy.text()]);
    expect(texts[0]).toBe(texts[1]);
    expect(await ended(connection)).toMatchObject([{ outcome: 'success' }]);
  });

  it('releases the body of an answer that is abandoned half read', async () => {
    const server = await scriptedServer(sendJson(sdk.completion));
    const connection = connect(server.url);
    const response = await connection.respond();
    const reader = response.body!.getReader();
    await reader.cancel();
    reader.releaseLock();
    expect(response.body!.locked).toBe(false);
    expect(await ended(connection)).toMatchObject([{ outcome: 'cancelled' }]);
    expect(eventsOf(connection.events(), 'attempt.end')).toMatchObject([{ outcome: 'cancelled' }]);
    expect(connection.guard.snapshot().reduce((sum, lane) => sum + lane.inFlight, 0)).toBe(0);
  });
});

function destroyed(status: number): Answer {
  return (response, request) => {
    // Of the requested type.
    const streams = request.body.includes('"stream":true');
    response.writeHead(status, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    response.flushHeaders();
    setImmediate(() => response.destroy());
  };
}
