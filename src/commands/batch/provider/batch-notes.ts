import type { Journal } from '../../../batch/journal.ts';
import { KeyTable } from '../../../batch/key-table.ts';
import { systemClock } from '../../../core/clock.ts';
import type { FoundBatch, LostBatch } from './batch-api.ts';

/** What the journal keeps of a batch, by the token that names it. Of each kind a later one replaces the earlier. */
type Note = { readonly batch: string } & (
  | { readonly rows: readonly string[] }
  /** It is asked for in the next moment; `at` in wall-clock milliseconds. */
  | { readonly asked: number; readonly at: number }
  | { readonly id: string; readonly guessed: boolean }
  /** Nothing of it is wanted any more. */
  | { readonly over: true }
);

/** A batch that may be at the provider. */
export interface NotedBatch {
  readonly token: string;
  /** Its place among all that were noted. */
  readonly index: number;
  rows: number;
  askedAt: number;
  /** Undefined where it was asked for, and nobody knows whether it exists. */
  id: string | undefined;
  guessed: boolean;
  state: 'collected' | 'asked' | 'over';
}

/** Ids in a line of the journal. */
const LINE_ROWS = 1_000;

/**
 * The batches of the provider that the journal knows of, and which rows are in them: a run that is killed goes on with them. In memory
 * there is a line a batch and a table of bounded size for the rows.
 */
export class BatchNotes {
  readonly #batches = new Map<string, NotedBatch>();
  readonly #byIndex: NotedBatch[] = [];
  readonly #batchOf: KeyTable;
  readonly #unwritten = new Map<string, string[]>();
  #journal: Journal | undefined;

  /** `base`: beside which a table that grows large has its file. */
  constructor(base: string) {
    this.#batchOf = new KeyTable(() => `${base}.rows-${crypto.randomUUID()}`);
  }

  /** Writes to this journal from now on. */
  keepIn(journal: Journal): void {
    this.#journal = journal;
  }

  /** Takes what an earlier run has noted. */
  hear(note: unknown): void {
    if (typeof (note as Partial<Note> | null)?.batch === 'string') this.#apply(note as Note);
  }

  /** Batches of earlier runs that are not over. */
  get open(): NotedBatch[] {
    return this.#byIndex.filter(({ state }) => state === 'asked');
  }

  /** Whether the row is in a batch that is not over, or on its way into one. */
  holds(customId: string): boolean {
    const index = this.#batchOf.get(customId);
    return index !== undefined && this.#byIndex[index]!.state !== 'over';
  }

  isIn(customId: string, token: string): boolean {
    const index = this.#batchOf.get(customId);
    return index !== undefined && this.#byIndex[index]!.token === token;
  }

  async addRow(token: string, customId: string): Promise<void> {
    let rows = this.#unwritten.get(token);
    if (!rows) this.#unwritten.set(token, (rows = []));
    rows.push(customId);
    this.#apply({ batch: token, rows: [customId] });
    if (rows.length < LINE_ROWS) return;
    this.#unwritten.delete(token);
    await this.#journal?.note({ batch: token, rows } satisfies Note);
  }

  /** Resolves when a run after a power cut would look for it. */
  async asks(token: string, rows: number): Promise<void> {
    const rest = this.#unwritten.get(token) ?? [];
    this.#unwritten.delete(token);
    if (rest.length > 0) void this.#journal?.note({ batch: token, rows: rest } satisfies Note).catch(() => undefined);
    await this.#write({ batch: token, asked: rows, at: Math.floor(systemClock.wall()) });
  }

  created(token: string, { id, guessed }: FoundBatch): Promise<void> {
    return this.#write({ batch: token, id, guessed });
  }

  over(token: string): Promise<void> {
    return this.#write({ batch: token, over: true });
  }

  lost({ token, rows, askedAt }: NotedBatch): LostBatch {
    return {
      token,
      rows,
      sinceMs: askedAt,
      isOther: (id) => this.#byIndex.some((each) => each.id === id && each.token !== token),
      isOwnRow: (customId) => this.isIn(customId, token),
    };
  }

  close(): void {
    this.#batchOf.close();
  }

  async #write(note: Note): Promise<void> {
    this.#apply(note);
    await this.#journal?.note(note);
  }

  #apply(note: Note): void {
    const { batch: token } = note;
    let batch = this.#batches.get(token);
    if (!batch) {
      const index = this.#byIndex.length;
      batch = { token, index, rows: 0, askedAt: 0, id: undefined, guessed: false, state: 'collected' };
      this.#batches.set(token, batch);
      this.#byIndex.push(batch);
    }
    if ('rows' in note) {
      for (const row of note.rows) this.#batchOf.set(row, batch.index);
    } else if ('asked' in note) {
      Object.assign(batch, { state: 'asked', rows: note.asked, askedAt: note.at, id: undefined });
    } else if ('id' in note) Object.assign(batch, { id: note.id, guessed: note.guessed });
    else batch.state = 'over';
  }
}
