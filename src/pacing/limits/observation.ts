import type { LimitSource } from '../../core/snapshot.ts';

/** What the provider reported about a limit, and our own state at that moment. */
export interface Observation {
  readonly limit: number;
  readonly remaining: number | undefined;
  /** Reported time until the bucket is full. */
  readonly resetMs?: number | undefined;
  readonly source: LimitSource;
  /** Monotonic time at which the request was sent, and at which the provider counted. */
  readonly sentAt: number;
  readonly sampledAt: number;
  /** When the request sent before this one was counted: a header that is late by one answer shows that moment. */
  readonly previousAt: number;
  /** Attempts in flight when the request was sent. */
  readonly inFlight: number;
  /** Sequence number of the answered request. */
  readonly sequence: number;
  /** Our total consumption up to that request, and our consumption since. */
  readonly mark: number;
  readonly since: number;
  /** Amount that the answered call takes. */
  readonly amount: number;
  /** Whether the request was refused. A refusal reports the current level; an answer may arrive out of order. */
  readonly refused: boolean;
}
