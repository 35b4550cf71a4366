export type Items<I> = AsyncIterator<I> | Iterator<I>;

/** The caller's items, one after another. */
export class ItemSource<I> {
  readonly #items: Items<I>;
  /** Number of items taken so far. */
  pulled = 0;
  exhausted = false;

  constructor(items: Items<I>) {
    this.#items = items;
  }

  /** Undefined at the end. @throws Whatever the caller's iterator throws; no item follows. */
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

  /** The remaining items are not needed. */
  leave(): void {
    if (this.exhausted) return;
    try {
      // Not awaited: a generator that is waiting for something would delay the abort.
      void Promise.resolve(this.#items.return?.()).catch(() => undefined);
    } catch {
      // Ignored, since the run is over.
    }
  }
}
