import { BatchError } from './batch-error.ts';
import { contentKey } from './item-key.ts';
import { attempt, JournalFile, ofDisk, prepareJournal } from './journal-file.ts';
import { type JournalHeader, type JournalRow, type LimitsRow, parseLine } from './journal-row.ts';
import { lockFile } from './journal-lock.ts';
import { FoundLimits } from './found-limits.ts';
import { KeyTable } from './key-table.ts';
import type { JournalOptions } from './options.ts';

/** Position of a row in the file. */
export interface JournalEntry {
  readonly status: 'ok' | 'error';
  readonly offset: number;
  /** Set for rows written by this run. */
  readonly bytes?: number;
}

interface Waiting {
  readonly line: Buffer;
  /** Undefined for notes and limits. */
  readonly key: string | undefined;
  readonly status: 'ok' | 'error';
  readonly resolve: (entry: JournalEntry) => void;
  readonly reject: (error: unknown) => void;
}

type Parse = (text: string) => unknown;

const START = '{"tidegate":"journal"';

/**
 * A file of finished items, one per line, that is only ever appended to. A row counts once it is durable; rows that
 * arrive during a write go together in the next one. Memory holds no content, only keys, and beyond some ten thousands
 * those spill to a file.
 */
export class Journal {
  readonly #path: string;
  readonly #file: JournalFile;
  readonly #unlock: () => Promise<void>;
  readonly #entries: KeyTable;
  readonly #parse: Parse;
  readonly #foundLimits = new FoundLimits();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #broken: unknown;
  /** Total cost of all rows, including those of earlier runs and those that were called again. */
  readonly spent = { usd: 0, chargedUsd: 0, unpriced: 0 };

  private constructor(path: string, file: JournalFile, unlock: () => Promise<void>, parse: Parse) {
    this.#path = path;
    this.#file = file;
    this.#unlock = unlock;
    this.#parse = parse;
    // Next to the journal: on many machines the directory for temporary files is in memory.
    this.#entries = new KeyTable(() => `${path}.keys-${crypto.randomUUID()}`);
  }

  /**
   * `onNote` is called with each note of earlier runs, in order; `parse` reads the JSON of finished items.
   *
   * @throws BatchError if another run holds it, its parameters differ, or it is not a journal.
   */
  static async open(
    { path, parameters, acceptChanges }: JournalOptions,
    onNote?: (note: unknown) => void,
    parse: Parse = JSON.parse,
  ): Promise<Journal> {
    await prepareJournal(path);
    const unlock = await attempt(path, 'opened', () => lockFile(path));
    let file: JournalFile | undefined;
    let opened: Journal | undefined;
    try {
      file = await JournalFile.open(path);
      const journal = new Journal(path, file, unlock, parse);
      opened = journal;
      const known = await journal.#load(path, onNote);
      const wanted = contentKey(parameters);
      if (known !== undefined && known !== wanted && acceptChanges !== true) throw changed(path);
      if (known !== wanted) await journal.#begin(wanted);
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
    const found = this.#known(key);
    if (found === undefined) return undefined;
    return { status: found % 2 === 0 ? 'ok' : 'error', offset: Math.floor(found / 2) };
  }

  async read({ offset }: JournalEntry): Promise<JournalRow> {
    return this.#parse(await this.#file.lineAt(offset)) as JournalRow;
  }

  /** Limits known at the end of the previous run. */
  get limits(): LimitsRow['limits'] | undefined {
    return this.#foundLimits.limits;
  }

  /** Saves the known limits along with the next rows. Losing them is harmless. */
  keepLimits(row: LimitsRow): void {
    void this.#put(row, undefined, 'ok').catch(() => undefined);
  }

  /** Resolves when the row would survive a power cut. */
  append(row: JournalRow): Promise<JournalEntry> {
    this.#count(row);
    return this.#put(row, row.key, row.status);
  }

  /** Saves other data after the rows appended so far. Resolves as `append` does. */
  async note(note: unknown): Promise<void> {
    await this.#put({ note }, undefined, 'ok');
  }

  #put(content: object, key: string | undefined, status: 'ok' | 'error'): Promise<JournalEntry> {
    return new Promise((resolve, reject) => {
      // After one write error nothing more is written: the next run starts from what is on the disk now.
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

  /** Releases the index of keys. */
  forget(): void {
    this.#entries.close();
  }

  /** Keys that do not fit into memory are read from a file. */
  #known(key: string): number | undefined {
    try {
      return this.#entries.get(key);
    } catch (error) {
      throw ofDisk(error, this.#path, 'read');
    }
  }

  #know(key: string, { status, offset }: JournalEntry): void {
    this.#entries.set(key, offset * 2 + (status === 'ok' ? 0 : 1));
  }

  async #write(): Promise<void> {
    // One turn of the event loop, so that rows that finish together are written together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        let { size } = this.#file;
        await this.#file.append(Buffer.concat(group.map(({ line }) => line)));
        for (const { line, key, status, resolve } of group) {
          const entry = { status, offset: size, bytes: line.length };
          size += line.length;
          if (key !== undefined) this.#know(key, entry);
          resolve(entry);
        }
      } catch (error) {
        this.#broken = ofDisk(error, this.#path, 'written');
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(this.#broken);
      }
    }
    this.#writing = undefined;
  }

  /** Loads the existing rows and truncates a partial last line. @returns The parameters of the last run. */
  async #load(path: string, onNote?: (note: unknown) => void): Promise<string | undefined> {
    let parameters: string | undefined;
    for await (const line of this.#file.lines()) {
      if (line.offset === 0 && !line.text.startsWith(START)) {
        // A run that died while writing its first line left nothing to keep.
        if (!line.whole && START.startsWith(line.text)) break;
        throw new BatchError('journal_invalid', `${path} is not a tidegate journal; it was left unchanged.`);
      }
      const row = line.whole ? parseLine(line.text) : undefined;
      if (line.whole) this.#file.size = line.offset + line.length + 1;
      if (row === undefined) continue;
      if ('tidegate' in row) {
        if (row.version !== 1)
          throw new BatchError('journal_invalid', `${path} was written by a newer version of tidegate.`);
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
    await this.#file.cut();
    return parameters;
  }

  #count({ costUsd, chargedUsd }: JournalRow): void {
    if (costUsd === null) this.spent.unpriced++;
    this.spent.usd += costUsd ?? 0;
    this.spent.chargedUsd += chargedUsd ?? costUsd ?? 0;
  }

  async #begin(parameters: string): Promise<void> {
    const header: JournalHeader = { tidegate: 'journal', version: 1, parameters };
    await this.#file.append(Buffer.from(`${JSON.stringify(header)}\n`));
    await this.#file.syncFolder();
  }
}

function changed(path: string): BatchError {
  return new BatchError(
    'journal_changed',
    `${path} was started with other parameters. Use another journal, or accept the changes: finished items then keep ` +
      'their answers.',
  );
}
