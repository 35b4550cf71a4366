import type { Dimension, Outcome } from '../../../src/core/outcome.ts';
import type { ProviderName } from '../../../src/core/provider.ts';

/** Who is kept from sending meanwhile. */
export type Holds =
  /** Only the call that was refused. */
  | 'the call'
  /** Every call of the model, or of the pool that shares its limits. */
  | 'the model'
  /** Calls for which the limit, as far as the refusal tells of it, has no room; others go on. */
  | 'what does not fit'
  /** Calls with the content that is limited; all others go on. */
  | 'its content'
  /** Every call of the model is refused at once, but for one a minute that tries. */
  | 'all, refused';

/** One refusal as somebody has met it, and what is to come of it. */
export interface Sample {
  /** Unique in its file. */
  readonly name: string;
  /** Absent for an error inside a stream or a 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly source: string;
  readonly date: string;
  readonly outcome: Exclude<Outcome, 'ok'>;
  readonly dimension?: Dimension;
  readonly limit?: number;
  /** What the server asks to wait, in milliseconds. */
  readonly waitMs?: number;
  readonly noCapacity?: true;
  /** Requests in all where the next one would be answered. */
  readonly sends: 1 | 2;
  readonly holds: Holds;
}

export interface SampleFile {
  readonly title: string;
  /** Whose rules it is read by. */
  readonly adapter: ProviderName;
  readonly samples: readonly Sample[];
}

/** The clock that samples with dates are read by. */
export const NOW: number = Date.parse('2026-11-26T12:00:00Z');

/** Shorthands for what most samples say. */
export const waitsOut = { outcome: 'throttled', sends: 2, holds: 'the model' } as const;
/** Nobody says how long: everybody pauses for about a second. */
export const backsOff = { outcome: 'throttled', sends: 2, holds: 'the model' } as const;
/** With status 429, and whoever draws on the limit waits. */
export const refusedAs = (dimension: Dimension, waitMs?: number) =>
  ({ status: 429, ...waitsOut, dimension, ...(waitMs === undefined ? {} : { waitMs }) }) as const;
export const ofContent = { outcome: 'throttled', sends: 2, holds: 'its content' } as const;
export const never = { outcome: 'too_large', sends: 1, holds: 'the call' } as const;
/** The account has nothing of it. */
export const none = { outcome: 'too_large', sends: 1, holds: 'all, refused' } as const;
export const money = { outcome: 'quota_exhausted', dimension: 'quota', sends: 1, holds: 'all, refused' } as const;
export const busy = { outcome: 'overloaded', sends: 2, holds: 'the call' } as const;
export const full = { outcome: 'overloaded', noCapacity: true, sends: 2, holds: 'the call' } as const;
