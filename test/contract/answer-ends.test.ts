import { describe, expect, it } from 'vitest';
import { FAST } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { scriptedServer, sendEvents } from '../helpers/scripted-server.ts';
import { SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';
import { CONFIGURABLE, WAYS_IN } from '../helpers/ways.ts';

/** Number of chunks before the first content, and up to the final event. */
const preambleOf = (sdk: SdkCase): readonly string[] => sdk.chunks.slice(0, 1);
const unfinishedOf = (sdk: SdkCase): readonly string[] =>
  sdk.family === 'anthropic' ? sdk.chunks.slice(0, -1) : sdk.chunks.slice(0, -2);
/** Chunks up to the final event, without a `[DONE]` that follows it. */
const finishedOf = (sdk: SdkCase): readonly string[] =>
  sdk.family === 'anthropic' ? sdk.chunks : sdk.chunks.slice(0, -1);

const isFinal = (chunk: unknown): boolean => {
  const { type, choices } = chunk as { type?: string; choices?: { finish_reason: string | null }[] };
  return type === 'message_stop' || Boolean(choices?.[0]?.finish_reason);
};

describe.each(WAYS_IN)('$name', ({ sdk, connect }) => {
  it.each([
    ['without any event', []],
    ['after events without content', preambleOf(sdk)],
  ])('a stream that ends %s is sent again', async (_name, events) => {
    const server = await scriptedServer(sendEvents(events), sendEvents(sdk.chunks));
    const connection = connect(server.url);
    expect(await connection.read()).toEqual({ text: 'answer' });
    expect(server.requests).toHaveLength(2);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 2 }]);
    expect(eventsOf(connection.events(), 'retry')).toMatchObject([{ reason: 'connection' }]);
    expect(eventsOf(connection.events(), 'stream.end')).toMatchObject([{ outcome: 'completed' }]);
  });

  it('a stream that ends after content and before its final event is interrupted', async () => {
    const server = await scriptedServer(sendEvents(unfinishedOf(sdk)));
    const connection = connect(server.url);
    expect((await connection.read()).text).toBe('answer');
    expect(server.requests).toHaveLength(1);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([
      { outcome: 'retries_exhausted', errorType: 'connection_error' },
    ]);
  });

  it('a stream that never begins is passed on unchanged, and is not a success', async () => {
    const server = await scriptedServer(sendEvents([]));
    const connection = connect(server.url);
    await connection.read();
    expect(server.requests).toHaveLength(6);
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'retries_exhausted', attempts: 6 }]);
  });

  it('a stream that is left at its final event is a success', async () => {
    const server = await scriptedServer(sendEvents(finishedOf(sdk), 'stall'));
    const connection = connect(server.url);
    for await (const chunk of await connection.open()) if (isFinal(chunk)) break;
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'stream.end')).toMatchObject([{ outcome: 'completed' }]);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'success' }]);
  });

  it('a stream that is left before its final event is cancelled', async () => {
    const server = await scriptedServer(sendEvents(unfinishedOf(sdk), 'stall'));
    const connection = connect(server.url);
    for await (const chunk of await connection.open()) if (sdk.chunkText(chunk)) break;
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end')).toMatchObject([{ outcome: 'cancelled' }]);
  });
});

describe.each(CONFIGURABLE.filter(({ sdk }) => SDKS.indexOf(sdk) !== 1))('$name', ({ sdk, connect }) => {
  it('learns that a server never sends a final event, and says so once', async () => {
    const server = await scriptedServer(sendEvents(unfinishedOf(sdk)));
    const connection = connect(server.url);
    for (let call = 0; call < 6; call++) expect((await connection.read()).text).toBe('answer');
    await callsEnded(connection);
    const outcomes = eventsOf(connection.events(), 'call.end').map(({ outcome }) => outcome);
    expect(outcomes).toEqual([...Array<string>(2).fill('retries_exhausted'), ...Array<string>(4).fill('success')]);
    expect(eventsOf(connection.events(), 'warning').map(({ message }) => message)).toEqual([
      expect.stringContaining(`The streams of ${server.url} end without a final event`),
    ]);
  });

  it('does not learn that from a server that has sent one', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks), sendEvents(unfinishedOf(sdk)));
    const connection = connect(server.url);
    for (let call = 0; call < 6; call++) await connection.read();
    await callsEnded(connection);
    const outcomes = eventsOf(connection.events(), 'call.end').map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['success', ...Array<string>(5).fill('retries_exhausted')]);
  });

  it.each([
    ['optional', 'success'],
    ['required', 'retries_exhausted'],
  ] as const)('takes body.finalEvent %s for its word', async (finalEvent, outcome) => {
    const server = await scriptedServer(sendEvents(unfinishedOf(sdk)));
    const connection = connect(server.url, { ...FAST, body: { finalEvent } });
    for (let call = 0; call < 4; call++) await connection.read();
    await callsEnded(connection);
    expect(eventsOf(connection.events(), 'call.end').map((event) => event.outcome)).toEqual(
      Array<string>(4).fill(outcome),
    );
  });
});
