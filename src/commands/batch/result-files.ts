import { type FileHandle, open, realpath, rm } from 'node:fs/promises';
import type { CommandIo } from '../command-io.ts';

const BLOCK = 1 << 16;

/** A file of lines, written in blocks; `-` is standard output. */
export class LineFile {
  readonly #io: CommandIo;
  readonly #file: FileHandle | undefined;
  readonly #path: string;
  #block: string[] = [];
  #size = 0;
  #empty = true;

  private constructor(io: CommandIo, path: string, file: FileHandle | undefined) {
    this.#io = io;
    this.#path = path;
    this.#file = file;
  }

  /** Empties a file that is there. */
  static async open(path: string, io: CommandIo): Promise<LineFile> {
    return new LineFile(io, path, path === '-' ? undefined : await open(path, 'w'));
  }

  async write(line: string): Promise<void> {
    this.#empty = false;
    if (!this.#file) {
      this.#io.out(line);
      return this.#io.drained();
    }
    this.#block.push(line, '\n');
    this.#size += line.length;
    if (this.#size >= BLOCK) await this.#flush();
  }

  /** `keepEmpty: false` takes away a file to which nothing was written. */
  async close(options: { keepEmpty: boolean }): Promise<void> {
    if (!this.#file) return;
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    if (this.#empty && !options.keepEmpty) await rm(this.#path);
  }

  async #flush(): Promise<void> {
    const text = this.#block.join('');
    this.#block = [];
    this.#size = 0;
    await this.#file!.appendFile(text);
  }
}

/** Whether two paths are one file, by whatever links; one that does not exist is no other. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [left, right] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return left !== undefined && left === right;
}
