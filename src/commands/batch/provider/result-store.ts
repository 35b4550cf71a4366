import { type FileHandle, open, rm } from 'node:fs/promises';
import { KeyTable } from '../../../batch/key-table.ts';
import { textLines } from '../../../core/byte-lines.ts';
import type { BatchApi, BatchOutcome } from './batch-api.ts';

/** Longest line that is read at once; most are shorter. */
const READ_BYTES = 16_384;
const BREAK = 10;

/** Results of batches that have ended, in a file: rows are asked for in another order than results come in. */
export class ResultStore {
  readonly #path: string;
  readonly #api: BatchApi;
  readonly #places: KeyTable;
  #file: FileHandle | undefined;
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
    const place = this.#places.get(customId);
    // A row that is in no result was not finished.
    if (place === undefined || !this.#file) return { kind: 'unfinished' };
    for (let size = READ_BYTES; ; size *= 4) {
      const bytes = Buffer.allocUnsafe(size);
      const { bytesRead } = await this.#file.read(bytes, 0, size, place);
      const end = bytes.subarray(0, bytesRead).indexOf(BREAK);
      if (end === -1 && bytesRead === size) continue;
      return this.#api.read(bytes.toString('utf8', 0, end === -1 ? bytesRead : end))?.outcome ?? { kind: 'unfinished' };
    }
  }

  /** Takes the results of a batch. */
  async fetch(batch: string): Promise<void> {
    this.#file ??= await open(this.#path, 'w+');
    for (const body of await this.#api.results(batch)) {
      for await (const text of textLines(body)) {
        const customId = idOf(this.#api, text);
        if (customId === undefined) continue;
        const line = Buffer.from(`${text}\n`);
        // Taken before the write: several batches may be read at once.
        const place = this.#size;
        this.#size += line.length;
        await this.#file.write(line, 0, line.length, place);
        this.#places.set(customId, place);
      }
    }
  }

  async close(): Promise<void> {
    this.#places.close();
    await this.#file?.close();
    await rm(this.#path, { force: true });
  }
}

/** A line that a transfer has spoiled is a row that was not finished. */
function idOf(api: BatchApi, text: string): string | undefined {
  try {
    return text.trim() === '' ? undefined : api.read(text)?.customId;
  } catch {
    return undefined;
  }
}
