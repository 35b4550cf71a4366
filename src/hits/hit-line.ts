import type { Priority } from '../core/events.ts';
import type { LimitSource } from '../core/snapshot.ts';

/** A refusal by a limit, a quota or an overloaded provider. Times in milliseconds; null where it is not known. */
export interface HitLine {
  readonly v: 1;
  readonly kind: 'hit';
  /** ISO 8601. */
  readonly at: string;
  readonly provider: string;
  readonly model: string | null;
  /** Label of the lane, `provider/pool`: models of one pool share their limits. */
  readonly pool: string;
  /** The limit, or `overloaded`, `no_capacity`. */
  readonly dimension: string;
  readonly limit: number | null;
  readonly used: number | null;
  /** What the refused call requested, as the provider counts it. */
  readonly requested: number | null;
  /** The wait before the retry, and its source; null if the call was given up. */
  readonly waitMs: number | null;
  readonly waitSource: string | null;
  readonly attempt: number;
  readonly status: number | null;
  readonly code: string | null;
  readonly requestId: string | null;
  /** State of the lane. */
  readonly queued: number | null;
  readonly inFlight: number | null;
}

/** A pause of a lane. */
export interface PauseLine {
  readonly v: 1;
  readonly kind: 'pause';
  readonly at: string;
  readonly pool: string;
  readonly dimension: string;
  readonly waitMs: number;
}

/**
 * A limit as the provider states it, when first seen or changed, and what has been learned of it since; only with `record:
 * 'all'`.
 */
export interface LimitLine {
  readonly v: 1;
  readonly kind: 'limit';
  readonly at: string;
  readonly pool: string;
  readonly dimension: string;
  readonly limit: number;
  /** What may be spent at once, and what comes back in a minute. */
  readonly atOnce?: number;
  readonly perMinute?: number;
  /** Whether it resets at each minute of the clock instead of refilling continuously. */
  readonly fixedWindow?: boolean;
  /** Source of the limit. Absent in records of earlier versions, as are the members below. */
  readonly source?: LimitSource;
  /** What was left of it. */
  readonly remaining?: number;
  /** Whether `remaining` refers to what may be spent at once. */
  readonly ofBucket?: boolean;
}

/** A finished call; only with `record: 'all'`. Records of earlier versions have no `stream`, `priority` and maximum. */
export interface CallLine {
  readonly v: 1;
  readonly kind: 'call';
  /** When it arrived. */
  readonly at: string;
  readonly provider: string;
  readonly model: string | null;
  readonly pool: string;
  readonly operation: string;
  readonly stream?: boolean;
  readonly priority?: Priority;
  readonly outcome: string;
  readonly attempts: number;
  readonly durationMs: number;
  readonly waitedMs: number;
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly outputTokens: number | null;
  /** The output maximum that it requested. */
  readonly maxOutputTokens?: number | null;
}

export type RecordLine = HitLine | PauseLine | LimitLine | CallLine;
