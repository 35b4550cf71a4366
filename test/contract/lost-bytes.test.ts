import { buffer } from 'node:stream/consumers';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { describe, expect, it } from 'vitest';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type Answer, destroyLater, scriptedServer } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const TYPES = ['audio/mpeg', 'application/vnd.amazon.eventstream'];
// The way JSON begins.
const BYTES = Buffer.from([123, 0, 255, 32, 10]);

/** A head, and then `sent` of a body that never ends, or is lost. */
const lost =
  (type: string, sent: Buffer): Answer =>
  async (response) => {
    response.writeHead(200, { 'content-type': type });
    response.flushHeaders();
    if (sent.length > 0) response.write(sent);
    await destroyLater(response);
  };

const whole =
  (type: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': type });
    response.end(BYTES);
  };

const read = (response: Response): Promise<Buffer> => buffer(response.body as NodeReadableStream<Uint8Array>);

describe.each(TYPES)('bytes of %s', (type) => {
  const fetching = (guard: ReturnType<typeof testGuard>, url: string): Promise<Response> =>
    guard.fetch(`${url}/v1/audio/speech`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'tts-1', input: 'Hello', voice: 'alloy' }),
    });

  it('are requested again when the connection is lost before the first of them', async () => {
    const server = await scriptedServer(lost(type, Buffer.alloc(0)), whole(type));
    const guard = testGuard(FAST);
    expect(await read(await fetching(guard, server.url))).toEqual(BYTES);
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 2 }]);
  });

  it('are not requested again after the first of them', async () => {
    const server = await scriptedServer(lost(type, BYTES), whole(type));
    const guard = testGuard(FAST);
    await expect(fetching(guard, server.url).then(read)).rejects.toThrow('terminated');
    expect(server.requests).toHaveLength(1);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'retries_exhausted' }]);
  });

  it('are passed on at once', async () => {
    const server = await scriptedServer((response) => {
      response.writeHead(200, { 'content-type': type });
      response.write(BYTES);
    });
    const reader = (await fetching(testGuard(FAST), server.url)).body!.getReader();
    expect(Buffer.from((await reader.read()).value!)).toEqual(BYTES);
    await reader.cancel();
  });
});

it.each(SDKS.filter(({ family }) => family === 'openai'))('speech of $name is requested again', async (sdk) => {
  const server = await scriptedServer(lost('audio/mpeg', Buffer.alloc(0)), whole('audio/mpeg'));
  const client = guardedClient(sdk, testGuard(FAST), fetch, { baseURL: server.url });
  const speech = { model: 'tts-1', input: 'Hello', voice: 'alloy' };
  expect(await read((await client.audio.speech.create(speech)) as Response)).toEqual(BYTES);
  expect(server.requests).toHaveLength(2);
});
