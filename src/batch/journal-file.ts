import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BatchError } from './batch-error.ts';
import { type JournalLine, journalLines } from './journal-lines.ts';

/** Most rows are shorter. */
const READ_BYTES = 4_096;
const BREAK = 10;

/**
 * Appends lines to the file of a journal. Each write first checks that the path still names this file, since whatever
 * is written to a deleted file is lost.
 */
export class JournalFile {
  readonly #path: string;
  readonly #file: FileHandle;
  /** Offset just past the last complete line. */
  size = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** @throws BatchError if the file cannot be opened. */
  static async open(path: string): Promise<JournalFile> {
    return attempt(path, 'opened', async () => {
      // Not `a+`: lines are written at explicit offsets, so that a torn line is overwritten.
      const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return open(path, 'wx+');
      });
      return new JournalFile(path, file);
    });
  }

  async *lines(): AsyncGenerator<JournalLine> {
    try {
      yield* journalLines(this.#file);
    } catch (error) {
      throw ofDisk(error, this.#path, 'read');
    }
  }

  /** Truncates everything after the last complete line. */
  async cut(): Promise<void> {
    await attempt(this.#path, 'written', () => this.#file.truncate(this.size));
  }

  /** Resolves when the bytes would survive a power cut. */
  async append(bytes: Buffer): Promise<void> {
    await attempt(this.#path, 'written', async () => {
      await this.#isStillThere();
      for (let done = 0; done < bytes.length;) {
        done += (await this.#file.write(bytes, done, bytes.length - done, this.size + done)).bytesWritten;
      }
      await this.#file.datasync();
    });
    this.size += bytes.length;
  }

  /** Reads the line that starts at `offset`. */
  async lineAt(offset: number): Promise<string> {
    return attempt(this.#path, 'read', async () => {
      for (let size = READ_BYTES; ; size *= 4) {
        const bytes = Buffer.allocUnsafe(size);
        const { bytesRead } = await this.#file.read(bytes, 0, size, offset);
        const end = bytes.subarray(0, bytesRead).indexOf(BREAK);
        if (end !== -1) return bytes.toString('utf8', 0, end);
        if (bytesRead < size) throw fileReplaced(this.#path);
      }
    });
  }

  /** Syncs the directory, so that the entry of a new file is durable. Windows neither supports nor needs it. */
  async syncFolder(): Promise<void> {
    const folder = await open(dirname(this.#path), 'r').catch(() => undefined);
    await folder?.sync().catch(() => undefined);
    await folder?.close();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #isStillThere(): Promise<void> {
    const named = await stat(this.#path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw fileReplaced(this.#path);
      throw error;
    });
    const held = await this.#file.stat({ bigint: true });
    if (named.ino !== held.ino || named.dev !== held.dev || held.size < this.size) throw fileReplaced(this.#path);
  }
}

/**
 * Creates the journal's directory, and rejects special files before anything is opened: opening a named pipe would
 * block until a writer appears.
 *
 * @throws BatchError
 */
export async function prepareJournal(path: string): Promise<void> {
  await attempt(path, 'opened', async () => {
    await mkdir(dirname(path), { recursive: true });
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
    // Reading a device may never reach an end.
    if (found && !found.isFile())
      throw new BatchError('journal_invalid', `${path} is not a regular file and cannot be used as a journal.`);
  });
}

type Done = 'opened' | 'read' | 'written';

/** @throws BatchError for an error of the file system. */
export async function attempt<T>(path: string, done: Done, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw ofDisk(error, path, done);
  }
}

/** Wraps an error of the file system in a BatchError that names the file. */
export function ofDisk(error: unknown, path: string, done: Done): unknown {
  if (error instanceof BatchError || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  const message =
    `The journal ${path} cannot be ${done}: ${(error as Error).message}. ` +
    'Its contents are intact: fix the problem and start the run again.';
  return new BatchError('journal_failed', message, { cause: error });
}

function fileReplaced(path: string): BatchError {
  return new BatchError(
    'journal_failed',
    `${path} was removed, replaced or truncated while the run was writing to it. Its previous contents are gone.`,
  );
}
