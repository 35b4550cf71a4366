import { open } from 'node:fs/promises';
import type { Journal } from '../../../batch/journal.ts';
import { journalLines } from '../../../batch/journal-lines.ts';
import { parseLine } from '../../../batch/journal-row.ts';
import { systemClock } from '../../../core/clock.ts';

/** The journal's notes on a run with a deadline, which may take several processes. Wall-clock milliseconds since 1970. */
type Note = { readonly begunAt: number } | { readonly ended: true };

/** Start of the lines with notes, which are short, unlike the rows between them. */
const NOTE = '{"note":';

/** Start of a run with a deadline, by whichever process. */
export class RunBegin {
  /** Whether a batch may be at the provider. */
  readonly hasBatches: boolean;
  readonly #begunAt: number | undefined;
  #journal: Journal | undefined;

  private constructor(begunAt: number | undefined, hasBatches: boolean) {
    this.#begunAt = begunAt;
    this.hasBatches = hasBatches;
  }

  /** Reads a journal before it is opened: whether the run uses batches depends on it. */
  static async read(path: string): Promise<RunBegin> {
    const file = await open(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!file) return new RunBegin(undefined, false);
    let begunAt: number | undefined;
    const batches = new Set<string>();
    try {
      for await (const { text, whole } of journalLines(file)) {
        if (!whole || !text.startsWith(NOTE)) continue;
        const line = parseLine(text);
        const note = (line && 'note' in line ? line.note : undefined) as NoteInJournal;
        if (typeof note?.begunAt === 'number') begunAt ??= note.begunAt;
        if (note?.ended === true) begunAt = undefined;
        if (typeof note?.batch !== 'string') continue;
        if (note.asked !== undefined) batches.add(note.batch);
        if (note.over === true) batches.delete(note.batch);
      }
    } finally {
      await file.close();
    }
    return new RunBegin(begunAt, batches.size > 0);
  }

  /** 0 if the clock was set back. */
  get elapsedMs(): number {
    return this.#begunAt === undefined ? 0 : Math.max(0, systemClock.wall() - this.#begunAt);
  }

  keepIn(journal: Journal): void {
    this.#journal = journal;
    if (this.#begunAt === undefined) this.#note({ begunAt: systemClock.wall() });
  }

  /** Every row has its outcome: whatever follows in this journal is another run. */
  ended(): void {
    this.#note({ ended: true });
  }

  /** Errors are ignored: a failing disk ends the run at its next row. */
  #note(note: Note): void {
    void this.#journal?.note(note).catch(() => undefined);
  }
}

type NoteInJournal =
  | { readonly [name in 'begunAt' | 'ended' | 'batch' | 'asked' | 'over']?: unknown }
  | null
  | undefined;
