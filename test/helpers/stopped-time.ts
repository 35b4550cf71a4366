import { vi } from 'vitest';
import { socketsQuiet } from './socket-clock.ts';

/** Lets time pass only by `hurried`, for all code that uses the global timers: the SDKs' own timeouts, too. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
}

/** Stops the time, too. @returns A function that counts the pending timers that would keep a process alive. */
export function countTimers(): () => number {
  stopTime();
  const pending = new Set<NodeJS.Timeout>();
  const fake = { set: globalThis.setTimeout, clear: globalThis.clearTimeout };
  const set = (fn: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): NodeJS.Timeout => {
    const timer = fake.set(() => {
      pending.delete(timer);
      fn(...args);
    }, ms);
    pending.add(timer);
    return timer;
  };
  const clear = (timer: NodeJS.Timeout | undefined): void => {
    if (timer) pending.delete(timer);
    fake.clear(timer);
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  return () => [...pending].filter((timer) => timer.hasRef()).length;
}

/** Advances to the next timer as soon as nothing moves on the sockets, until `isReached`. */
export async function hurriedUntil(isReached: () => boolean): Promise<void> {
  while (!isReached()) {
    await socketsQuiet();
    if (!isReached()) await vi.advanceTimersToNextTimerAsync();
  }
}

/** As `hurriedUntil`, until `done` has ended. */
export async function hurried<T>(done: Promise<T>): Promise<T> {
  const run = { over: false };
  const ended = done.finally(() => (run.over = true));
  ended.catch(() => undefined);
  await hurriedUntil(() => run.over);
  return ended;
}
