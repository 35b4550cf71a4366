import { describe, expect, it } from 'vitest';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import { WAYS_IN } from '../helpers/ways.ts';

/** Sends a body of a type as it stands, in one piece. */
const send =
  (type: string, body: string | Uint8Array): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };

describe.each(WAYS_IN)('$name', ({ sdk, connect }) => {
  const preamble = sdk.chunks[0]!;
  const content = sdk.chunks.find((chunk) => /"an"/.test(chunk))!;
  const torn = (event: string): string => event.slice(0, event.lastIndexOf('"'));

  it.each([
    ['its first event', torn(preamble)],
    ['its first content', preamble + torn(content)],
  ])('a stream that ends within %s is retried', async (_name, body) => {
    const server = await scriptedServer(send('text/event-stream', body), sendEvents(sdk.chunks));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    expect(server.requests).toHaveLength(2);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success_after_retry' }]);
  });

  it('an answer without any body is retried', async () => {
    const server = await scriptedServer(send('application/json', ''), sendJson(sdk.completion));
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason: 'connection' }]);
    expect(connection.guard.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
  });

  it('an answer without any body is no success', async () => {
    const server = await scriptedServer(send('application/json', ''));
    const connection = connect(server.url);
    await connection.ask().catch(() => undefined);
    expect(server.requests).toHaveLength(6);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted', attempts: 6 }]);
  });

  it.each(['text', 'arrayBuffer', 'body'] as const)(
    'a page in place of an answer is no success (%s)',
    async (reader) => {
      const page = '<html><head><title>502 Bad Gateway</title></head></html>';
      const server = await scriptedServer(send('text/html; charset=UTF-8', page));
      const connection = connect(server.url);
      const response = await connection.respond();
      const read = reader === 'body' ? new Response(response.body).text() : response[reader]();
      expect(Buffer.from((await read) as string).toString()).toBe(page);
      expect(server.requests).toHaveLength(1);
      await callsEnded(connection);
      expect(eventsOf(connection.events(), 'attempt.end')).toMatchObject([{ outcome: 'server_error' }]);
    },
  );

  it.each([
    ['audio', 'audio/mpeg', '\xff\xfb{"\x00"['],
    ['lines of JSON', 'application/octet-stream', '{"a":1}\n{"a":2}\n'],
  ])('%s of which an application makes JSON is not asked for again', async (_name, type, body) => {
    const server = await scriptedServer(send(type, Buffer.from(body, 'latin1')));
    const connection = connect(server.url);
    const response = await connection.respond();
    await expect(response.json()).rejects.toThrow(SyntaxError);
    expect(server.requests).toHaveLength(1);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success' }]);
  });
});

describe.each(WAYS_IN.filter(({ sdk }) => sdk.family !== 'anthropic'))('$name', ({ sdk, connect }) => {
  const busy = { code: 500, message: 'Slot unavailable', type: 'server_error' };
  const long = { code: 400, message: 'the request exceeds the available context size', type: 'invalid_request_error' };
  // github.com/coddy-project/coddy-agent/pull/106: llama.cpp until github.com/ggml-org/llama.cpp/pull/16109.
  const field = (error: object): string[] => [`error: ${JSON.stringify(error)}\n\n`, 'data: [DONE]\n\n'];
  const flat = (error: object): string[] => [`data: ${JSON.stringify({ object: 'error', ...error })}\n\n`];

  it.each([
    ['in a field of its own', field],
    ['as an object without a frame', flat],
  ])('an error %s is retried before content', async (_name, events) => {
    const server = await scriptedServer(
      sendEvents([sdk.chunks[0]!, ...events(busy)]),
      sendEvents(events(busy)),
      sendEvents(sdk.chunks),
    );
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    expect(server.requests).toHaveLength(3);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([
      { reason: 'server_error' },
      { reason: 'server_error' },
    ]);
  });

  it.each([
    ['in a field of its own', field],
    ['as an object without a frame', flat],
  ])('an error %s that will not pass is not retried, and no success', async (_name, events) => {
    const server = await scriptedServer(sendEvents(events(long)));
    const connection = connect(server.url);
    await connection.read();
    expect(server.requests).toHaveLength(1);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'bad_request' }]);
  });

  it('an error in a field of its own after content is no success', async () => {
    const server = await scriptedServer(sendEvents([...sdk.chunks.slice(0, 2), ...field(busy)]));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'an' });
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
  });
});

describe.each(WAYS_IN.filter(({ sdk, way }) => sdk.family !== 'anthropic' && way !== 'fetch'))(
  '$name',
  ({ sdk, connect }) => {
    it('an error in a field of its own reaches the application, whose SDK skips it', async () => {
      const server = await scriptedServer(
        sendEvents(['error: {"code":400,"message":"Too long"}\n\n', 'data: [DONE]\n\n']),
      );
      const { error } = await connect(server.url).read();
      expect(error).toBeInstanceOf((sdk.Client as unknown as { APIError: new () => Error }).APIError);
      expect(error).toMatchObject({
        message: expect.stringContaining('Too long') as string,
        tidegate: { outcome: 'bad_request' },
      });
    });
  },
);
