import type { LimitBelief } from './beliefs.ts';
import type { CircuitState, SharedMode } from './event-values.ts';
import type { Dimension } from './outcome.ts';
import type { ProviderName } from './provider.ts';

export type LimitSource = 'header' | 'body' | 'config' | 'learned';

/** One limit of a lane, as `guard.snapshot()` and the gauges show it. */
export interface DimensionSnapshot {
  readonly dimension: Dimension;
  readonly limit: number;
  /** Estimated remaining amount; undefined if unknown. */
  readonly remaining: number | undefined;
  /**
   * Used share of the limit by our own count: what this process admitted within the last minute; for a day's limit,
   * what is used up. Above 1 while a full bucket is being spent. Undefined if the limit is not counted.
   */
  readonly utilization?: number | undefined;
  /** Milliseconds until the bucket is full again. */
  readonly resetMs: number | undefined;
  readonly windowMs: number;
  readonly source: LimitSource;
  /** Age of the last reading from the provider; undefined without one. */
  readonly observedAgeMs: number | undefined;
  /** Rate that the pacer currently admits, in units per second; undefined if the dimension is not paced. */
  readonly ratePerSecond: number | undefined;
  /** Bucket size, the most that may be spent at once; undefined if the limit is not counted. */
  readonly atOnce?: number | undefined;
  /** Refill rate of the limit, for all its users together. */
  readonly refillPerSecond?: number | undefined;
  /** Beliefs about it beyond what the provider states, each held until evidence contradicts it. */
  readonly beliefs?: readonly LimitBelief[] | undefined;
}

/** Queued calls of a lane. */
export interface Waiting {
  /** Calls of a priority other than `batch`. */
  readonly urgent: number;
  /** The tenant with the most queued calls; undefined if none names a tenant. */
  readonly busiestTenant: string | undefined;
  /** Its share of the queued calls. */
  readonly busiestShare: number;
}

/** State of one lane; plain data. */
export interface LaneSnapshot {
  readonly lane: string;
  readonly provider: ProviderName;
  /** Limit group: by default the model's pool, with its tier if that has limits of its own. */
  readonly group: string;
  /** Scheme, host and port only. */
  readonly baseURL: string;
  readonly dimensions: readonly DimensionSnapshot[];
  readonly inFlight: number;
  readonly maxConcurrent: number;
  readonly queued: number;
  /** How long the oldest queued call has waited; 0 if none is queued. */
  readonly oldestWaitMs: number;
  readonly waiting: Waiting;
  readonly maxQueued: number;
  /** 0 if the lane is not paused. */
  readonly pausedForMs: number;
  readonly circuit: CircuitState;
  readonly counts: LaneCounts;
  /** How limits are shared with other processes; undefined if they are not. */
  readonly shared?: SharedSnapshot | undefined;
}

export interface SharedSnapshot {
  readonly mode: SharedMode;
  /** Processes known to share the account, and how many of them have calls waiting. */
  readonly processes: number;
  readonly active: number;
  /** Latency of the store. */
  readonly exchangeMs: number;
  readonly dimensions: readonly SharedDimensionSnapshot[];
}

export interface SharedDimensionSnapshot {
  readonly dimension: Dimension;
  /** Amount that this process has leased. */
  readonly leased: number;
  /** Amount still available to lease. */
  readonly free: number;
  /**
   * Amount leased by all processes that may be unspent: the most by which the limit can be exceeded if the store loses
   * its state. Leases of dead processes count as spent.
   */
  readonly mostOvershoot: number;
}

export interface LaneCounts {
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly attempts: number;
  readonly retries: number;
  readonly throttled: number;
}
