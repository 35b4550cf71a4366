import { type FileHandle, open, rm } from 'node:fs/promises';
import type { CommandIo } from '../command-io.ts';

const BLOCK = 1 << 16;

/**
 * A file of lines, written in blocks; `-` is standard output. An existing file is replaced at the first write,
 * not before: a refused run keeps the results of the previous one.
 */
export class LineFile {
  readonly #path: string;
  readonly #io: CommandIo;
  #file: FileHandle | undefined;
  #block: string[] = [];
  #size = 0;
  #empty = true;

  constructor(path: string, io: CommandIo) {
    this.#path = path;
    this.#io = io;
  }

  async write(line: string): Promise<void> {
    this.#empty = false;
    if (this.#path === '-') {
      this.#io.out(line);
      return this.#io.drained();
    }
    this.#block.push(line, '\n');
    this.#size += line.length;
    if (this.#size >= BLOCK) await this.#flush();
  }

  /** `ifEmpty`: what happens to the file, even an old one, if nothing was written. */
  async close(ifEmpty: 'leave' | 'empty' | 'remove'): Promise<void> {
    if (this.#path === '-') return;
    if (this.#empty && ifEmpty === 'leave') return;
    if (this.#empty && ifEmpty === 'remove') return rm(this.#path, { force: true });
    try {
      await this.#flush();
      await this.#file?.sync();
    } finally {
      await this.#file?.close();
    }
  }

  async #flush(): Promise<void> {
    const text = this.#block.join('');
    this.#block = [];
    this.#size = 0;
    this.#file ??= await open(this.#path, 'w');
    await this.#file.appendFile(text);
  }
}
