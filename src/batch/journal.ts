import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BatchError } from './batch-error.ts';
import { contentKey } from './item-key.ts';
import { journalLines } from './journal-lines.ts';
import { type JournalHeader, type JournalRow, parseLine } from './journal-row.ts';
import { lockFile } from './journal-lock.ts';
import { FoundLimits, type LimitsRow } from './limits-row.ts';
import { KeyTable } from './key-table.ts';
import type { JournalOptions } from './options.ts';

/** Where a row is. */
export interface JournalEntry {
  readonly status: 'ok' | 'error';
  readonly offset: number;
  /** Of a row that this run has written. */
  readonly bytes?: number;
}

interface Waiting {
  readonly line: Buffer;
  /** Undefined of a note. */
  readonly key: string | undefined;
  readonly status: 'ok' | 'error';
  readonly resolve: (entry: JournalEntry) => void;
  readonly reject: (error: unknown) => void;
}

/** Most rows are shorter. */
const READ_BYTES = 4_096;
const BREAK = 10;
const START = '{"tidegate":"journal"';

/**
 * A file of finished items, one a line, only ever appended to. A row counts when it is on the disk: rows that arrive
 * while the disk is busy go together in its next turn. In memory it holds neither content nor, beyond the first ten thousands,
 * keys.
 */
export class Journal {
  readonly #file: FileHandle;
  readonly #unlock: () => Promise<void>;
  readonly #entries: KeyTable;
  readonly #foundLimits = new FoundLimits();
  #size = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #broken: unknown;
  /** What rows have cost, of earlier runs too: those that were called again as well. */
  readonly spent = { usd: 0, chargedUsd: 0, unpriced: 0 };

  private constructor(path: string, file: FileHandle, unlock: () => Promise<void>) {
    this.#file = file;
    this.#unlock = unlock;
    // Beside the journal: the folder for temporary files is memory on many machines.
    this.#entries = new KeyTable(() => `${path}.keys-${crypto.randomUUID()}`);
  }

