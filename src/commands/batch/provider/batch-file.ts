import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readLines } from '../../read-lines.ts';
import type { BatchForm, WrittenBatch } from './batch-api.ts';

const BLOCK = 1 << 16;
const NAME = '.batch-';
const ROW = '{"custom_id":';

/** Collects rows in a file until it is large enough for a batch. */
export class BatchFile implements WrittenBatch {
  readonly path: string;
  readonly token: string = crypto.randomUUID();
  readonly group: string;
  readonly #form: BatchForm;
  #file: FileHandle | undefined;
  #block: string[] = [];
  #blockSize = 0;
  #rows = 0;
  #bytes: number;

  constructor(base: string, group: string, form: BatchForm) {
    this.path = base + NAME + this.token;
    this.group = group;
    this.#form = form;
    this.#bytes = Buffer.byteLength(form.head + form.tail);
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Size with another row. */
  bytesWith(row: string): number {
    return this.#bytes + Buffer.byteLength(row) + this.#form.between.length;
  }

  async add(row: string): Promise<void> {
    this.#bytes = this.bytesWith(row);
    const { head, between } = this.#form;
    this.#block.push(this.#rows++ === 0 ? head : between, row);
    this.#blockSize += row.length;
    if (this.#blockSize >= BLOCK) await this.#flush();
  }

  /** No further row will be added. */
  async end(): Promise<void> {
    this.#block.push(this.#form.tail);
    await this.#flush();
    await this.#close();
  }

  /** The rows that were added; call it after `end`. */
  async *lines(): AsyncGenerator<string> {
    for await (const { text } of readLines(this.path)) {
      if (text.startsWith(ROW)) yield text.endsWith(',') ? text.slice(0, -1) : text;
    }
  }

  async remove(): Promise<void> {
    await this.#close();
    await rm(this.path, { force: true });
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #flush(): Promise<void> {
    const text = this.#block.join('');
    this.#block = [];
    this.#blockSize = 0;
    this.#file ??= await open(this.path, 'wx', 0o600);
    await this.#file.appendFile(text);
  }
}

/** Starts with the id, as every row of a batch does. */
export function customIdOf(row: string): string {
  return (JSON.parse(row) as { custom_id: string }).custom_id;
}

/** Removes leftovers of a killed run. */
export async function removeFiles(base: string): Promise<void> {
  const folder = dirname(base);
  const names = (await readdir(folder)).filter((name) => name.startsWith(basename(base) + NAME));
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
}
