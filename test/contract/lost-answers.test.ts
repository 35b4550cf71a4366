import { describe, expect, it } from 'vitest';
import { FAST } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { scriptedServer, sendEvents, sendJson, sendPart } from '../helpers/scripted-server.ts';
import { CONFIGURABLE, WAYS_IN } from '../helpers/ways.ts';

describe.each(WAYS_IN)('$name', ({ sdk, connect }) => {
  const half = JSON.stringify(sdk.completion).length / 2;
  /** What an application that catches the error sees. */
  const told = (outcome: string, attempts: number) => ({ tidegate: { outcome, attempts } });

  it.each([
    ['right behind its head', []],
    ['before its first content', sdk.chunks.slice(0, 1)],
  ])('a stream whose connection is lost %s is retried', async (_name, events) => {
    const server = await scriptedServer(sendEvents(events, 'destroy'), sendEvents(sdk.chunks));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    expect(server.requests).toHaveLength(2);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason: 'connection' }]);
    expect(eventsOf(connection.events(), 'attempt.end').map(({ outcome }) => outcome)).toEqual(['connection', 'ok']);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success_after_retry' }]);
    expect(connection.guard.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
  });

  it.each([
    ['is lost', 'destroy'],
    ['is closed in good order', 'end'],
  ] as const)('a whole answer whose connection %s in its middle is sent again', async (_name, then) => {
    const server = await scriptedServer(
      sendPart(sdk.completion, half, then),
      sendPart(sdk.completion, 0, then),
      sendJson(sdk.completion),
    );
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    expect(server.requests).toHaveLength(3);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry').map(({ reason }) => reason)).toEqual(['connection', 'connection']);
    expect(eventsOf(connection.events(), 'attempt.end').map(({ outcome }) => outcome)).toEqual([
      'connection',
      'connection',
      'ok',
    ]);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 3 }]);
    expect(connection.guard.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
  });

  it('is reported as a connection error when every attempt is lost', async () => {
    const server = await scriptedServer(sendPart(sdk.completion, half, 'destroy'));
    const connection = connect(server.url);
    const error: unknown = await connection.ask().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'terminated', ...told('connection', 6) });
    expect(server.requests).toHaveLength(6);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted', attempts: 6 }]);
  });

  it('a stream whose connection is lost after content is interrupted, and reported as a connection error', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, -3), 'destroy'));
    const connection = connect(server.url);
    const { text, error } = await connection.read();
    expect(text).toMatch(/^an/);
    expect(error).toMatchObject(told('connection', 1));
    expect(server.requests).toHaveLength(1);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted' }]);
  });

  it('an answer that is not JSON at all is no success, and is not retried', async () => {
    const server = await scriptedServer((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('<html>Sign in</html>');
    });
    const connection = connect(server.url);
    const error: unknown = await connection.ask().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SyntaxError);
    expect(server.requests).toHaveLength(1);
    expect(error).toMatchObject(told('server_error', 1));
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted' }]);
  });
});

describe.each(CONFIGURABLE)('$name', ({ sdk, connect }) => {
  const once = { ...FAST, retry: false } as const;

  it.each([
    ['streams lost before content', sendEvents(sdk.chunks.slice(0, 1), 'destroy')],
    ['streams lost after content', sendEvents(sdk.chunks.slice(0, -3), 'destroy')],
    ['whole answers lost', sendPart(sdk.completion, 20, 'destroy')],
  ])('opens the circuit after enough %s', async (name, answer) => {
    const server = await scriptedServer(answer);
    const connection = connect(server.url, { ...once, breaker: { onOpen: 'fail' } });
    for (let call = 0; call < 15; call++) {
      if (name.startsWith('streams')) await connection.read();
      else await connection.ask().catch(() => undefined);
    }
    await callsEnded(connection);
    expect(server.requests).toHaveLength(10);
    expect(connection.guard.snapshot().map(({ circuit }) => circuit)).toContain('open');
  });

  it('passes on what came of a stream that is not retried', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, 1), 'destroy'));
    const connection = connect(server.url, once);
    const seen: unknown[] = [];
    let error: unknown;
    try {
      for await (const chunk of await connection.open()) seen.push(chunk);
    } catch (thrown) {
      error = thrown;
    }
    expect(seen).toHaveLength(1);
    expect(error).toMatchObject({ tidegate: { outcome: 'connection', attempts: 1 } });
  });
});
