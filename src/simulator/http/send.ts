import type { ServerResponse } from 'node:http';
import type { DelayClock } from '../options.ts';

/** Resolves after `ms`, or at once when the signal aborts; never rejects. */
export function pause(clock: DelayClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0 || signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Resolves when the client disconnects. */
export function untilGone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Writes with backpressure. */
export async function write(response: ServerResponse, data: string | Buffer, signal: AbortSignal): Promise<void> {
  if (signal.aborted || response.write(data)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
