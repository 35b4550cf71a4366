import type { GuardEvent } from './events.ts';
import { disown } from './user-value.ts';

type Listener<T extends GuardEvent['type']> = (event: Extract<GuardEvent, { type: T }>) => unknown;

/** Typed emitter whose listeners cannot affect a call: whatever they throw or reject with is dropped. */
export class Emitter {
  readonly #listeners = new Map<string, Set<(event: GuardEvent) => unknown>>();
  #count = 0;

  /** Whether there is any listener. */
  get isHeard(): boolean {
    return this.#count > 0;
  }

  on<T extends GuardEvent['type']>(type: T, listener: Listener<T>): () => void {
    // The map holds each listener under the one type that it takes.
    const listeners = this.#listenersOf(type);
    const added = listener as (event: GuardEvent) => unknown;
    if (!listeners.has(added)) this.#count++;
    listeners.add(added);
    return () => {
      if (listeners.delete(added)) this.#count--;
    };
  }

  hears(type: GuardEvent['type']): boolean {
    const set = this.#listeners.get(type);
    return set !== undefined && set.size > 0;
  }

  emit(event: GuardEvent): void {
    const listeners = this.#listeners.get(event.type);
    if (!listeners) return;
    for (const listener of listeners) {
      try {
        disown(listener(event));
      } catch {
        // Listeners are the application's code; the call continues regardless.
      }
    }
  }

  #listenersOf(type: string): Set<(event: GuardEvent) => unknown> {
    let listeners = this.#listeners.get(type);
    if (!listeners) this.#listeners.set(type, (listeners = new Set()));
    return listeners;
  }
}
