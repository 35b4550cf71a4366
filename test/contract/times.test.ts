import { describe, expect, it } from 'vitest';
import { withCall } from '../../src/with-call.ts';
import type { CallOptions } from '../../src/options/call-options.ts';
import { FAST } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendEvents, sendJson, sendPart } from '../helpers/scripted-server.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';
import { CONFIGURABLE, type Connection, WAYS_IN } from '../helpers/ways.ts';
import { pause, socketClock } from '../helpers/socket-clock.ts';
import { eventually } from '../helpers/eventually.ts';

/** The beginning of an answer must arrive within this time, however busy the machine is. */
const DEADLINE_MS = 600;

const never: Answer = () => undefined;

interface Ended {
  readonly error: unknown;
  readonly text: string;
  readonly tookMs: number;
}

async function ending(connection: Connection, kind: 'stream' | 'whole', options: CallOptions): Promise<Ended> {
  const startedAt = socketClock.now();
  const ended = await withCall(options, () =>
    kind === 'stream'
      ? connection.read()
      : connection.ask().then(
          (text) => ({ text }),
          (error: unknown) => ({ text: '', error }),
        ),
  );
  return { error: undefined, ...ended, tookMs: socketClock.now() - startedAt };
}

/** The error class that a catch block expects with this way of guarding. */
function classOf(sdk: SdkCase, way: string): new () => Error {
  return way === 'fetch' ? Error : (sdk.Client as unknown as Record<string, new () => Error>)['APIError']!;
}

const ownError = (code: string) => ({ code, tidegate: { outcome: 'timeout' } });

