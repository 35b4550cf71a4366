import { Readable } from 'node:stream';
import type { BodyEnd } from '../../core/body-end.ts';
import { isWebStream } from './body-stream.ts';

/** The part of a Node stream that is used here: the body of node-fetch and similar implementations. */
export interface NodeBody extends AsyncIterable<Uint8Array> {
  readonly readableEnded?: boolean;
  readonly errored?: unknown;
  once(event: string, listener: () => void): unknown;
  destroy?(): unknown;
}

export function isNodeBody(value: unknown): value is NodeBody {
  const stream = value as Partial<NodeBody> | null | undefined;
  return typeof stream?.once === 'function' && typeof stream[Symbol.asyncIterator] === 'function';
}

/** The bytes of a body of any implementation, pulled as they are read. */
export function webStreamOf(body: unknown): ReadableStream<Uint8Array> {
  if (!isNodeBody(body)) return body as ReadableStream<Uint8Array>;
  let chunks: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= body[Symbol.asyncIterator]();
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        // Destroy it first, or the iterator would wait for a chunk that never comes; one that never ran ends without
        // this.
        body.destroy?.();
        await chunks?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

interface BodyRecord {
  end(end: BodyEnd): void;
  fail(error: unknown): unknown;
  cancel(): void;
}

/** Observes how a Node stream ends without making it flow. */
export function followNodeBody(body: NodeBody, record: BodyRecord): void {
  body.once('end', () => record.end({ outcome: 'completed' }));
  body.once('close', () => {
    if (body.errored) record.fail(body.errored);
    else if (body.readableEnded === true) record.end({ outcome: 'completed' });
    else record.cancel();
  });
}

/** A body that stands in for the response's own, in the form that this fetch gives. */
export class GivenBody {
  readonly #stream: ReadableStream<Uint8Array>;
  readonly #asNode: boolean;
  #node: Readable | undefined;

  constructor(stream: ReadableStream<Uint8Array>, asNode: boolean) {
    this.#stream = stream;
    this.#asNode = asNode;
  }

  /** The value of `response.body`. */
  get body(): ReadableStream<Uint8Array> | Readable {
    if (!this.#asNode) return this.#stream;
    return (this.#node ??= Readable.fromWeb(this.#stream as Parameters<typeof Readable.fromWeb>[0]));
  }

  /** The same bytes for the readers of the response (`json()`, `text()`). */
  get bytes(): ReadableStream<Uint8Array> {
    // node-fetch ends a broken body by destroying `response.body`, so that must be the stream that is read.
    return webStreamOf(this.body);
  }
}

/** Discards a body that will not be read. */
export async function discardBody(response: Response): Promise<void> {
  const body: unknown = response.body;
  if (isWebStream(body)) await body.cancel();
  else if (isNodeBody(body)) body.destroy?.();
}
