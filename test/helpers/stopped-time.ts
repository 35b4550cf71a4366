import { vi } from 'vitest';
import { socketsQuiet } from './socket-clock.ts';

/** Lets time pass only by `hurried`, for all code that uses the global timers: the SDKs' own timeouts, too. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
}

/** Advances to the next timer as soon as nothing moves on the sockets. */
export async function hurried<T>(done: Promise<T>): Promise<T> {
  const run = { over: false };
  const ended = done.finally(() => (run.over = true));
  ended.catch(() => undefined);
  while (!run.over) {
    await socketsQuiet();
    if (!run.over) await vi.advanceTimersToNextTimerAsync();
  }
  return ended;
}
