import type { Waiter } from './waiter.ts';

/**
 * Watches the abort signals of waiters with one listener per signal: a batch may share one signal among a hundred
 * thousand waiters, and adding a listener takes time linear in the existing ones.
 */
export class AbortWatch {
  readonly #heads = new Map<AbortSignal, Waiter>();
  readonly #onAborted: (waiters: readonly Waiter[], reason: unknown) => void;
  readonly #listener = (event: Event): void => {
    const signal = event.target as AbortSignal;
    const waiters: Waiter[] = [];
    for (let waiter = this.#heads.get(signal); waiter; waiter = waiter.signalNext) waiters.push(waiter);
    this.#heads.delete(signal);
    for (const waiter of waiters) {
      waiter.signalPrevious = undefined;
      waiter.signalNext = undefined;
    }
    this.#onAborted(waiters, signal.reason);
  };

  constructor(onAborted: (waiters: readonly Waiter[], reason: unknown) => void) {
    this.#onAborted = onAborted;
  }

  add(waiter: Waiter): void {
    const { signal } = waiter.request;
    if (!signal) return;
    const head = this.#heads.get(signal);
    if (head) {
      // Behind the head, so that the map is not written again.
      waiter.signalPrevious = head;
      waiter.signalNext = head.signalNext;
      if (head.signalNext) head.signalNext.signalPrevious = waiter;
      head.signalNext = waiter;
      return;
    }
    this.#heads.set(signal, waiter);
    signal.addEventListener('abort', this.#listener, { once: true });
  }

  remove(waiter: Waiter): void {
    const { signal } = waiter.request;
    if (!signal) return;
    const { signalPrevious, signalNext } = waiter;
    waiter.signalPrevious = undefined;
    waiter.signalNext = undefined;
    if (signalNext) signalNext.signalPrevious = signalPrevious;
    if (signalPrevious) {
      signalPrevious.signalNext = signalNext;
      return;
    }
    if (this.#heads.get(signal) !== waiter) return;
    if (signalNext) {
      this.#heads.set(signal, signalNext);
      return;
    }
    this.#heads.delete(signal);
    signal.removeEventListener('abort', this.#listener);
  }
}
