import type { Journal } from '../../../batch/journal.ts';
import { KeyTable } from '../../../batch/key-table.ts';
import type { FoundBatch, LostBatch } from './batch-api.ts';

/** The journal's notes on a batch, by its token. A later note replaces an earlier one of its kind. */
type Note = { readonly batch: string } & (
  | { readonly rows: readonly string[] }
  /** We are about to request a batch of `asked` rows. */
  | { readonly asked: number; readonly mark: string }
  | { readonly id: string; readonly guessed: boolean }
  /** We are about to cancel it. */
  | { readonly left: true }
  /** It is no longer needed. */
  | { readonly over: true }
);

/** A batch that may exist at the provider. */
export interface NotedBatch {
  readonly token: string;
  /** Its index among all noted batches. */
  readonly index: number;
  rows: number;
  mark: string;
  /** Undefined if it was requested and may or may not exist. */
  id: string | undefined;
  guessed: boolean;
  state: 'collected' | 'asked' | 'over';
  /** Who cancelled it: this run, or someone else, who may not want to pay for its rows. */
  cancelledBy: 'us' | 'others' | undefined;
}

const UNKNOWN = {
  rows: 0,
  mark: '',
  id: undefined,
  guessed: false,
  state: 'collected',
  cancelledBy: undefined,
} as const;

/** Ids in a line of the journal. */
const LINE_ROWS = 1_000;

/**
 * The provider's batches in the journal, with their rows, from which a killed run resumes. In memory
 * there is an entry per batch and a table of bounded size for the rows.
 */
export class BatchNotes {
  readonly #batches = new Map<string, NotedBatch>();
  readonly #byIndex: NotedBatch[] = [];
  readonly #batchOf: KeyTable;
  readonly #unwritten = new Map<string, string[]>();
  #journal: Journal | undefined;

  /** `base`: path prefix of the file that a large table spills to. */
  constructor(base: string) {
    this.#batchOf = new KeyTable(() => `${base}.rows-${crypto.randomUUID()}`);
  }

  /** Sets the journal to write to. */
  keepIn(journal: Journal): void {
    this.#journal = journal;
  }

  /** Restores the notes of an earlier run. */
  hear(note: unknown): void {
    if (typeof (note as Partial<Note> | null)?.batch === 'string') this.#apply(note as Note);
  }

  /** Drops batches that an earlier run was still collecting: they were never submitted. */
  dropCollected(): void {
    for (const batch of this.#byIndex) if (batch.state === 'collected') batch.state = 'over';
  }

  /** Batches of earlier runs that are not over. */
  get open(): NotedBatch[] {
    return this.#byIndex.filter(({ state }) => state === 'asked');
  }

  /** Whether the row is in an unfinished batch, or about to be. */
  holds(customId: string): boolean {
    const batch = this.#batchWith(customId);
    return batch !== undefined && batch.state !== 'over';
  }

  /** Whether someone else cancelled the last batch with this row. */
  isCancelled(customId: string): boolean {
    return this.#batchWith(customId)?.cancelledBy === 'others';
  }

  #batchWith(customId: string): NotedBatch | undefined {
    const index = this.#batchOf.get(customId);
    return index === undefined ? undefined : this.#byIndex[index];
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

  /** Resolves once the note is durable. */
  async asks(token: string, rows: number, mark: string): Promise<void> {
    const rest = this.#unwritten.get(token) ?? [];
    this.#unwritten.delete(token);
    if (rest.length > 0) void this.#journal?.note({ batch: token, rows: rest } satisfies Note).catch(() => undefined);
    await this.#write({ batch: token, asked: rows, mark });
  }

  created(token: string, { id, guessed }: FoundBatch): Promise<void> {
    return this.#write({ batch: token, id, guessed });
  }

  leaves(token: string): Promise<void> {
    return this.#write({ batch: token, left: true });
  }

  /** Not written to the journal: the next run finds the same state at the provider. */
  cancelled(token: string): void {
    this.#batches.get(token)!.cancelledBy ??= 'others';
  }

  over(token: string): Promise<void> {
    return this.#write({ batch: token, over: true });
  }

  /** Notes on a batch whose id never arrived. */
  lost(token: string): LostBatch {
    const { rows, mark } = this.#batches.get(token)!;
    return {
      token,
      rows,
      mark,
      isOther: (id) => this.#byIndex.some((each) => each.id === id && each.token !== token),
      isOwnRow: (customId) => this.#batchWith(customId)?.token === token,
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
      batch = { token, index, ...UNKNOWN };
      this.#batches.set(token, batch);
      this.#byIndex.push(batch);
    }
    if ('rows' in note) {
      for (const row of note.rows) this.#batchOf.set(row, batch.index);
    } else if ('asked' in note) {
      Object.assign(batch, { state: 'asked', rows: note.asked, mark: note.mark, id: undefined });
    } else if ('id' in note) Object.assign(batch, { id: note.id, guessed: note.guessed });
    else if ('left' in note) batch.cancelledBy = 'us';
    else batch.state = 'over';
  }
}
