import type { JournalEntry } from './journal.ts';
import type { BatchResult } from './result.ts';

type Heard<O> = (result: BatchResult<O> | undefined, entry: JournalEntry | undefined) => void;

/** Maximum number of answers kept for identical items without a journal. */
const MAX_ANSWERS = 1_000;

/** Passes the answer of one item to all identical ones, whether they arrive while it is in flight or later. */
export class RecentAnswers<O> {
  readonly #on: boolean;
  readonly #inJournal: boolean;
  readonly #inFlight = new Map<string, Heard<O>[]>();
  readonly #answers = new Map<string, BatchResult<O>>();

  /** `inJournal`: finished answers are in the journal, so that only items in flight are kept here. */
  constructor(on: boolean, inJournal: boolean) {
    this.#on = on;
    this.#inJournal = inJournal;
  }

  /**
   * @returns Whether `heard` gets the answer of another item; otherwise this item is the first, and must call `settle`.
   */
  join(key: string, heard: Heard<O>): boolean {
    if (!this.#on) return false;
    const answer = this.#answers.get(key);
    if (answer) {
      heard(answer, undefined);
      return true;
    }
    const others = this.#inFlight.get(key);
    if (!others) this.#inFlight.set(key, []);
    else others.push(heard);
    return others !== undefined;
  }

  settle(key: string, result: BatchResult<O>, entry: JournalEntry | undefined): void {
    if (!this.#on) return;
    const others = this.#inFlight.get(key);
    this.#inFlight.delete(key);
    // A failure goes only to the items that waited for it; a later one is called again.
    if (result.status === 'ok' && !this.#inJournal) {
      this.#answers.set(key, result);
      if (this.#answers.size > MAX_ANSWERS) this.#answers.delete(this.#answers.keys().next().value!);
    }
    for (const heard of others ?? []) heard(result, entry);
  }
}
