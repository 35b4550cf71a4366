import { Buffer } from 'node:buffer';
import type { Clock } from '../../core/clock.ts';
import { beginsAsJson } from '../parse/json.ts';

/** The text of a response that is still to be read by others. */
export interface BodyCopy {
  /** Rejects, or never settles, when the body cannot be read. */
  readonly text: Promise<string>;
  /** The text is no longer needed. */
  cancel(): void;
}

/** The part of a Node stream that is used here: the body of node-fetch and similar implementations. */
interface NodeStream {
  readonly readableLength: number;
  readonly readableHighWaterMark?: number;
  /** Of a transform: its input has ended. */
  readonly writableFinished?: boolean;
  /** Of a message of `node:http`. */
  readonly complete?: boolean;
  readonly destroyed?: boolean;
  read(): Uint8Array | string | null;
  unshift(chunk: Uint8Array | string): unknown;
}

/** Maximum size of one chunk that is read whole. */
export const CHUNK_LIMIT_BYTES = 1_048_576;

const POLL_MS = 1;
/** Silence of this length counts as the end if neither the stream nor its text reveals it. */
const SILENCE_MS = 10;

export function isNodeStream(value: unknown): value is NodeStream {
  const stream = value as Partial<NodeStream> | null | undefined;
  return (
    typeof stream?.read === 'function' &&
    typeof stream.unshift === 'function' &&
    typeof stream.readableLength === 'number'
  );
}

/**
 * Reads what a stream holds and puts it back in the same turn, so that the next reader finds it all. It polls
 * the stream, since listening to an empty stream consumes its end, and its reader would wait for that for ever.
 */
export function peekNodeStream(
  stream: NodeStream,
  clock: Clock,
  { maxBytes, enough }: { readonly maxBytes: number; readonly enough: (text: string) => boolean },
): BodyCopy {
  const most = Math.min(maxBytes, stream.readableHighWaterMark ?? maxBytes);
  let cancelTimer: (() => void) | undefined;
  const text = new Promise<string>((resolve) => {
    let seen = '';
    let seenBytes = 0;
    let since = clock.now();
    const look = (): void => {
      const grown = stream.readableLength > seenBytes;
      if (grown) {
        seen = readAndPutBack(stream);
        seenBytes = stream.readableLength;
        since = clock.now();
      }
      const silent = seenBytes > 0 && !beginsAsJson(seen) && clock.now() - since >= SILENCE_MS;
      if (hasEnded(stream) || seenBytes >= most || silent || (grown && enough(seen))) resolve(seen);
      else cancelTimer = clock.after(POLL_MS, look);
    };
    look();
  });
  return { text, cancel: () => cancelTimer?.() };
}

function readAndPutBack(stream: NodeStream): string {
  const chunk = stream.read();
  if (chunk === null) return '';
  stream.unshift(chunk);
  const begun = chunk.slice(0, CHUNK_LIMIT_BYTES);
  return typeof begun === 'string'
    ? begun
    : Buffer.from(begun.buffer, begun.byteOffset, begun.byteLength).toString('utf8');
}

function hasEnded(stream: NodeStream): boolean {
  return stream.writableFinished === true || stream.complete === true || stream.destroyed === true;
}
