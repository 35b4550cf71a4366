import type { RowResponse } from '../send-row.ts';

/** A row on its way into a batch of the provider. */
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
  /** It would go once others have ended; `limitTokens` may be queued at once, where that is told. */
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
      /** It may still be refused as a whole. */
      readonly isNew: boolean;
      /** Rows that are done, where the provider tells it. */
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

/** How the rows of a batch stand in one file: each is a line of its own. */
export interface BatchForm {
  readonly head: string;
  readonly between: string;
  readonly tail: string;
}

/** Rows that are to become a batch, in a file. */
export interface WrittenBatch {
  readonly path: string;
  readonly rows: number;
  /** Names the batch from before it exists. */
  readonly token: string;
  /** What its rows have in common. */
  readonly group: string;
}

/** A batch that was asked for, and whose id nobody heard. */
export interface LostBatch {
  readonly token: string;
  readonly rows: number;
  /** What `prepare` resolved with. */
  readonly mark: string;
  /** Whether a batch is known to be another one. */
  isOther(id: string): boolean;
  isOwnRow(customId: string): boolean;
}

export interface FoundBatch {
  readonly id: string;
  /** It fits, and nothing proves it: it may be somebody else's. */
  readonly guessed: boolean;
}

/** The provider's own batches. Methods reject with the provider's refusal. */
export interface BatchApi {
  /** Of one batch. */
  readonly mostRows: number;
  readonly mostBytes: number;
  readonly form: BatchForm;
  /** Rows of one batch have this in common. */
  groupOf(request: BatchRequest): string;
  /** One line of text. */
  lineOf(request: BatchRequest): string;
  /** What comes before a batch is asked for. @returns By what it is known again, should nobody hear of its id. */
  prepare(batch: WrittenBatch): Promise<string>;
  /** Asks for it once. @returns The batch's id. */
  create(batch: WrittenBatch, mark: string): Promise<string>;
  find(lost: LostBatch): Promise<FoundBatch | undefined>;
  /** Takes back what was prepared for a batch that is not to be. */
  discard(mark: string): Promise<void>;
  look(id: string): Promise<BatchState>;
  /** Outcomes of a batch that has ended, in any order, as lines of text; `read` makes sense of one. */
  results(id: string): Promise<AsyncIterable<Uint8Array>[]>;
  read(line: string): { readonly customId: string; readonly outcome: BatchOutcome } | undefined;
  cancel(id: string): Promise<void>;
}

/** Ways to the provider. */
export interface Senders {
  /** Sends again what fails. */
  readonly send: typeof fetch;
  /** Sends once, since what was answered by nothing may have been done. */
  readonly sendOnce: typeof fetch;
}
