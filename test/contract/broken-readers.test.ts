import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { withCall } from '../../src/with-call.ts';
import { READERS } from '../helpers/readers.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import {
  type Answer,
  destroyLater,
  scriptedServer,
  sendEvents,
  sendJson,
  sendPart,
} from '../helpers/scripted-server.ts';
import { WAYS_IN } from '../helpers/ways.ts';
import { pause } from '../helpers/socket-clock.ts';

/** JSON that does not parse is the same for every reader. */
const RAW_READERS = READERS.filter(([name]) => name !== 'json()');

/** Compressed and truncated. */
const cutGzip =
  (body: unknown, then: 'end' | 'destroy'): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    const bytes = gzipSync(JSON.stringify(body)).subarray(0, -12);
    if (then === 'end') response.end(bytes);
    else response.write(bytes, () => void destroyLater(response));
  };

/** Shorter than its content-length. */
const tooShort =
  (body: unknown): Answer =>
  (response) => {
    const text = JSON.stringify(body);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(text.length) });
    response.write(text.slice(0, 20), () => void destroyLater(response));
  };

describe.each(WAYS_IN)('$name', ({ sdk, connect }) => {
  it.each(RAW_READERS)('repeats an answer that is lost or cut in its middle, read by %s', async (_name, read) => {
    const server = await scriptedServer(
      sendPart(sdk.completion, 60, 'destroy'),
      sendPart(sdk.completion, 60, 'end'),
      sendJson(sdk.completion),
    );
    const connection = connect(server.url);
    expect(sdk.text(JSON.parse(await read(await connection.respond())))).toBe('answer');
    expect(server.requests).toHaveLength(3);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success_after_retry' }]);
  });

  it('repeats an answer that is lost or cut within its compression, or shorter than its length header', async () => {
    const server = await scriptedServer(
      cutGzip(sdk.completion, 'destroy'),
      cutGzip(sdk.completion, 'end'),
      tooShort(sdk.completion),
      sendJson(sdk.completion),
    );
    const connection = connect(server.url);
    expect(await connection.ask()).toBe('answer');
    expect(server.requests).toHaveLength(4);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'retry').map(({ reason }) => reason)).toEqual(Array(3).fill('connection'));
  });

  it('reports the deadline to a reader that comes too late', async () => {
    const server = await scriptedServer(sendPart(sdk.completion, 40, 'stall'));
    const connection = connect(server.url);
    const response = await withCall({ deadlineMs: 150 }, () => connection.respond());
    await pause(250);
    expect(await response.text().catch((thrown: unknown) => thrown)).toMatchObject({ code: 'deadline_exceeded' });
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'timeout' }]);
  });

  it('ends a stream that stalls after its first content at its deadline', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, 4), 'stall'));
    const connection = connect(server.url);
    const opened = await withCall({ deadlineMs: 150 }, () => connection.open());
    const reading = (async () => {
      for await (const _ of opened);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'timeout' }]);
  });
});
