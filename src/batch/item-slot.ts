import type { JournalEntry } from './journal.ts';
import type { BatchResult } from './result.ts';

/** The place of one item between its start and its reader. */
export interface Slot<O> {
  readonly index: number;
  readonly id: string;
  /** What came of it; undefined while it is at work, and where only the journal holds it. */
  result: BatchResult<O> | undefined;
  /** Where the journal holds it. */
  entry: JournalEntry | undefined;
  source: BatchResult<O>['source'];
}

export const isFinished = (slot: Slot<unknown> | undefined): boolean =>
  slot !== undefined && (slot.result !== undefined || slot.entry !== undefined);

/** Finished items that wait for their reader: by input order, or in the order of their end. */
export class Slots<O> {
  readonly #open = new Map<number, Slot<O>>();
  readonly #ready: Slot<O>[] = [];
  readonly #ordered: boolean;
  #next = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Items that were begun and not taken. */
  get size(): number {
    return this.#open.size;
  }

  add(slot: Slot<O>): void {
    this.#open.set(slot.index, slot);
  }

  /** Takes away one that is not begun after all. */
  drop(slot: Slot<O>): void {
    this.#open.delete(slot.index);
  }

  finished(slot: Slot<O>): void {
    if (!this.#ordered) this.#ready.push(slot);
  }

  /** Whether the reader can have it at once. */
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
