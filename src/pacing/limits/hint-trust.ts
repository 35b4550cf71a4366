/** Broken hints, less kept ones, after which hints are no longer believed. */
const BROKEN = 2;
const MAX_DOUBT = 4;

/** Whether calls get through at the times that refusals name. While they do, a hint says more than our own level. */
export class HintTrust {
  #due: number | undefined;
  #doubt = 0;

  get believed(): boolean {
    return this.#doubt < BROKEN;
  }

  /** The refusal of a call sent at `sentAt` names `at` as the time from which such a call fits. */
  named(sentAt: number, at: number): void {
    if (this.#due !== undefined && sentAt >= this.#due) this.#doubt = Math.min(MAX_DOUBT, this.#doubt + 1);
    this.#due = at;
  }

  served(sentAt: number): void {
    if (this.#due === undefined || sentAt < this.#due) return;
    this.#doubt = Math.max(0, this.#doubt - 1);
    this.#due = undefined;
  }
}
