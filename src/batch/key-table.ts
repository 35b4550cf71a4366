import { hash } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/** A slot is a number and 128 bits of the key's hash, enough to rule out collisions. */
const HASH_BYTES = 16;
const SLOT = HASH_BYTES + 8;
const PAGE = 4_096;
const SLOTS_A_PAGE = Math.floor(PAGE / SLOT);
const FIRST_PAGES = 16;
/** Pages kept in memory, 2 MB; further ones go to a file. */
const MAX_PAGES = 512;
/** Load factor at which the number of slots doubles. */
const FULL = 0.6;

/**
 * A map from keys to numbers in a few megabytes of memory, however many there are: a hash table in pages. Recently used
 * pages are in memory, the others in an unlinked file, which disappears with the process. Access to the file is
 * synchronous: its pages are usually in the page cache of the system, and a promise would cost more than the read.
 */
export class KeyTable {
  /** Chooses the path of the file if one is needed. */
  readonly #path: () => string;
  #pages: Pages;
  #size = 0;

  constructor(path: () => string) {
    this.#path = path;
    this.#pages = new Pages(FIRST_PAGES, path);
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): number | undefined {
    return this.#pages.get(hashOf(key));
  }

  /** `value` is a non-negative integer. */
  set(key: string, value: number): void {
    if (!this.#pages.set(hashOf(key), value)) return;
    this.#size++;
    if (this.#size > this.#pages.slots * FULL) this.#grow();
  }

  close(): void {
    this.#pages.close();
  }

  #grow(): void {
    const old = this.#pages;
    const pages = new Pages(old.count * 2, this.#path);
    try {
      // In order, so that both tables are traversed page by page.
      for (const { key, value } of old.all()) pages.set(key, value);
    } catch (error) {
      pages.close();
      throw error;
    }
    old.close();
    this.#pages = pages;
  }
}

const hashOf = (key: string): Buffer => hash('sha256', key, 'buffer');

/** A table of a fixed number of pages, a power of two. */
class Pages {
  readonly count: number;
  readonly #path: () => string;
  readonly #shift: number;
  readonly #held: number;
  readonly #memory: Buffer;
  /** Number of the page in each frame of the memory, and whether it differs from the file. */
  readonly #page: Int32Array;
  readonly #changed: Uint8Array;
  #file: number | undefined;
  #name = '';

  constructor(count: number, path: () => string) {
    this.count = count;
    this.#path = path;
    this.#shift = 32 - Math.log2(count);
    this.#held = Math.min(count, MAX_PAGES);
    this.#memory = Buffer.alloc(this.#held * PAGE);
    this.#page = Int32Array.from({ length: this.#held }, (_, index) => index);
    this.#changed = new Uint8Array(this.#held);
  }

  get slots(): number {
    return this.count * SLOTS_A_PAGE;
  }

  get(key: Buffer): number | undefined {
    const at = this.#find(key);
    const stored = this.#memory.readDoubleLE(at + HASH_BYTES);
    return stored === 0 ? undefined : stored - 1;
  }

  /** @returns Whether the key is new. */
  set(key: Buffer, value: number): boolean {
    const at = this.#find(key);
    const added = this.#memory.readDoubleLE(at + HASH_BYTES) === 0;
    if (added) key.copy(this.#memory, at, 0, HASH_BYTES);
    // Zero marks a free slot.
    this.#memory.writeDoubleLE(value + 1, at + HASH_BYTES);
    this.#changed[Math.floor(at / PAGE)] = 1;
    return added;
  }

  *all(): Generator<{ key: Buffer; value: number }> {
    for (let page = 0; page < this.count; page++) {
      const start = this.#load(page);
      for (let slot = 0; slot < SLOTS_A_PAGE; slot++) {
        const at = start + slot * SLOT;
        const stored = this.#memory.readDoubleLE(at + HASH_BYTES);
        if (stored !== 0) yield { key: this.#memory.subarray(at, at + HASH_BYTES), value: stored - 1 };
      }
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    // For systems that cannot remove an open file.
    rmSync(this.#name, { force: true });
  }

  /** Offset in memory of the key's slot, or of the free slot that it would take. */
  #find(key: Buffer): number {
    const memory = this.#memory;
    const home = key.readUInt32LE(0) >>> this.#shift;
    const begin = key.readUInt32LE(4);
    const first = key.readUInt32LE(8);
    // This ends, since the load factor leaves free slots.
    for (let page = home; ; page = (page + 1) % this.count) {
      const start = this.#load(page);
      for (let step = 0; step < SLOTS_A_PAGE; step++) {
        const at = start + ((begin + step) % SLOTS_A_PAGE) * SLOT;
        if (memory.readDoubleLE(at + HASH_BYTES) === 0) return at;
        if (memory.readUInt32LE(at + 8) === first && memory.compare(key, 0, HASH_BYTES, at, at + HASH_BYTES) === 0) {
          return at;
        }
      }
    }
  }

  /** @returns The offset of the page in memory. */
  #load(page: number): number {
    const place = page % this.#held;
    const at = place * PAGE;
    const other = this.#page[place]!;
    if (other === page) return at;
    if (this.#changed[place] === 1) {
      this.#file ??= this.#open();
      writeSync(this.#file, this.#memory, at, PAGE, other * PAGE);
    }
    const read = this.#file === undefined ? 0 : readSync(this.#file, this.#memory, at, PAGE, page * PAGE);
    this.#memory.fill(0, at + read, at + PAGE);
    this.#page[place] = page;
    this.#changed[place] = 0;
    return at;
  }

  #open(): number {
    this.#name = this.#path();
    const file = openSync(this.#name, 'wx+', 0o600);
    try {
      rmSync(this.#name);
    } catch {
      // Windows may refuse to remove it before it is closed.
    }
    return file;
  }
}
