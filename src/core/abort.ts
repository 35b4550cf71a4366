import type { Clock } from './clock.ts';
import { inTurns } from './event-loop-turns.ts';

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when the signal aborts; the returned function removes it. Registers only once per signal, since
 * adding a listener takes time linear in the existing ones, and yields to the event loop when there are many.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let waiting = listeners.get(signal);
  if (!waiting) {
    listeners.set(signal, (waiting = new Set()));
    signal.addEventListener('abort', notify, { once: true });
  }
  const joined = waiting;
  joined.add(listener);
  return () => {
    joined.delete(listener);
    if (joined.size > 0 || listeners.get(signal) !== joined) return;
    listeners.delete(signal);
    signal.removeEventListener('abort', notify);
  };
}

function notify(event: Event): void {
  const signal = event.target as AbortSignal;
  const waiting = listeners.get(signal);
  listeners.delete(signal);
  // A listener removed before its turn is not called.
  for (const each of waiting ?? []) inTurns(() => void (waiting!.delete(each) && each()));
}

/**
 * Resolves after `ms`, or rejects with the signal's reason as soon as it aborts.
 * Leaves neither a timer nor a listener behind.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const stopListening = signal ? onAbort(signal, end) : undefined;
    const cancel = clock.after(ms, end);
    function end(): void {
      cancel();
      stopListening?.();
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve();
    }
  });
}

/** A signal that aborts with the first of the given ones; undefined if none is given. */
export function anySignal(...signals: readonly (AbortSignal | null | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== null && signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
