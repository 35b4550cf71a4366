export type Items<I> = AsyncIterator<I> | Iterator<I>;

/** What the caller has to do, one item after the other. */
export class ItemSource<I> {
  readonly #items: Items<I>;
  /** Items that have been taken. */
  pulled = 0;
  exhausted = false;

  constructor(items: Items<I>) {
    this.#items = items;
  }

  /** Undefined at the end. @throws What the caller's iterator does; there is nothing behind that. */
  async next(): Promise<{ readonly item: I; readonly index: number } | undefined> {
    try {
      const step = await this.#items.next();
      if (step.done !== true) return { item: step.value, index: this.pulled++ };
      this.exhausted = true;
      return undefined;
    } catch (error) {
      this.exhausted = true;
      throw error;
    }
  }

  /** Nobody wants the others. */
  leave(): void {
    if (this.exhausted) return;
    try {
      // Not awaited: a generator that is in the middle of a wait would hold up the abort.
      void Promise.resolve(this.#items.return?.()).catch(() => undefined);
    } catch {
      // Its own affair: the run is over.
    }
  }
}
