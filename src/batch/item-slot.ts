import type { JournalEntry } from './journal.ts';
import type { BatchResult } from './result.ts';

/** An item from its start until its result has been read. */
export interface Slot<O> {
  readonly index: number;
  readonly id: string;
  /** The result; undefined while the item is in flight, or if only the journal has it. */
  result: BatchResult<O> | undefined;
  /** Position of the result in the journal. */
  entry: JournalEntry | undefined;
  source: BatchResult<O>['source'];
}

export const isFinished = (slot: Slot<unknown> | undefined): boolean =>
  slot !== undefined && (slot.result !== undefined || slot.entry !== undefined);

/** Items until they are read: in input order, or in the order in which they finish. */
export class Slots<O> {
  readonly #open = new Map<number, Slot<O>>();
  readonly #ready: Slot<O>[] = [];
  readonly #ordered: boolean;
  #next = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Items that were started and not yet read. */
  get size(): number {
    return this.#open.size;
  }

  add(slot: Slot<O>): void {
    this.#open.set(slot.index, slot);
  }

  /** Removes an item that will not be started after all. */
  drop(slot: Slot<O>): void {
    this.#open.delete(slot.index);
  }

  finished(slot: Slot<O>): void {
    if (!this.#ordered) this.#ready.push(slot);
  }

  /** Whether the reader can take it immediately. */
  isNext(slot: Slot<O>): boolean {
    return !this.#ordered || slot.index === this.#next;
  }

  take(): Slot<O> | undefined {
    const slot = this.#ordered ? this.#open.get(this.#next) : this.#ready.shift();
    if (!slot || !isFinished(slot)) return undefined;
    this.#open.delete(slot.index);
    if (this.#ordered) this.#next++;
    return slot;
  }
}
