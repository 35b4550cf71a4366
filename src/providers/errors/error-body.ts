import type { Clock } from '../../core/clock.ts';
import { CHUNK_LIMIT_BYTES, isNodeStream, peekNodeStream } from './peek-node-stream.ts';

/** Where the status alone says what to do, an error is not kept waiting for its text. */
const SERVER_ERROR_MS = 10;
/** A limit's text says which limit it was, and whether waiting helps at all. */
const RETRYABLE_MS = 250;
const READ_LIMIT_MS = 2_000;
const READ_LIMIT_BYTES = 65_536;

/** The text of a response that others will read as well. */
export interface BodyCopy {
  /** Rejects, or never settles, when the body cannot be read. */
  readonly text: Promise<string>;
  /** Nobody waits for the text any more. */
  cancel(): void;
}

/**
 * The body of an error response, parsed where it is JSON, without consuming it for the SDK.
 * A body that does not arrive in time, or is no text, is undefined: status and headers then decide.
 * `mostMs`: what is left of the attempt.
 */
export async function readErrorBody(response: Response, clock: Clock, mostMs: number): Promise<unknown> {
  if (response.bodyUsed || response.body === null) return undefined;
  let cancelTimer: (() => void) | undefined;
  try {
    const copy = copyBody(response, clock);
    if (!copy) return undefined;
    const late = new Promise<undefined>((resolve) => {
      cancelTimer = clock.after(Math.min(mostMs, patienceMs(response.status)), () => {
        // What has arrived while the process was busy is read before the second timer.
        cancelTimer = clock.after(0, () => {
          resolve(undefined);
          copy.cancel();
        });
      });
    });
    const text = await Promise.race([copy.text, late]);
    return text === undefined ? undefined : parseBody(text);
  } catch {
    // The connection broke while the error was read; the SDK meets the same and reports it.
    return undefined;
  } finally {
    cancelTimer?.();
  }
}

function patienceMs(status: number): number {
  if (status >= 500) return SERVER_ERROR_MS;
  return status === 429 || status === 408 || status === 409 ? RETRYABLE_MS : READ_LIMIT_MS;
}

/** What fetch promises is a body that can be cloned; its kind differs by who made the fetch. */
function copyBody(response: Response, clock: Clock): BodyCopy | undefined {
  const body: unknown = response.body;
  // A clone of these shares its source with the original, so that each waits for the other to be read.
  if (isNodeStream(body)) return peekNodeStream(body, clock, READ_LIMIT_BYTES);
  if (typeof response.clone !== 'function') return undefined;
  const clone = response.clone();
  if (typeof clone.body?.getReader === 'function') return readClone(clone.body);
  return typeof clone.text === 'function' ? { text: clone.text(), cancel: () => undefined } : undefined;
}

function readClone(body: ReadableStream<Uint8Array>): BodyCopy {
  const reader = body.getReader();
  // The SDK waits for both branches of the clone when it throws the response away.
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  return { text: readText(reader, cancel), cancel };
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>, cancel: () => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value.subarray(0, CHUNK_LIMIT_BYTES), { stream: true });
    if (text.length > READ_LIMIT_BYTES) {
      cancel();
      return text;
    }
  }
}

/** JSON where it is JSON, else the text itself. */
export function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
