/**
 * What the server of the console tells the page: plain data, and all that leaves the process. No content of calls, no key, no
 * name of a tenant.
 */
export interface ConsoleState {
  /** Number of the sample; a page that has it already asks for what is newer. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly startedAt: number;
  readonly sources: readonly SourceState[];
  readonly verdict: Verdict;
  readonly totals: Totals;
  readonly lanes: readonly LaneState[];
  /** Lanes beyond the most that are shown: those with the least to tell. */
  readonly lanesLeftOut: number;
  readonly batches: readonly BatchState[];
  /** Undefined where no Alertmanager was told. */
  readonly alerts?: AlertsState | undefined;
  /** The newest first. */
  readonly hits: readonly HitState[];
  /** Why there are no hits, where nobody could tell them. */
  readonly hitsProblem?: string | undefined;
  /** The newest first. */
  readonly changes: readonly Change[];
}

export interface SourceState {
  /** `this process`, or the URL of a page of metrics without what may be secret. */
  readonly name: string;
  readonly kind: 'process' | 'metrics';
  /** Why it cannot be read now. */
  readonly problem?: string | undefined;
}

/** How a lane is: the worst of all is what the page says first. */
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

/** The first row: are we limited, by what, whose limit is it, since when, what now. */
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
  /** Undefined where nobody knows prices. */
  readonly usdPerHour?: number | undefined;
  /** Since the console began. */
  readonly usd?: number | undefined;
}

export interface LimitState {
  readonly dimension: string;
  readonly limit: number;
  readonly remaining?: number | undefined;
  /** Share in use, by our own count where there is one. */
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
  /** Of the processes, those that want something now. */
  readonly active?: number | undefined;
  readonly exchangeMs?: number | undefined;
  readonly dimensions: readonly {
    readonly dimension: string;
    readonly leased: number;
    readonly free?: number | undefined;
  }[];
}

export interface LaneState {
  /** Stays the same for as long as the lane is there. */
  readonly key: string;
  readonly provider: string;
  readonly group: string;
  /** Of several sources, the one that has it. */
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

/** Of a lane in a stretch of time: share of the limit used most, queued, seconds of the oldest wait, in flight. */
export type LanePoint = readonly [used: number | null, queued: number, oldestWaitSeconds: number, inFlight: number];

/** A stretch of time: counts within it, and the most that gauges were. */
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

/** Seconds of a point and how many are kept: a quarter of an hour, and six hours. */
export const TIERS: Readonly<Record<TierName, { readonly seconds: number; readonly most: number }>> = {
  fine: { seconds: 4, most: 225 },
  coarse: { seconds: 60, most: 360 },
};

/** What the page is told when it asks. */
export interface Update {
  readonly state: ConsoleState;
  /** Number of the last point of each tier, and the points after the one that the page has. */
  readonly points: Readonly<Record<TierName, { readonly last: number; readonly added: readonly Point[] }>>;
}
