import { describe, expect, it } from 'vitest';
import { decode, READERS } from '../helpers/readers.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';
import { pause } from '../helpers/socket-clock.ts';
import { WAYS_IN } from '../helpers/ways.ts';

// github.com/BerriAI/litellm/issues/8448, 2025-02-11.
const ERROR = { error: { message: 'Provider returned error', code: 429, metadata: { raw: 'error code: 1015' } } };
const TEXT = JSON.stringify(ERROR);

/** The head is sent first, so that no decision depends on what arrived with it. */
const sendText =
  (parts: readonly string[], type: string | undefined): Answer =>
  async (response) => {
    response.writeHead(200, type === undefined ? {} : { 'content-type': type });
    response.flushHeaders();
    for (const part of parts) {
      response.write(part);
      await pause(15);
    }
    response.end();
  };

function answerOf(sdk: SdkCase, text: string): string {
  return sdk.text(JSON.parse(text));
}

describe.each(WAYS_IN)('$name', ({ way, sdk, connect }) => {
  it.each(way === 'fetch' ? READERS : READERS.slice(-2))(
    'retries an error inside a 200 that is read by %s',
    async (_name, read) => {
      const server = await scriptedServer(sendJson(ERROR), sendJson(sdk.completion));
      const connection = connect(server.url);
      expect(answerOf(sdk, await read(await connection.respond()))).toBe('answer');
      expect(server.requests).toHaveLength(2);
      await callsEnded(connection);
      expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason: 'rate_limit' }]);
      expect(eventsOf(connection.events(), 'call.end')).toMatchObject([
        { outcome: 'success_after_retry', attempts: 2 },
      ]);
    },
  );

  // Six attempts take seconds: one reader on every way, and every reader on one.
  it.each(way === 'fetch' ? READERS : READERS.slice(-1))(
    'passes on the error unchanged after the last attempt, to %s',
    async (_name, read) => {
      const server = await scriptedServer(sendJson(ERROR));
      const connection = connect(server.url);
      expect(await read(await connection.respond())).toBe(TEXT);
      expect(server.requests).toHaveLength(6);
      await callsEnded(connection);
      expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted', attempts: 6 }]);
    },
  );

  it('retries an answer that is cut in its middle, read by its body', async () => {
    const half = JSON.stringify(sdk.completion).slice(0, 60);
    const server = await scriptedServer(
      sendText([half], 'application/json'),
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(half, () => response.destroy());
      },
      sendJson(sdk.completion),
    );
    const connection = connect(server.url);
    expect(answerOf(sdk, await READERS.at(-1)![1](await connection.respond()))).toBe('answer');
    expect(server.requests).toHaveLength(3);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry').map(({ reason }) => reason)).toEqual(['connection', 'connection']);
  });

  it('passes on whitespace that keeps the connection open', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const server = await scriptedServer(async (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('\n  \n');
      await held;
      response.end(JSON.stringify(sdk.completion));
    });
    const connection = connect(server.url);
    const response = await connection.respond();
    const reader = response.body!.getReader();
    expect(decode((await reader.read()).value!)).toBe('\n  \n');
    release();
    expect(answerOf(sdk, decode((await reader.read()).value!))).toBe('answer');
    expect((await reader.read()).done).toBe(true);
    await callsEnded(connection);
  });

  it.each([
    ['JSON', sendJson(ERROR)],
    ['JSON in two parts', sendText([TEXT.slice(0, 30), TEXT.slice(30)], 'application/json')],
    ['text', sendText([TEXT], 'text/plain; charset=utf-8')],
    ['events', sendText([TEXT], 'text/event-stream')],
    ['nothing', sendText([`\n${TEXT.slice(0, 30)}`, `${TEXT.slice(30)}\n`], undefined)],
  ])('retries a stream that is answered by an error, as %s', async (_name, refusal) => {
    const server = await scriptedServer(refusal, sendEvents(sdk.chunks));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    expect(server.requests).toHaveLength(2);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason: 'rate_limit' }]);
    expect(eventsOf(connection.events(), 'attempt.end').map(({ outcome }) => outcome)).toEqual(['throttled', 'ok']);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 2 }]);
    expect(connection.guard.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
  });

  it('shows the content type of the stream that replaced an error', async () => {
    const server = await scriptedServer(sendJson(ERROR), sendEvents(sdk.chunks));
    const connection = connect(server.url);
    const response = await connection.respond(true);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe(sdk.chunks.join(''));
    await callsEnded(connection);
  });

  it.each([
    ['JSON', sendJson(ERROR)],
    ['events', sendText([TEXT], 'text/event-stream')],
  ])('never takes an error read as %s for an empty stream', async (_name, refusal) => {
    const server = await scriptedServer(refusal);
    const connection = connect(server.url);
    const { text, error } = await connection.read();
    expect(server.requests).toHaveLength(6);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted', attempts: 6 }]);
    expect(eventsOf(connection.events(), 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
    expect(text).toBe('');
    // A reader that parses events itself finds no event.
    if (way === 'fetch') return;
    expect(error).toBeInstanceOf((sdk.Client as unknown as { APIError: new () => Error }).APIError);
    expect(error).toMatchObject({ tidegate: { outcome: 'throttled', attempts: 6 } });
    expect(JSON.stringify((error as { error: unknown }).error)).toContain('error code: 1015');
  });

  it("passes on the bytes of the error if the stream's response is read directly", async () => {
    const server = await scriptedServer(sendJson(ERROR));
    const connection = connect(server.url);
    expect(await (await connection.respond(true)).text()).toBe(TEXT);
    expect(server.requests).toHaveLength(6);
    await callsEnded(connection);
  });

  it('is no success, and no retry, if a page answers a stream', async () => {
    const server = await scriptedServer(sendText(['<!doctype html><p>Sign in</p>'], 'text/html'));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: '' });
    expect(server.requests).toHaveLength(1);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted' }]);
  });

  it('leaves a whole answer alone that comes in place of a stream', async () => {
    const server = await scriptedServer(sendJson(sdk.completion));
    const connection = connect(server.url);
    expect(answerOf(sdk, await (await connection.respond(true)).text())).toBe('answer');
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success' }]);
  });
});

const [fetchWay] = WAYS_IN.filter(({ way }) => way === 'fetch');

it('a form is read whatever it contains; what is none is left to the reader', async () => {
  const form = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n';
  const server = await scriptedServer(
    sendJson(ERROR),
    sendText([form], 'multipart/form-data; boundary=b'),
    sendJson(fetchWay!.sdk.completion),
  );
  const connection = fetchWay!.connect(server.url);
  expect((await (await connection.respond()).formData()).get('a')).toBe('x');
  await expect((await connection.respond()).formData()).rejects.toThrow(TypeError);
  expect(server.requests).toHaveLength(3);
});
