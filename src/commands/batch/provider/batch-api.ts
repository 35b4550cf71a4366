import type { RowResponse } from '../send-row.ts';

/** A row to submit in a batch of the provider. */
export interface BatchRequest {
  /** Unique within all batches of a run; letters, digits, `-` and `_`, at most 64. */
  readonly customId: string;
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a batch made of a row: an answer, a refusal, or nothing that lasts. */
export type BatchOutcome =
  | { readonly kind: 'answered'; readonly response: RowResponse }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** It had no turn, or met a fault of the moment. */
  | { readonly kind: 'unfinished' };

export interface RowRefusal {
  readonly code: string;
  readonly message: string;
}

/** Why there is no batch of a file. */
export type BatchRefusal =
  /** It would pass once others have ended; `limitTokens` is the queue's limit, if stated. */
  | { readonly kind: 'queue'; readonly limitTokens: number | undefined }
  /** It would go in smaller ones. */
  | { readonly kind: 'size' }
  /** It would go without these rows, by their place in the file from 0. */
  | { readonly kind: 'rows'; readonly rows: ReadonlyMap<number, RowRefusal> }
  /** No file goes, for a fault of the account. */
  | ({ readonly kind: 'account' } & RowRefusal)
  /** It never goes. */
  | ({ readonly kind: 'batch' } & RowRefusal);

export type BatchState =
  | {
      readonly state: 'running';
      /** The provider may still refuse all of it. */
      readonly isNew: boolean;
      /** Finished rows, if the provider reports them. */
      readonly done: number | undefined;
    }
  | {
      readonly state: 'ended';
      /** Somebody asked for that before it was done. */
      readonly isCancelled: boolean;
      /** Rows whose answers are in its results, at least. */
      readonly answered: number;
    }
  | { readonly state: 'refused'; readonly refusal: BatchRefusal };

/** The file format of a batch: one line per row. */
export interface BatchForm {
  readonly head: string;
  readonly between: string;
  readonly tail: string;
}

/** A file of rows to submit as a batch. */
export interface WrittenBatch {
  readonly path: string;
  readonly rows: number;
  /** Our name of the batch, chosen before it exists. */
  readonly token: string;
  /** Common properties of its rows. */
  readonly group: string;
}

/** A batch that was requested and whose id never arrived. */
export interface LostBatch {
  readonly token: string;
  readonly rows: number;
  /** What `prepare` resolved with. */
  readonly mark: string;
  /** Whether a batch is known to be a different one. */
  isOther(id: string): boolean;
  isOwnRow(customId: string): boolean;
}

export interface FoundBatch {
  readonly id: string;
  /** A match without proof: it may belong to another program. */
  readonly guessed: boolean;
}

/** The provider's own batches. Methods reject with the provider's refusal. */
export interface BatchApi {
  /** Of one batch. */
  readonly mostRows: number;
  readonly mostBytes: number;
  readonly form: BatchForm;
  /** Rows with equal values may share a batch. */
  groupOf(request: BatchRequest): string;
  /** One line of text. */
  lineOf(request: BatchRequest): string;
  /** Prepares the request for a batch. @returns What identifies it if its id never arrives. */
  prepare(batch: WrittenBatch): Promise<string>;
  /** Creates the batch, without retries. @returns The batch's id. */
  create(batch: WrittenBatch, mark: string): Promise<string>;
  find(lost: LostBatch): Promise<FoundBatch | undefined>;
  /** Removes the preparations for a batch that has ended, or will not be created. */
  discard(mark: string): Promise<void>;
  look(id: string): Promise<BatchState>;
  /** Outcomes of a finished batch, in any order, as lines of text; `read` parses one. */
  results(id: string): Promise<AsyncIterable<Uint8Array>[]>;
  read(line: string): { readonly customId: string; readonly outcome: BatchOutcome } | undefined;
  cancel(id: string): Promise<void>;
}

/** Ways to the provider. */
export interface Senders {
  /** With retries. */
  readonly send: typeof fetch;
  /** Without retries, since a request without an answer may have taken effect. */
  readonly sendOnce: typeof fetch;
}
