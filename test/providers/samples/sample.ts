import type { Dimension, Outcome } from '../../../src/core/outcome.ts';
import type { ProviderName } from '../../../src/core/provider.ts';

/** Which calls wait meanwhile. */
export type Holds =
  /** Only the call that was refused. */
  | 'the call'
  /** Every call of the model, or of the pool that shares its limits. */
  | 'the model'
  /** Calls for which the limit, as far as the refusal states it, has no room; others go on. */
  | 'what does not fit'
  /** Calls with the limited content; all others go on. */
  | 'its content'
  /** Every call of the model is refused at once, except one a minute as a trial. */
  | 'all, refused';

/** One refusal as it was met in practice, and the expected reaction. */
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
  /** Milliseconds that the server asks to wait. */
  readonly waitMs?: number;
  readonly noCapacity?: true;
  /** Total requests if the next one were answered. */
  readonly sends: 1 | 2;
  readonly holds: Holds;
}

export interface SampleFile {
  readonly title: string;
  /** The provider whose rules apply. */
  readonly adapter: ProviderName;
  readonly samples: readonly Sample[];
}

/** The clock for samples with dates. */
export const NOW: number = Date.parse('2026-11-26T12:00:00Z');

/** Shorthands for common expectations. */
export const waitsOut = { outcome: 'throttled', sends: 2, holds: 'the model' } as const;
/** No hint: all pause for about a second. */
export const backsOff = { outcome: 'throttled', sends: 2, holds: 'the model' } as const;
/** With status 429, and all users of the limit wait. */
export const refusedAs = (dimension: Dimension, waitMs?: number) =>
  ({ status: 429, ...waitsOut, dimension, ...(waitMs === undefined ? {} : { waitMs }) }) as const;
export const ofContent = { outcome: 'throttled', sends: 2, holds: 'its content' } as const;
export const never = { outcome: 'too_large', sends: 1, holds: 'the call' } as const;
/** The account has none of it. */
export const none = { outcome: 'too_large', sends: 1, holds: 'all, refused' } as const;
export const money = { outcome: 'quota_exhausted', dimension: 'quota', sends: 1, holds: 'all, refused' } as const;
export const busy = { outcome: 'overloaded', sends: 2, holds: 'the call' } as const;
export const full = { outcome: 'overloaded', noCapacity: true, sends: 2, holds: 'the call' } as const;
