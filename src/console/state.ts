/**
 * The data that the console's server sends to the page, and all that leaves the process. No content of calls, no key, no
 * name of a tenant.
 */
export interface ConsoleState {
  /** Number of the sample, with which the page asks for newer data. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly startedAt: number;
  readonly sources: readonly SourceState[];
  readonly verdict: Verdict;
  readonly totals: Totals;
  readonly lanes: readonly LaneState[];
  /** Number of lanes that are not shown: the least affected ones. */
  readonly lanesLeftOut: number;
  readonly batches: readonly BatchState[];
  /** Undefined without an Alertmanager. */
  readonly alerts?: AlertsState | undefined;
  /** The newest first. */
  readonly hits: readonly HitState[];
  /** Why hits are unavailable, if they are. */
  readonly hitsProblem?: string | undefined;
  /** The newest first. */
  readonly changes: readonly Change[];
}

export interface SourceState {
  /** `this process`, or the URL of a metrics page without possible secrets. */
  readonly name: string;
  readonly kind: 'process' | 'metrics';
  /** Why it cannot be read, if so. */
  readonly problem?: string | undefined;
}

/** Condition of a lane; the summary shows the worst. */
export type Condition =
  | 'unreachable'
  | 'outage'
  | 'quota'
  | 'overloaded'
  | 'paused'
  | 'limited'
  | 'crowded'
  | 'waiting'
  | 'refused'
  | 'near'
  | 'free'
  | 'idle';

export type Tone = 'bad' | 'warn' | 'note' | 'ok' | 'quiet';

/** The summary: are we limited, by what, whose limit is it, since when, what to do. */
export interface Verdict {
  readonly tone: Tone;
  readonly condition: Condition;
  readonly title: string;
  readonly byWhat: string;
  readonly whose: string;
  /** Milliseconds since 1970; undefined where nothing is wrong. */
  readonly since?: number | undefined;
  readonly now: string;
  /** Key of the lane that it is about. */
  readonly lane?: string | undefined;
  /** Further lanes that are limited too. */
  readonly others: number;
}

export interface Totals {
  readonly callsPerSecond: number;
  readonly tokensPerSecond: number;
  readonly inFlight: number;
  readonly queued: number;
  readonly oldestWaitMs: number;
  /** Within the last minute. */
  readonly refused: number;
  readonly retried: number;
  /** Undefined without prices. */
  readonly usdPerHour?: number | undefined;
  /** Since the console began. */
  readonly usd?: number | undefined;
}

export interface LimitState {
  readonly dimension: string;
  readonly limit: number;
  readonly remaining?: number | undefined;
  /** Share in use, by our own count if there is one. */
  readonly used?: number | undefined;
  readonly resetMs?: number | undefined;
  readonly source?: string | undefined;
  /** Units a second that the pacer lets through. */
  readonly ratePerSecond?: number | undefined;
  readonly observedAgeMs?: number | undefined;
  readonly beliefs: readonly { readonly belief: string; readonly because: string }[];
}

export interface FleetState {
  readonly mode: string;
  readonly processes: number;
  /** Processes that have demand now. */
  readonly active?: number | undefined;
  readonly exchangeMs?: number | undefined;
  readonly dimensions: readonly {
    readonly dimension: string;
    readonly leased: number;
    readonly free?: number | undefined;
  }[];
}

export interface LaneState {
  /** Stable for the lifetime of the lane. */
  readonly key: string;
  readonly provider: string;
  readonly group: string;
  /** Its source, if there are several. */
  readonly source: string;
  readonly condition: Condition;
  readonly tone: Tone;
  readonly since?: number | undefined;
  readonly limits: readonly LimitState[];
  readonly inFlight: number;
  readonly maxConcurrent?: number | undefined;
  readonly queued: number;
  readonly maxQueued?: number | undefined;
  readonly oldestWaitMs: number;
  readonly pausedForMs: number;
  readonly circuit: string;
  readonly callsPerSecond: number;
  readonly tokensPerSecond: number;
  /** Within the last minute. */
  readonly refused: Readonly<Record<string, number>>;
  readonly retried: number;
  readonly usdPerHour?: number | undefined;
  readonly fleet?: FleetState | undefined;
}

export interface BatchState {
  readonly name: string;
  /** Finished items, failed ones included. */
  readonly done: number;
  readonly total?: number | undefined;
  readonly failed: number;
  readonly inFlight: number;
  readonly secondsLeft?: number | undefined;
}

export interface AlertsState {
  readonly problem?: string | undefined;
  readonly firing: readonly {
    readonly name: string;
    readonly severity: string;
    readonly summary: string;
    readonly labels: string;
    readonly since?: number | undefined;
    readonly runbook?: string | undefined;
  }[];
}

export interface HitState {
  readonly at: number;
  readonly lane: string;
  readonly model: string;
  readonly dimension: string;
  readonly limit?: number | undefined;
  readonly used?: number | undefined;
  readonly requested?: number | undefined;
  readonly waitMs?: number | undefined;
  readonly advice: string;
}

export interface Change {
  readonly at: number;
  readonly lane: string;
  readonly tone: Tone;
  readonly text: string;
}

/** A lane in an interval: share of the limit used most, queued, seconds of the oldest wait, in flight. */
export type LanePoint = readonly [used: number | null, queued: number, oldestWaitSeconds: number, inFlight: number];

/** An interval: counts within it, and maxima of gauges. */
export interface Point {
  /** Its end, in milliseconds since 1970. */
  readonly t: number;
  readonly calls: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly retries: Readonly<Record<string, number>>;
  readonly usd: number | null;
  readonly lanes: Readonly<Record<string, LanePoint>>;
}

export type TierName = 'fine' | 'coarse';

/** Seconds per point and number of points: a quarter of an hour, and six hours. */
export const TIERS: Readonly<Record<TierName, { readonly seconds: number; readonly most: number }>> = {
  fine: { seconds: 4, most: 225 },
  coarse: { seconds: 60, most: 360 },
};

/** The answer to a poll of the page. */
export interface Update {
  readonly state: ConsoleState;
  /** Number of the last point of each tier, and the points after the one that the page has. */
  readonly points: Readonly<Record<TierName, { readonly last: number; readonly added: readonly Point[] }>>;
}
