import { type FileHandle, open, rm } from 'node:fs/promises';
import { KeyTable } from '../../../batch/key-table.ts';
import { textLines } from '../../../core/byte-lines.ts';
import { parseExact } from '../exact-numbers.ts';
import type { BatchApi, BatchOutcome } from './batch-api.ts';

/** Size of a read; most lines are shorter. */
const READ_BYTES = 16_384;
const BREAK = 10;

/**
 * A file with the outcomes of rows in finished batches, since rows are read in another order than results arrive. A
 * good answer is kept even if a later result of its row differs.
 */
export class ResultStore {
  readonly #path: string;
  readonly #api: BatchApi;
  /** Twice the position of a row's line, plus 1 if the answer is good. */
  readonly #places: KeyTable;
  /** Opened only once, even if several batches end together, since opening truncates it. */
  #opening: Promise<FileHandle> | undefined;
  #size = 0;

  constructor(path: string, api: BatchApi) {
    this.#path = path;
    this.#api = api;
    this.#places = new KeyTable(() => `${path}.keys-${crypto.randomUUID()}`);
  }

  has(customId: string): boolean {
    return this.#places.get(customId) !== undefined;
  }

  async get(customId: string): Promise<BatchOutcome> {
    const known = this.#places.get(customId);
    // A row without a result is unfinished.
    if (known === undefined) return { kind: 'unfinished' };
    const file = await this.#file();
    const place = Math.floor(known / 2);
    for (let size = READ_BYTES; ; size *= 4) {
      const bytes = Buffer.allocUnsafe(size);
      const { bytesRead } = await file.read(bytes, 0, size, place);
      const end = bytes.subarray(0, bytesRead).indexOf(BREAK);
      if (end !== -1) return parseExact(bytes.toString('utf8', 0, end)) as BatchOutcome;
      if (bytesRead < size) return { kind: 'unfinished' };
    }
  }

  /** Takes the results of a batch. @returns How many of its rows have a good answer. */
  async fetch(batch: string): Promise<number> {
    const begun = this.#size;
    let good = 0;
    for (const body of await this.#api.results(batch)) {
      for await (const text of textLines(body)) {
        const read = this.#read(text);
        if (!read) continue;
        const known = this.#places.get(read.customId);
        const isFirst = known === undefined || known < begun * 2 || known % 2 === 0;
        if (isFirst && isGood(read.outcome)) good++;
        await this.put(read.customId, read.outcome);
      }
    }
    return good;
  }

  async put(customId: string, outcome: BatchOutcome): Promise<void> {
    const known = this.#places.get(customId);
    if (known !== undefined && known % 2 === 1 && !isGood(outcome)) return;
    const line = Buffer.from(`${JSON.stringify(outcome)}\n`);
    // Reserved before the write: several batches may be read at once.
    const place = this.#size;
    this.#size += line.length;
    const file = await this.#file();
    await file.write(line, 0, line.length, place);
    this.#places.set(customId, place * 2 + Number(isGood(outcome)));
  }

  async close(): Promise<void> {
    this.#places.close();
    const file = await this.#opening?.catch(() => undefined);
    await file?.close();
    await rm(this.#path, { force: true });
  }

  #file(): Promise<FileHandle> {
    return (this.#opening ??= open(this.#path, 'w+', 0o600));
  }

  /** A corrupted line, or a page instead of lines, has no row. */
  #read(text: string): ReturnType<BatchApi['read']> {
    try {
      return text.trim() === '' ? undefined : this.#api.read(text);
    } catch {
      return undefined;
    }
  }
}

const isGood = (outcome: BatchOutcome): boolean => outcome.kind === 'answered' && outcome.response.status_code < 400;
