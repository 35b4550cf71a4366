import type { LimitBelief } from './beliefs.ts';
import type { CircuitState, SharedMode } from './event-words.ts';
import type { Dimension } from './outcome.ts';
import type { ProviderName } from './provider.ts';

export type LimitSource = 'header' | 'body' | 'config' | 'learned';

/** One limit of a lane, as `guard.snapshot()` and the gauges show it. */
export interface DimensionSnapshot {
  readonly dimension: Dimension;
  readonly limit: number;
  /** Estimate of what is left now; undefined when nothing is known. */
  readonly remaining: number | undefined;
  /**
   * Share of the limit in use by our own count: what this process admitted within the last minute, or of the day what is
   * gone. Above 1 where a bucket that was full is spent. Undefined where the limit is not counted.
   */
  readonly utilization?: number | undefined;
  /** Until the bucket is full again. */
  readonly resetMs: number | undefined;
  readonly windowMs: number;
  readonly source: LimitSource;
  /** Age of the last reading from the provider; undefined when there was none. */
  readonly observedAgeMs: number | undefined;
  /** Rate that the pacer admits now, in units per second; undefined when the dimension is not paced. */
  readonly ratePerSecond: number | undefined;
  /** The most that may be spent at once; undefined where the limit is not counted. */
  readonly atOnce?: number | undefined;
  /** What comes back to the limit, for all who spend of it. */
  readonly refillPerSecond?: number | undefined;
  /** What is believed of it beyond what is told, each until evidence ends it. */
  readonly beliefs?: readonly LimitBelief[] | undefined;
}

/** Who waits in a lane. */
export interface Waiting {
  /** Calls of another priority than `batch`. */
  readonly urgent: number;
  /** The tenant that has the most calls waiting; undefined where nobody's tenant is named. */
  readonly busiestTenant: string | undefined;
  /** Its share of the calls that wait. */
  readonly busiestShare: number;
}

/** State of one lane; plain data. */
export interface LaneSnapshot {
  readonly lane: string;
  readonly provider: ProviderName;
  /** Limit group: by default the pool of limits that the model draws on, with its tier where that has its own. */
  readonly group: string;
  /** Scheme, host and port only. */
  readonly baseURL: string;
  readonly dimensions: readonly DimensionSnapshot[];
  readonly inFlight: number;
  readonly maxConcurrent: number;
  readonly queued: number;
  /** How long the call waits that came first; 0 where none does. */
  readonly oldestWaitMs: number;
  readonly waiting: Waiting;
  readonly maxQueued: number;
  /** 0 when the lane is not paused. */
  readonly pausedForMs: number;
  readonly circuit: CircuitState;
  readonly counts: LaneCounts;
  /** How limits are shared with other processes; undefined where they are not. */
  readonly shared?: SharedSnapshot | undefined;
}

export interface SharedSnapshot {
  readonly mode: SharedMode;
  /** Processes that share the account, as far as is known, and those of them that want something now. */
  readonly processes: number;
  readonly active: number;
  /** How long the store takes to answer. */
  readonly exchangeMs: number;
  readonly dimensions: readonly SharedDimensionSnapshot[];
}

export interface SharedDimensionSnapshot {
  readonly dimension: Dimension;
  /** What this process may spend of it at once. */
  readonly leased: number;
  /** What may be leased beside. */
  readonly free: number;
  /**
   * What all processes have leased and may not have spent: no more than this is let through too much if the store loses
   * its state. Leases of processes that died count as spent.
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
