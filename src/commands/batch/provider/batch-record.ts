import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { lockFile } from '../../../batch/journal-lock.ts';

interface Line {
  readonly batch: string;
  /** Rows of it, by their ids in the batch; absent in the line that says that it is done with. */
  readonly rows?: readonly string[];
}

/**
 * The batches that were handed to the provider, in a file beside the journal: a run that is killed goes on with them, and pays for
 * no row twice.
 */
export class BatchRecord {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #unlock: () => Promise<void>;
  /** Batches that are not done with, and their rows. */
  readonly open: Map<string, readonly string[]> = new Map();

  private constructor(path: string, file: FileHandle, unlock: () => Promise<void>) {
    this.#path = path;
    this.#unlock = unlock;
    this.#file = file;
  }

  /** @throws BatchError `journal_locked` where another run has it. */
  static async load(path: string): Promise<BatchRecord> {
    const unlock = await lockFile(path);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return '';
    });
    const record = new BatchRecord(path, await open(path, 'a'), unlock);
    for (const each of text.split('\n')) {
      const line = parse(each);
      if (line?.rows) record.open.set(line.batch, line.rows);
      else if (line) record.open.delete(line.batch);
    }
    // One that was cut is no line, and the next must not follow on it.
    if (text !== '' && !text.endsWith('\n')) await record.#file.appendFile('\n');
    return record;
  }

  /** Resolves when a run after a power cut would know of the batch. */
  async created(batch: string, rows: readonly string[]): Promise<void> {
    this.open.set(batch, rows);
    await this.#append({ batch, rows });
  }

  async done(batch: string): Promise<void> {
    this.open.delete(batch);
    await this.#append({ batch });
  }

  /** A file that has nothing to tell is removed. */
  async close(): Promise<void> {
    await this.#file.close();
    if (this.open.size === 0) await rm(this.#path, { force: true });
    await this.#unlock();
  }

  async #append(line: Line): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(line)}\n`);
    await this.#file.datasync();
  }
}

function parse(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Partial<Line> | null;
    if (typeof line?.batch !== 'string') return undefined;
    return line.rows === undefined || Array.isArray(line.rows) ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}
