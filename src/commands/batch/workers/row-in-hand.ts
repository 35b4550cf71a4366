import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallInfo } from '../../../core/events.ts';
import type { Guard } from '../../../guard.ts';

/** A row that a worker has claimed. Until it is in flight it can be given up; then its answer is paid for. */
export class RowInHand {
  readonly key: string;
  isGivenUp = false;
  readonly #mayBegin: () => boolean;
  readonly #abort = new AbortController();
  #isInFlight = false;

  /** `mayBegin`: whether it is still this worker's to send. */
  constructor(key: string, mayBegin: () => boolean) {
    this.key = key;
    this.#mayBegin = mayBegin;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  giveUp(): void {
    this.isGivenUp = true;
    if (!this.#isInFlight) this.#abort.abort();
  }

  begins(): void {
    if (!this.#mayBegin()) this.giveUp();
    this.#isInFlight = !this.isGivenUp;
  }

  /** The row was refused, and waits to be sent again. */
  waits(): void {
    this.#isInFlight = false;
    if (this.isGivenUp) this.#abort.abort();
  }
}

/** Notifies rows when their calls start, and when they wait again. */
export class RowFlights {
  readonly #current = new AsyncLocalStorage<RowInHand>();
  readonly #rowOf = new WeakMap<CallInfo, RowInHand>();
  readonly #stop: readonly (() => void)[];

  constructor(guard: Pick<Guard, 'on'>) {
    this.#stop = [
      guard.on('call.start', ({ call }) => {
        const row = this.#current.getStore();
        if (row) this.#rowOf.set(call, row);
      }),
      guard.on('attempt.start', ({ call }) => this.#rowOf.get(call)?.begins()),
      guard.on('retry', ({ call }) => this.#rowOf.get(call)?.waits()),
    ];
  }

  run<T>(row: RowInHand, send: () => T): T {
    return this.#current.run(row, send);
  }

  close(): void {
    for (const stop of this.#stop) stop();
  }
}
