import type { LimitModelKind } from './limit-model.ts';
import type { LimitView } from './limit-view.ts';
import type { OutputCounting, RefusedCounting, SimulatorProvider } from './limit-rules.ts';
import type { LimitName, RejectedBy, SimulatorLimits } from './limits.ts';

/** Seconds of the limit that can be spent at once; 60 is the whole minute. */
export interface BucketSeconds {
  readonly requests: number;
  readonly tokens: number;
}

/** Other users of the account, who take a share of the refill. */
export interface Neighbour {
  /** 0 … 1. */
  readonly share: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Headers of another scope than the limit's: of the organization if a project's limit refuses. */
export interface LimitScope {
  /** The limit of the other scope, as a multiple of this one. */
  readonly factor: number;
  /** Share of the other scope's limit that others use, 0 … 1. */
  readonly othersShare: number;
}

export interface LimitEngineOptions {
  readonly provider: SimulatorProvider;
  /** Limits of a model's pool. */
  readonly limitsOf: (pool: string) => SimulatorLimits;
  /** Default: 60 for both. Only limits per minute have it. */
  readonly bucketSeconds?: BucketSeconds;
  /** Fill level of buckets at first use, 0 … 1. Default 1. */
  readonly initialFill?: number;
  /** Anthropic only. Default `realtime`. */
  readonly outputCounting?: OutputCounting;
  /** Default: `whole` for OpenAI and Azure, else `none`. */
  readonly refusedCounting?: RefusedCounting;
  /** How limits per minute are counted. Default `bucket`. */
  readonly limiter?: LimitModelKind;
  /** A time at which fixed windows begin. Default 0. */
  readonly clockStart?: number;
  /** Nothing is counted before the answer is complete. Default false. */
  readonly countsAtEnd?: boolean;
  /** What `levels` reports. Default: the exact state of all limits. */
  readonly view?: LimitView;
  readonly scope?: LimitScope | undefined;
}

export interface Refusal {
  readonly admitted: false;
  readonly by: RejectedBy;
  readonly limit: number;
  readonly used: number;
  readonly requested: number;
  /** The request exceeds the whole limit: no waiting helps. */
  readonly tooLarge: boolean;
  /** Time until the request fits, by the provider's knowledge; undefined if it gives no hint. */
  readonly waitMs: number | undefined;
  /** Of a growth limit: what it becomes at the next step. */
  readonly nextLimit?: number;
}

/** An admitted request, to be settled with its usage. */
export interface Reservation {
  readonly admitted: true;
  readonly pool: string;
  readonly charged: ReadonlyMap<LimitName, number>;
}
