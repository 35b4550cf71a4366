import type { LimitSource } from '../../core/snapshot.ts';

/** What the provider said of a limit, and what we know about that moment. */
export interface Observation {
  readonly limit: number;
  readonly remaining: number | undefined;
  /** Time until the bucket is full, as far as the provider says. */
  readonly resetMs?: number | undefined;
  readonly source: LimitSource;
  /** Monotonic time at which the request was sent, and at which the provider counted. */
  readonly sentAt: number;
  readonly sampledAt: number;
  /** Order of sending of the request that was answered. */
  readonly sequence: number;
  /** Our consumption in all up to that request, and what has come since. */
  readonly mark: number;
  readonly since: number;
  /** What the call takes that was answered. */
  readonly amount: number;
  /** A refused request tells of now; others may have been overtaken. */
  readonly refused: boolean;
}
