import type { JournalEntry } from './journal.ts';
import type { BatchResult } from './result.ts';

type Heard<O> = (result: BatchResult<O> | undefined, entry: JournalEntry | undefined) => void;

/** Answers that are kept for equal items where no journal has them. */
const MAX_ANSWERS = 1_000;

/** Gives the answer of one item to all that equal it: those that come while it is in flight, and later ones. */
export class RecentAnswers<O> {
  readonly #on: boolean;
  readonly #inJournal: boolean;
  readonly #inFlight = new Map<string, Heard<O>[]>();
  readonly #answers = new Map<string, BatchResult<O>>();

  /** `inJournal` where the journal finds finished ones, so that only those in flight are kept here. */
  constructor(on: boolean, inJournal: boolean) {
    this.#on = on;
    this.#inJournal = inJournal;
  }

  /** @returns Whether `heard` gets another item's answer; else its item is the first, and settles. */
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
    // A failure is for those that waited for it; a later item tries again.
    if (result.status === 'ok' && !this.#inJournal) {
      this.#answers.set(key, result);
      if (this.#answers.size > MAX_ANSWERS) this.#answers.delete(this.#answers.keys().next().value!);
    }
    for (const heard of others ?? []) heard(result, entry);
  }
}
