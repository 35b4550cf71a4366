import { describe, expect, it } from 'vitest';
import { standIn } from '../../src/providers/body/body-stream.ts';
import type { Chunk, ChunkSource } from '../../src/providers/body/chunk-source.ts';

type Stream = ReadableStream<Uint8Array>;

const CHUNKS = [[1], [2, 3], [4]];
const broken = new Error('broken');

/** What a stream delivers: its chunks, and then its end, an error, or nothing more. */
type Ending = 'end' | 'error' | 'stall';

function streamOf(type: 'bytes' | undefined, ending: Ending): Stream {
  let next = 0;
  const pull = (controller: ReadableStreamController<Uint8Array<ArrayBuffer>>): Promise<never> | undefined => {
    const chunk = CHUNKS[next++];
    if (chunk) controller.enqueue(new Uint8Array(chunk));
    else if (ending === 'end') controller.close();
    else if (ending === 'error') controller.error(broken);
    else return new Promise(() => undefined);
    return undefined;
  };
  return type ? new ReadableStream({ type, pull }) : new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
}

/** `flows`: whether reads may be concurrent. */
function guarded(original: Stream, flows: boolean): Stream {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const open = (): typeof reader & object => (reader ??= original.getReader());
  const source: ChunkSource = {
    flows,
    async read(): Promise<Chunk> {
      try {
        const chunk = await open().read();
        if (chunk.done) source.listener?.closed();
        return chunk;
      } catch (error) {
        source.listener?.broken(error);
        throw error;
      }
    },
    cancel: (reason) => open().cancel(reason),
  };
  return standIn(original, source);
}

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return plain(await promise);
  } catch (error) {
    return error === broken ? 'broken' : (error as Error).name;
  }
}

function plain(value: unknown): unknown {
  const chunk = value as { done?: boolean; value?: unknown } | undefined;
  return chunk?.value instanceof Uint8Array ? { ...chunk, value: Array.from(chunk.value) } : value;
}

const threw = (run: () => unknown): string => {
  try {
    run();
    return 'nothing';
  } catch (error) {
    return (error as Error).name;
  }
};

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<unknown> {
  const read: number[][] = [];
  try {
    for await (const chunk of chunks) read.push(Array.from(chunk));
  } catch (error) {
    return [...read, error === broken ? 'broken' : 'other'];
  }
  return read;
}

/** Uses of a stream, each of which records the result: the same as with the stream itself. */
const USES: Readonly<Record<string, (stream: Stream) => Promise<unknown>>> = {
  'iterates over it': async (stream) => [await drain(stream), stream.locked, await outcome(stream.getReader().closed)],
  'iterates over its values': async (stream) => [await drain(stream.values()), stream.locked],
  'iterates twice': async (stream) => [await drain(stream), await drain(stream)],
  'reads all of it': async (stream) => {
    const reader = stream.getReader();
    const read = [];
    for (let at = 0; at < 5; at++) read.push(await outcome(reader.read()));
    const locked = stream.locked;
    reader.releaseLock();
    return [read, locked, stream.locked, await outcome(reader.read())];
  },
  'reads side by side': async (stream) => {
    const reader = stream.getReader();
    return Promise.all([1, 2, 3, 4, 5].map(() => outcome(reader.read())));
  },
  'asks an iterator side by side': async (stream) => {
    const iterator = stream[Symbol.asyncIterator]();
    return Promise.all([1, 2, 3, 4].map(() => outcome(iterator.next())));
  },
  'leaves in the middle': async (stream) => {
    for await (const chunk of stream) if (chunk[0] === 2) break;
    return [stream.locked, await outcome(stream.getReader().closed)];
  },
  'leaves with a value and asks again': async (stream) => {
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    return [await outcome(iterator.return!('value' as never)), await outcome(iterator.next()), stream.locked];
  },
  'keeps the stream when it leaves': async (stream) => {
    for await (const _ of stream.values({ preventCancel: true })) break;
    return [stream.locked, await drain(stream)];
  },
  'changes its reader': async (stream) => {
    const first = stream.getReader();
    const one = await outcome(first.read());
    first.releaseLock();
    return [one, await outcome(first.read()), await drain(stream)];
  },
  'changes from a reader to a pipe': async (stream) => {
    const reader = stream.getReader();
    const one = await outcome(reader.read());
    reader.releaseLock();
    return [one, await drain(stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>()))];
  },
  'asks while it is locked': async (stream) => {
    const reader = stream.getReader();
    const errors = [threw(() => stream.getReader()), threw(() => stream[Symbol.asyncIterator]())];
    return [errors, await outcome(stream.cancel()), await outcome(reader.read())];
  },
  'asks for the close': async (stream) => {
    const reader = stream.getReader();
    const closed = outcome(reader.closed);
    for (let at = 0; at < 4; at++) await outcome(reader.read());
    return closed;
  },
  'reads both branches': async (stream) => {
    const [left, right] = stream.tee();
    return [await drain(left), await drain(right)];
  },
  'pipes it': async (stream) => drain(stream.pipeThrough(new TransformStream<Uint8Array, Uint8Array>())),
};

/** A stream that delivers only its chunks, for uses that do not wait for its end. */
const UNFINISHED: Readonly<Record<string, (stream: Stream) => Promise<unknown>>> = {
  'cancels while it reads': async (stream) => {
    const reader = stream.getReader();
    for (let at = 0; at < 3; at++) await reader.read();
    const pending = [outcome(reader.read()), outcome(reader.read())];
    return [await outcome(reader.cancel('left')), await Promise.all(pending), await outcome(reader.closed)];
  },
  'cancels the stream': async (stream) => [await outcome(stream.cancel('left')), await drain(stream)],
};

describe.each(['bytes', undefined] as const)('a replacement for a stream of type %s', (type) => {
  describe.each([true, false])('with concurrent reads: %s,', (flows) => {
    it.each(Object.entries(USES))('behaves like the stream when one %s', async (_name, use) => {
      for (const ending of ['end', 'error'] as const) {
        const expected = await use(streamOf(type, ending));
        expect(await use(guarded(streamOf(type, ending), flows))).toEqual(expected);
      }
    });

    it.each(Object.entries(UNFINISHED))('behaves like the stream when one %s', async (_name, use) => {
      const expected = await use(streamOf(type, 'stall'));
      expect(await use(guarded(streamOf(type, 'stall'), flows))).toEqual(expected);
    });
  });

  it("gives a released reader's pending chunk to the next reader", async () => {
    const stream = guarded(streamOf(type, 'end'), false);
    const reader = stream.getReader();
    const gone = outcome(reader.read());
    reader.releaseLock();
    expect(await gone).toBe('TypeError');
    expect(await drain(stream)).toEqual(CHUNKS);
  });
});
