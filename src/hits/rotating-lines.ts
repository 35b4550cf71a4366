import { basename, dirname } from 'node:path';
import type { RotatingFileStream } from 'rotating-file-stream';
import { systemClock } from '../core/clock.ts';

/** Lines that may wait for a slow disk; further ones are dropped. */
const MAX_LINES = 10_000;

/** After an error the file is tried again this much later. */
const AGAIN_AFTER_MS = 10_000;

export interface LineSettings {
  readonly path: string;
  readonly rotateBytes: number;
  readonly keep: number;
  /** Called for each line that could not be written. */
  readonly onLost?: () => void;
}

/** Lines appended to a file that is rotated. Opened by the first line; a disk that fails costs lines, never an error. */
export class RotatingLines {
  readonly #settings: LineSettings;
  #stream: RotatingFileStream | undefined;
  #opening: Promise<RotatingFileStream | undefined> | undefined;
  #closed = false;
  #lost = 0;
  /** Lines whose write is not confirmed yet. */
  #waiting = 0;

  constructor(settings: LineSettings) {
    this.#settings = settings;
  }

  #lose(): void {
    this.#lost++;
    this.#settings.onLost?.();
  }

  /** Lines that could not be written. */
  get lost(): number {
    return this.#lost;
  }

  write(line: object): void {
    if (this.#closed || this.#waiting >= MAX_LINES) {
      this.#lose();
      return;
    }
    this.#waiting++;
    const text = `${JSON.stringify(line)}\n`;
    if (this.#stream) this.#put(this.#stream, text);
    else void this.#putFirst(text);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening;
    const stream = this.#stream;
    if (!stream || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      stream.once('error', () => resolve());
      stream.end(resolve);
    });
  }

  #put(stream: RotatingFileStream, text: string): void {
    stream.write(text, (error) => {
      this.#waiting--;
      if (error) this.#lose();
    });
  }

  async #putFirst(text: string): Promise<void> {
    const stream = await (this.#opening ??= this.#open());
    if (stream && !stream.destroyed) return this.#put(stream, text);
    this.#waiting--;
    this.#lose();
  }

  async #open(): Promise<RotatingFileStream | undefined> {
    const { path, rotateBytes, keep } = this.#settings;
    const failed = (): void => {
      this.#stream = undefined;
      // Until then, opening is not tried again.
      systemClock.after(AGAIN_AFTER_MS, () => (this.#opening = undefined), { unref: true });
    };
    try {
      // Loaded only when something is recorded: some platforms have no file system.
      const { createStream } = await import('rotating-file-stream');
      const stream = createStream(basename(path), { path: dirname(path), size: `${rotateBytes}B`, rotate: keep });
      stream.once('error', failed);
      // A second one would be uncaught.
      stream.on('error', () => undefined);
      // A failed rotation does not end the stream: lines go to the current file.
      stream.on('warning', () => undefined);
      this.#stream = stream;
      return stream;
    } catch {
      failed();
      return undefined;
    }
  }
}
