import { describe, expect, it } from 'vitest';
import { type Answer, destroyLater, scriptedServer, sendPart } from '../helpers/scripted-server.ts';
import { socketsQuiet } from '../helpers/socket-clock.ts';
import { type Connection, WAYS_IN } from '../helpers/ways.ts';

const noHead: Answer = () => undefined;

/** Cancels its response or what is read of it, as an application does that has lost interest. */
type Leave = (response: Response, reader: ReadableStreamDefaultReader) => unknown;

const cancels: Leave = (_response, reader) => reader.cancel();

describe.each(WAYS_IN)('a body that $name cancels while another attempt is to replace it', ({ sdk, connect }) => {
  /** Nothing of them is passed on before the connection breaks. */
  const broken: readonly (readonly [string, boolean, Answer])[] = [
    ['a whole answer', false, sendPart(sdk.completion, 20, 'destroy')],
    ['a stream', true, cutStream(sdk.chunks[0]!)],
  ];

  /** Reads until its reader leaves, after `until`. */
  async function left(
    connection: Connection,
    stream: boolean,
    leave: Leave,
    until: (came: () => void) => void,
  ): Promise<void> {
    const come = new Promise<void>(until);
    const response = await connection.respond(stream);
    const reader = response.body!.getReader();
    const reading = reader.read().catch(() => undefined);
    await come;
    await Promise.resolve(leave(response, reader)).catch(() => undefined);
    await reading;
    await socketsQuiet();
  }

  function expectLeft({ guard, events }: Connection): void {
    expect(events().filter(({ type }) => type === 'call.end')).toMatchObject([{ outcome: 'cancelled', attempts: 1 }]);
    const rows = guard.snapshot().filter(({ inFlight, queued }) => inFlight > 0 || queued > 0);
    expect(rows).toEqual([]);
  }

  it.each(broken)('%s: nothing is sent if it waits for its retry', async (_kind, stream, answer) => {
    const server = await scriptedServer(answer, noHead);
    const connection = connect(server.url);
    await left(connection, stream, cancels, (came) => void connection.guard.on('retry', came));
    expectLeft(connection);
    expect(server.requests).toHaveLength(1);
  });

  it.each(broken)('%s: the running request is aborted', async (_kind, stream, answer) => {
    let arrived!: () => void;
    const server = await scriptedServer(answer, () => arrived());
    const connection = connect(server.url);
    await left(connection, stream, cancels, (came) => (arrived = came));
    expect(connection.events().filter(({ type }) => type === 'call.end')).toMatchObject([{ outcome: 'cancelled' }]);
    expect(connection.guard.snapshot().filter(({ inFlight }) => inFlight > 0)).toEqual([]);
    expect(connection.guard.snapshot().every(({ circuit }) => circuit === 'closed')).toBe(true);
    expect(server.open()).toBe(0);
  });
});

/** A stream that is lost before its first content. */
function cutStream(first: string): Answer {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(first);
    await destroyLater(response);
  };
}
