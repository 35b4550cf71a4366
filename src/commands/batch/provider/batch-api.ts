import type { RowResponse } from '../send-row.ts';

/** A row to submit in a batch of the provider. */
export interface BatchRequest {
  /** Unique within all batches of a run; letters, digits, `-` and `_`, at most 64. */
  readonly customId: string;
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Outcome of a row in a batch: an answer, a permanent refusal, or none yet. */
export type BatchOutcome =
  | { readonly kind: 'answered'; readonly response: RowResponse }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** The row was not processed, or failed temporarily. */
  | { readonly kind: 'unfinished' };

export interface RowRefusal {
  readonly code: string;
  readonly message: string;
}

/** Why the provider created no batch from a file. */
export type BatchRefusal =
  /** It would be accepted once other batches have ended; `limitTokens` is the queue's limit, if stated. */
  | { readonly kind: 'queue'; readonly limitTokens: number | undefined }
  /** Smaller batches would be accepted. */
  | { readonly kind: 'size' }
  /** It would be accepted without these rows, by their index in the file, from 0. */
  | { readonly kind: 'rows'; readonly rows: ReadonlyMap<number, RowRefusal> }
  /** No file is accepted, due to a problem of the account. */
  | ({ readonly kind: 'account' } & RowRefusal)
  /** It will never be accepted. */
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
      /** Whether it was cancelled before it was done. */
      readonly isCancelled: boolean;
      /** Minimum number of answers in its results. */
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
  /** Maximum rows of one batch. */
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

/** Functions that send requests to the provider. */
export interface Senders {
  /** With retries. */
  readonly send: typeof fetch;
  /** Without retries, since a request without an answer may have taken effect. */
  readonly sendOnce: typeof fetch;
}