  /**
   * `onNote` hears what earlier runs have noted, in their order.
   *
   * @throws BatchError where another run has it, its parameters differ, or it is another kind of file.
   */
  static async open(
    { path, parameters, acceptChanges }: JournalOptions,
    onNote?: (note: unknown) => void,
  ): Promise<Journal> {
    await mkdir(dirname(path), { recursive: true });
    const unlock = await lockFile(path);
    let file: FileHandle | undefined;
    let opened: Journal | undefined;
    try {
      // Not `a+`: rows are written at a place, and a torn one is written over.
      file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return open(path, 'wx+');
      });
      const journal = new Journal(path, file, unlock);
      opened = journal;
      const known = await journal.#load(path, onNote);
      const wanted = contentKey(parameters);
      if (known !== undefined && known !== wanted && acceptChanges !== true) throw changed(path);
      if (known !== wanted) await journal.#begin(wanted, path);
      return journal;
    } catch (error) {
      opened?.forget();
      await file?.close();
      await unlock();
      throw error;
    }
  }

  /** The latest row of a key. */
  find(key: string): JournalEntry | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    return { status: found % 2 === 0 ? 'ok' : 'error', offset: Math.floor(found / 2) };
  }

  async read({ offset }: JournalEntry): Promise<JournalRow> {
    for (let size = READ_BYTES; ; size *= 4) {
      const bytes = Buffer.allocUnsafe(size);
      const { bytesRead } = await this.#file.read(bytes, 0, size, offset);
      const end = bytes.subarray(0, bytesRead).indexOf(BREAK);
      if (end !== -1) return JSON.parse(bytes.toString('utf8', 0, end)) as JournalRow;
      if (bytesRead < size)
        throw new Error(`The journal has been cut at ${offset + bytesRead} bytes by somebody else.`);
    }
  }

  /** What an earlier run knew of limits at its end. */
  get limits(): LimitsRow['limits'] | undefined {
    return this.#foundLimits.limits;
  }

  /** Keeps what is known of limits, with the next rows. It is no harm where it is lost. */
  keepLimits(row: LimitsRow): void {
    void this.#put(row, undefined, 'ok').catch(() => undefined);
  }

  /** Resolves when the row would survive a power cut. */
  append(row: JournalRow): Promise<JournalEntry> {
    this.#count(row);
    return this.#put(row, row.key, row.status);
  }

  /** Keeps something else, behind the rows that were appended before. Resolves as `append` does. */
  async note(note: unknown): Promise<void> {
    await this.#put({ note }, undefined, 'ok');
  }

  #put(content: object, key: string | undefined, status: 'ok' | 'error'): Promise<JournalEntry> {
    return new Promise((resolve, reject) => {
      // A disk that failed once is not trusted again: what it holds now is what the next run begins with.
      if (this.#broken !== undefined) return reject(this.#broken);
      const line = Buffer.from(`${JSON.stringify(content)}\n`);
      this.#waiting.push({ line, key, status, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    this.forget();
    await this.#file.close();
    await this.#unlock();
  }

  /** Drops what it knows in memory. */
  forget(): void {
    this.#entries.close();
  }

  #know(key: string, { status, offset }: JournalEntry): void {
    this.#entries.set(key, offset * 2 + (status === 'ok' ? 0 : 1));
  }

  async #write(): Promise<void> {
    // A turn of the event loop, so that what ends together is written together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#save(Buffer.concat(group.map(({ line }) => line)));
        for (const { line, key, status, resolve } of group) {
          const entry = { status, offset: this.#size, bytes: line.length };
          this.#size += line.length;
          if (key !== undefined) this.#know(key, entry);
          resolve(entry);
        }
      } catch (error) {
        this.#broken = error;
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #save(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.#file.write(bytes, done, bytes.length - done, this.#size + done)).bytesWritten;
    }
    await this.#file.datasync();
  }

  /** Reads what is there, and cuts off what was being written. @returns The parameters of the last run. */
  async #load(path: string, onNote?: (note: unknown) => void): Promise<string | undefined> {
    let parameters: string | undefined;
    for await (const line of journalLines(this.#file)) {
      if (line.offset === 0 && !line.text.startsWith(START)) {
        // One that died while it wrote its first line has nothing to lose.
        if (!line.whole && START.startsWith(line.text)) break;
        throw new BatchError('journal_invalid', `${path} is not a journal of tidegate, and is left as it is.`);
      }
      const row = line.whole ? parseLine(line.text) : undefined;
      if (line.whole) this.#size = line.offset + line.length + 1;
      if (row === undefined) continue;
      if ('tidegate' in row) {
        if (row.version !== 1) throw new BatchError('journal_invalid', `${path} is of a later version of tidegate.`);
        parameters = row.parameters;
      } else if ('limits' in row) {
        this.#foundLimits.hear(row);
      } else if ('note' in row) {
        onNote?.(row.note);
      } else {
        this.#count(row);
        this.#foundLimits.spent(row);
        this.#know(row.key, { status: row.status, offset: line.offset });
      }
    }
    await this.#file.truncate(this.#size);
    return parameters;
  }

  #count({ costUsd, chargedUsd }: JournalRow): void {
    if (costUsd === null) this.spent.unpriced++;
    this.spent.usd += costUsd ?? 0;
    this.spent.chargedUsd += chargedUsd ?? costUsd ?? 0;
  }

  async #begin(parameters: string, path: string): Promise<void> {
    const header: JournalHeader = { tidegate: 'journal', version: 1, parameters };
    const line = Buffer.from(`${JSON.stringify(header)}\n`);
    await this.#save(line);
    this.#size += line.length;
    await syncFolder(dirname(path));
  }
}

/** The name of a new file is on the disk only when its folder is; Windows cannot, and need not. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function changed(path: string): BatchError {
  return new BatchError(
    'journal_changed',
    `${path} was begun with other parameters. Name another journal, or accept the changes: finished items then keep ` +
      'the answers they have.',
  );
}
