import type { JsonObject } from '../json.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest } from './work.ts';

/** Timing and limits of batches. */
export interface BatchSettings {
  /** Seconds from creation to end; with 0, they have ended at the first poll. */
  readonly seconds: number;
  /** Share of requests that expire, 0 … 1. */
  readonly expired: number;
  /** Maximum input tokens in unfinished batches. */
  readonly enqueuedTokens: number;
}

/** The result of a batch's request, as of a single request. @throws BadRequest */
export type AnswerRow = (path: string, body: JsonObject, context: WorkContext) => Work;

export type RowState = 'done' | 'expired' | 'canceled';

/** A request in a batch, with its answer. */
export interface BatchRow {
  readonly customId: unknown;
  readonly inputTokens: number;
  /** Status and body of the answer. */
  readonly status: number;
  readonly body: unknown;
  /** Whether it expires. */
  readonly expires: boolean;
}

/** The progress of a batch: its rows finish one after another until it ends. */
export class TimedBatch {
  readonly id: string;
  readonly rows: readonly BatchRow[];
  readonly wallMs: number;
  readonly createdAt: number;
  #endsAt: number;
  /** Rows that were finished at the cancellation. */
  #finished: number | undefined;

  constructor(id: string, rows: readonly BatchRow[], seconds: number, { now, wallMs }: WorkContext) {
    this.id = id;
    this.rows = rows;
    this.wallMs = wallMs;
    this.createdAt = now;
    this.#endsAt = now + seconds * 1_000;
  }

  get canceled(): boolean {
    return this.#finished !== undefined;
  }

  cancel(now: number): void {
    if (this.ended(now)) return;
    this.#finished = Math.floor((this.rows.length * (now - this.createdAt)) / (this.#endsAt - this.createdAt));
    this.#endsAt = now;
  }

  ended(now: number): boolean {
    return now >= this.#endsAt;
  }

  /** Wall-clock milliseconds of its end. */
  get endedWallMs(): number {
    return this.wallMs + this.#endsAt - this.createdAt;
  }

  /** State of each row at the end. */
  states(): RowState[] {
    const finished = this.#finished;
    if (finished === undefined) return this.rows.map(({ expires }) => (expires ? 'expired' : 'done'));
    // What is finished is answered, and paid for.
    return this.rows.map((_, index) => (index < finished ? 'done' : 'canceled'));
  }
}

export function rowOf(
  customId: unknown,
  answer: () => Work,
  { random }: WorkContext,
  { expired }: BatchSettings,
): BatchRow {
  const expires = expired > 0 && random() < expired;
  try {
    const work = answer();
    return { customId, inputTokens: work.usage.inputTokens, status: 200, body: work.body(), expires };
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    const { message, param } = error;
    const body = { error: { message, type: 'invalid_request_error', param: param ?? null, code: null } };
    return { customId, inputTokens: 0, status: 400, body, expires };
  }
}