describe.each(WAYS_IN)('$name', ({ sdk, way, connect }) => {
  const json = JSON.stringify(sdk.completion);

  const SCENES: readonly (readonly [string, 'whole' | 'stream', Answer])[] = [
    ['a head', 'whole', never],
    ['the head of a stream', 'stream', never],
    ['a body', 'whole', sendPart(sdk.completion, json.length / 2, 'stall')],
    ['a body without its first byte', 'whole', sendPart(sdk.completion, 0, 'stall')],
    ['the first content of a stream', 'stream', sendEvents(sdk.chunks.slice(0, 1), 'stall')],
    ['the rest of a stream', 'stream', sendEvents(sdk.chunks.slice(0, -3), 'stall')],
  ];

  it('ends a call at its deadline, whatever it waits for', async () => {
    const scenes = SCENES.map(async ([name, kind, answer]) => {
      const server = await scriptedServer(answer);
      const connection = connect(server.url);
      const { error, text, tookMs } = await ending(connection, kind, { deadlineMs: DEADLINE_MS });
      expect(error, name).toBeInstanceOf(classOf(sdk, way));
      expect(error, name).toMatchObject(ownError('deadline_exceeded'));
      expect(text === '').toBe(name !== 'the rest of a stream');
      expect(tookMs).toBeGreaterThan(DEADLINE_MS - 10);
      expect(server.requests).toHaveLength(1);
      await expect.poll(() => server.open()).toBe(0);
      return connection;
    });
    const end = { outcome: 'timeout', errorType: 'deadline_exceeded' };
    for (const connection of await Promise.all(scenes)) {
      // `register` has one guard for all clients.
      const ends = way === 'register' ? SCENES.map(() => end) : [end];
      await eventually(() => expect(eventsOf(connection.events(), 'call.end')).toMatchObject(ends));
      const lanes = connection.guard.snapshot();
      expect(lanes.every(({ inFlight, circuit }) => inFlight === 0 && circuit === 'closed')).toBe(true);
    }
  });

  it('retries a stream whose first content is late', async () => {
    const server = await scriptedServer(
      never,
      sendEvents([], 'stall'),
      sendEvents(sdk.chunks.slice(0, 1), 'stall'),
      sendEvents(sdk.chunks),
    );
    const connection = connect(server.url);
    const { text, error } = await ending(connection, 'stream', { firstContentTimeoutMs: 300 });
    expect([error, text]).toEqual([undefined, 'answer']);
    expect(server.requests).toHaveLength(4);
    await eventually(() =>
      expect(eventsOf(connection.events(), 'call.end')).toMatchObject([
        { outcome: 'success_after_retry', attempts: 4 },
      ]),
    );
    expect(eventsOf(connection.events(), 'retry').map(({ reason }) => reason)).toEqual(
      Array<string>(3).fill('first_content'),
    );
    expect(eventsOf(connection.events(), 'attempt.end').map(({ outcome, code }) => [outcome, code])).toEqual([
      ...Array.from({ length: 3 }, () => ['timeout', 'first_content_timeout']),
      ['ok', undefined],
    ]);
    await expect.poll(() => server.open()).toBe(0);
  });

  it.each([
    ['head', never],
    ['content', sendEvents(sdk.chunks.slice(0, 1), 'stall')],
  ])('says when no attempt got its %s in time', async (_name, answer) => {
    const server = await scriptedServer(answer);
    const connection = connect(server.url);
    const { error } = await ending(connection, 'stream', { firstContentTimeoutMs: 100 });
    expect(error).toBeInstanceOf(classOf(sdk, way));
    expect(error).toMatchObject(ownError('first_content_timeout'));
    expect(server.requests).toHaveLength(6);
    await eventually(() =>
      expect(eventsOf(connection.events(), 'call.end')).toMatchObject([
        { outcome: 'timeout', errorType: 'first_content_timeout' },
      ]),
    );
  });

  it('interrupts a stream that stalls after its first content', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, -3), 'stall'));
    const connection = connect(server.url);
    const { text, error } = await ending(connection, 'stream', { stallTimeoutMs: 300 });
    expect(text).toMatch(/^an/);
    expect(error).toBeInstanceOf(classOf(sdk, way));
    expect(error).toMatchObject(ownError('stall_timeout'));
    expect(server.requests).toHaveLength(1);
    await eventually(() =>
      expect(eventsOf(connection.events(), 'call.end')).toMatchObject([
        { outcome: 'timeout', errorType: 'stall_timeout' },
      ]),
    );
    expect(eventsOf(connection.events(), 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
    await expect.poll(() => server.open()).toBe(0);
  });

  it.each([
    ['comments', ': keep-alive\n\n'],
    ['blank lines', '\n'],
    ['pings', 'event: ping\ndata: {"type": "ping"}\n\n'],
  ])('does not take %s for content, before the first or between two', async (_name, sign) => {
    const alive =
      (chunks: readonly string[]): Answer =>
      async (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chunks.join(''));
        for (let beat = 0; beat < 12 && !response.destroyed; beat++) {
          await pause(100);
          response.write(sign);
        }
        response.end(sdk.chunks.slice(chunks.length).join(''));
      };
    const first = await scriptedServer(alive([]), alive([]), sendEvents(sdk.chunks));
    expect(await ending(connect(first.url), 'stream', { firstContentTimeoutMs: 350 })).toMatchObject({
      error: undefined,
      text: 'answer',
    });
    expect(first.requests).toHaveLength(3);

    const between = await scriptedServer(alive(sdk.chunks.slice(0, -3)));
    const { error } = await ending(connect(between.url), 'stream', { stallTimeoutMs: 350 });
    expect(error).toMatchObject(ownError('stall_timeout'));
    // Each is shorter than the allowed silence, and all together longer.
    const slow: Answer = async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const chunk of sdk.chunks) {
        response.write(sign + chunk.slice(0, 9));
        await pause(100);
        response.write(chunk.slice(9));
        await pause(100);
      }
      response.end();
    };
    const lively = await scriptedServer(slow);
    expect(await ending(connect(lively.url), 'stream', { stallTimeoutMs: 350 })).toMatchObject({ error: undefined });
  });

  it('ends an unread stream at its deadline, and leaves no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listener);
    try {
      const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, -3), 'stall'));
      const connection = connect(server.url);
      const stream = await withCall({ deadlineMs: 300 }, () => connection.open());
      await pause(900);
      const reading = async (): Promise<void> => {
        for await (const chunk of stream) expect(chunk).toBeUndefined();
      };
      const error: unknown = await reading().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(classOf(sdk, way));
      expect(error).toMatchObject(ownError('deadline_exceeded'));
      await expect.poll(() => server.open()).toBe(0);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', listener);
      for (const other of others) process.on('unhandledRejection', other);
    }
  });

  it('does not confuse a slow reader with a slow stream', async () => {
    const server = await scriptedServer(sendEvents(sdk.chunks));
    const connection = connect(server.url);
    let text = '';
    await withCall({ firstContentTimeoutMs: 200, stallTimeoutMs: 200 }, async () => {
      const stream = await connection.open();
      await pause(300);
      for await (const chunk of stream) {
        if (text === '') await pause(300);
        text += sdk.chunkText(chunk);
      }
    });
    expect(text).toBe('answer');
    expect(server.requests).toHaveLength(1);
  });

  it('limits whole answers by the deadline only', async () => {
    const slow: Answer = async (response, request) => {
      await pause(200);
      await sendJson(sdk.completion)(response, request);
    };
    const connection = connect((await scriptedServer(slow)).url);
    const { text } = await ending(connection, 'whole', { firstContentTimeoutMs: 50, stallTimeoutMs: 50 });
    expect(text).toBe('answer');
  });
});

describe.each(CONFIGURABLE)('$name', ({ sdk, way, connect }) => {
  it.each([
    ['deadlineMs', 'deadline_exceeded'],
    ['stallTimeoutMs', 'stall_timeout'],
  ] as const)('takes %s from the guard', async (option, code) => {
    const server = await scriptedServer(sendEvents(sdk.chunks.slice(0, -3), 'stall'));
    const { error } = await connect(server.url, { ...FAST, [option]: 300 }).read();
    expect(error).toBeInstanceOf(classOf(sdk, way));
    expect(error).toMatchObject(ownError(code));
  });

  it('inherits firstContentTimeoutMs from the guard', async () => {
    const server = await scriptedServer(sendEvents([], 'stall'), sendEvents(sdk.chunks));
    expect(await connect(server.url, { ...FAST, firstContentTimeoutMs: 300 }).read()).toEqual({ text: 'answer' });
  });
});
