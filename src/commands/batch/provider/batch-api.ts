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
  /** Of one that failed as a whole: whether it would go once others have ended. */
  readonly tooMuchQueued?: boolean;
  readonly reason?: string;
}

/** The provider's own batches. Methods reject with the provider's refusal. */
export interface BatchApi {
  /** Of one batch. */
  readonly mostRows: number;
  readonly mostBytes: number;
  /** Rows of one batch have this in common. */
  groupOf(request: BatchRequest): string;
  /** @returns The batch's id. */
  create(requests: readonly BatchRequest[]): Promise<string>;
  look(id: string): Promise<BatchState>;
  /** Outcomes of a batch that has ended, in any order, as lines of text; `read` makes sense of one. */
  results(id: string): Promise<AsyncIterable<Uint8Array>[]>;
  read(line: string): { readonly customId: string; readonly outcome: BatchOutcome } | undefined;
  cancel(id: string): Promise<void>;
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
