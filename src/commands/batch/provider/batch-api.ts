import type { RowResponse } from '../send-row.ts';

/** A row on its way into a batch of the provider. */
export interface BatchRequest {
  /** Unique within all batches of a run; letters, digits, `-` and `_`, at most 64. */
  readonly customId: string;
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a batch made of a row: an answer, a refusal, or nothing in its time. */
export type BatchOutcome =
  | { readonly kind: 'answered'; readonly response: RowResponse }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'unfinished' };

export interface BatchState {
  readonly state: 'running' | 'ended' | 'failed';
  /** It may still be refused as a whole. */
  readonly isNew?: boolean;
  /** Rows that are done, where the provider tells it. */
  readonly done?: number | undefined;
  /** Of one that failed as a whole: whether it would go once others have ended. */
  readonly tooMuchQueued?: boolean;
  readonly reason?: string;
}

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

/** A batch that was asked for by a run that did not live to note its id. */
export interface LostBatch {
  readonly token: string;
  readonly rows: number;
  /** Wall-clock milliseconds before it can have been asked for. */
  readonly sinceMs: number;
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
  /** Asks for it once. @returns The batch's id. */
  create(batch: WrittenBatch): Promise<string>;
  find(lost: LostBatch): Promise<FoundBatch | undefined>;
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

/** A refusal of the provider's batch API. */
export class BatchApiError extends Error {
  override readonly name = 'BatchApiError';
  readonly status: number;

  constructor(status: number, text: string, doing: string) {
    super(`The provider answered ${status} to ${doing}${messageOf(text)}`);
    this.status = status;
  }
}

function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? `: ${error.message.slice(0, 300)}` : '.';
  } catch {
    return '.';
  }
}
