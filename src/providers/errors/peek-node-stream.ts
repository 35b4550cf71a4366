import { Buffer } from 'node:buffer';
import type { Clock } from '../../core/clock.ts';
import type { BodyCopy } from './error-body.ts';

/** What is needed of a Node stream, the body that node-fetch and its kin give. */
interface NodeStream {
  readonly readableLength: number;
  readonly readableHighWaterMark: number;
  read(): Uint8Array | string | null;
  unshift(chunk: Uint8Array | string): unknown;
  on(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

/** Nothing tells that a stream has said all while what it said is still in it. */
const SILENCE_MS = 10;

export function isNodeStream(value: unknown): value is NodeStream {
  const stream = value as Partial<NodeStream> | null | undefined;
  return (
    typeof stream?.read === 'function' &&
    typeof stream.unshift === 'function' &&
    typeof stream.on === 'function' &&
    typeof stream.readableLength === 'number'
  );
}

/** Reads what a stream holds and puts it back in the same turn: whoever reads it next finds it all. */
export function peekNodeStream(stream: NodeStream, clock: Clock, limitBytes: number): BodyCopy {
  let cancelTimer: (() => void) | undefined;
  let stop = (): void => undefined;
  const text = new Promise<string>((resolve) => {
    let seen = '';
    let seenBytes = 0;
    const done = (): void => {
      stop();
      resolve(seen);
    };
    const look = (): void => {
      // Putting back is announced like data that has come.
      if (stream.readableLength <= seenBytes) return;
      const chunk = stream.read();
      if (chunk === null) return;
      stream.unshift(chunk);
      seen =
        typeof chunk === 'string' ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString();
      seenBytes = stream.readableLength;
      cancelTimer?.();
      if (isJson(seen) || seenBytes >= Math.min(limitBytes, stream.readableHighWaterMark)) done();
      else cancelTimer = clock.after(SILENCE_MS, done);
    };
    stop = () => {
      cancelTimer?.();
      stream.removeListener('readable', look);
      for (const event of ENDS) stream.removeListener(event, done);
    };
    stream.on('readable', look);
    for (const event of ENDS) stream.on(event, done);
    look();
  });
  return { text, cancel: () => stop() };
}

const ENDS = ['end', 'error', 'close'] as const;

/** A whole object or list; a number may go on. */
function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
