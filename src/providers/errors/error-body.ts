import type { Clock } from '../../core/clock.ts';
import { beginsAsJson, isWholeJson } from '../parse/json.ts';
import { type BodyCopy, CHUNK_LIMIT_BYTES, isNodeStream, peekNodeStream } from './peek-node-stream.ts';
import { headerHint } from './retry-hint.ts';

/**
 * A retried error waits anyway: by its header, or for about this long. Its text may arrive meanwhile, and
 * say that waiting does not help, or which limit refused.
 */
const BACKOFF_MS = 500;
/** If the status decides and there is no wait, the text gets as long as a busy machine may stall. */
const SERVER_ERROR_MS = 10;
/** A limit's text says which limit it was, and whether waiting helps at all. */
const RETRYABLE_MS = 250;
const READ_LIMIT_MS = 2_000;
const READ_LIMIT_BYTES = 65_536;

/** Whether the text so far has answered everything that is asked of it. */
type Enough = (text: string) => boolean;

/**
 * The body of an error response, parsed if it is JSON, without consuming it for the SDK. A complete text is not waited
 * for, even if its connection stays open. A body that does not arrive in time, or is not text, is undefined:
 * status and headers then decide. `maxMs`: what is left of the attempt.
 */
export function readErrorBody(response: Response, clock: Clock, maxMs: number): Promise<unknown> {
  return readCopy(response, clock, Math.min(maxMs, patienceMs(response, clock)), isWholeJson);
}

/** The same for a body with status 200, as long as it may still be JSON. */
export function readJsonBody(response: Response, clock: Clock, maxMs: number): Promise<unknown> {
  return readCopy(response, clock, Math.min(maxMs, READ_LIMIT_MS), (text) => isOther(text) || isWholeJson(text));
}

const isOther = (text: string): boolean => text.trim() !== '' && !beginsAsJson(text);

async function readCopy(response: Response, clock: Clock, inMs: number, enough: Enough): Promise<unknown> {
  if (response.bodyUsed || response.body === null) return undefined;
  let cancelTimer: (() => void) | undefined;
  try {
    const copy = copyBody(response, clock, enough);
    if (!copy) return undefined;
    const late = new Promise<undefined>((resolve) => {
      cancelTimer = clock.after(inMs, () => {
        // Data that arrived while the process was busy is read before the second timer fires.
        cancelTimer = clock.after(0, () => {
          resolve(undefined);
          copy.cancel();
        });
      });
    });
    const text = await Promise.race([copy.text, late]);
    return text === undefined ? undefined : parseBody(text);
  } catch {
    // The connection broke while the error was read; the SDK will see the same and report it.
    return undefined;
  } finally {
    cancelTimer?.();
  }
}

function patienceMs({ status, headers }: Response, clock: Clock): number {
  const limited = status === 429 || status === 408 || status === 409;
  if (status < 500 && !limited) return READ_LIMIT_MS;
  const waitMs = headerHint(headers, clock.wall())?.ms ?? BACKOFF_MS;
  return Math.min(READ_LIMIT_MS, Math.max(limited ? RETRYABLE_MS : SERVER_ERROR_MS, waitMs));
}

/** fetch guarantees a body that can be cloned; its type depends on the implementation. */
function copyBody(response: Response, clock: Clock, enough: Enough): BodyCopy | undefined {
  const body: unknown = response.body;
  // A clone of these shares its source with the original, so that each waits for the other to be read.
  if (isNodeStream(body)) return peekNodeStream(body, clock, { maxBytes: READ_LIMIT_BYTES, enough });
  if (typeof response.clone !== 'function') return undefined;
  const clone = response.clone();
  if (typeof clone.body?.getReader === 'function') return readClone(clone.body, enough);
  return typeof clone.text === 'function' ? { text: clone.text(), cancel: () => undefined } : undefined;
}

function readClone(body: ReadableStream<Uint8Array>, enough: Enough): BodyCopy {
  const reader = body.getReader();
  // The SDK waits for both branches of the clone when it throws the response away.
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  return { text: readText(reader, enough, cancel), cancel };
}

async function readText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  enough: Enough,
  cancel: () => void,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value.subarray(0, CHUNK_LIMIT_BYTES), { stream: true });
    if (text.length > READ_LIMIT_BYTES || enough(text)) {
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
