import type { Priority } from '../core/events.ts';

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
  /** What the refused call asked for, as the provider counts it. */
  readonly requested: number | null;
  /** What becomes of the call: the wait before it is sent again, and who named it; null where it is given up. */
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

/** A lane that sends nothing for a while. */
export interface PauseLine {
  readonly v: 1;
  readonly kind: 'pause';
  readonly at: string;
  readonly pool: string;
  readonly dimension: string;
  readonly waitMs: number;
}

/**
 * A limit as the provider tells it, when it is told first or is another one, and what has been learned of it since; only with `record:
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
  /** Whether it is whole again with each minute of the clock, and not bit by bit. */
  readonly fixedWindow?: boolean;
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
  /** The maximum that it asked for. */
  readonly maxOutputTokens?: number | null;
}

export type RecordLine = HitLine | PauseLine | LimitLine | CallLine;
