/**
 * Binary min-heap whose entries carry their own index (under the key `K`),
 * so that any entry can be removed in O(log n). Index -1 means: not in the heap.
 */
export class IndexedHeap<K extends string, T extends { [key in K]: number }> {
  readonly #key: K;
  readonly #before: (a: T, b: T) => boolean;
  readonly #entries: T[] = [];

  constructor(key: K, before: (a: T, b: T) => boolean) {
    this.#key = key;
    this.#before = before;
  }

  get size(): number {
    return this.#entries.length;
  }

  peek(): T | undefined {
    return this.#entries[0];
  }

  push(entry: T): void {
    this.#entries.push(entry);
    this.#siftUp(entry, this.#entries.length - 1);
  }

  /** Removes an entry if it is in the heap. */
  remove(entry: T): void {
    const index = entry[this.#key] as number;
    if (index < 0) return;
    this.#place(entry, -1);
    const last = this.#entries.pop()!;
    if (last === entry) return;
    this.#siftUp(last, index);
    this.#siftDown(last, last[this.#key]);
  }

  #siftUp(entry: T, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#entries[above]!;
      if (!this.#before(entry, parent)) break;
      this.#put(parent, index);
      index = above;
    }
    this.#put(entry, index);
  }

  #siftDown(entry: T, from: number): void {
    const size = this.#entries.length;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= size) break;
      if (below + 1 < size && this.#before(this.#entries[below + 1]!, this.#entries[below]!)) below++;
      const child = this.#entries[below]!;
      if (!this.#before(child, entry)) break;
      this.#put(child, index);
      index = below;
    }
    this.#put(entry, index);
  }

  #put(entry: T, index: number): void {
    this.#entries[index] = entry;
    this.#place(entry, index);
  }

  #place(entry: T, index: number): void {
    (entry as { [key in K]: number })[this.#key] = index;
  }
}
