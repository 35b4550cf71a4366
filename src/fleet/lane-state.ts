import type { News, Stop } from './protocol.ts';

/** What a store keeps of one limit. */
export interface LimitState {
  limit: number;
  windowMs: number;
  /** Most that the provider lets through at once. */
  full: number;
  headroom: number;
  /** When it became known. */
  readonly since: number;
  /** What the provider's bucket holds, less all that is leased. */
  free: number;
  /** Consumption of the fleet in all, with all that is leased. */
  total: number;
  /** What is leased, and what of it had not been spent when its holder last told. */
  held: number;
  unspent: number;
  /** What is leased to those who wanted no more: of others all is spent at once. */
  idle: number;
  /** All that waits for it in processes to which no call has come for a while. */
  rest: number;
  /** Counts how often all leases were void at once. */
  voided: number;
  /** What others than the fleet take, in units per millisecond. */
  foreign: number;
  /** What of the headroom is there: it fills with the bucket. */
  kept: number;
  /** Kept beside the headroom since refusals have come in spite of it. */
  caution: number;
  /** When the newest sample was taken that corrected this; 0 before the first. */
  seenAt: number;
}

/** What a store keeps of one process. */
export interface ProcessState {
  seenAt: number;
  serial: number;
  /** Service it has had, in shares of the limits and by its weight. */
  tag: number;
  /** The how many-th it was to come. */
  readonly place: number;
  /** Whether it wants something, and whether calls wait for it. */
  active: boolean;
  waits: boolean;
  /** Until when what it needs is kept for it. */
  waitsUntil: number;
  /** Whether calls come to it. */
  busy: boolean;
  readonly rest: Record<string, number>;
  readonly spent: Record<string, number>;
  readonly held: Record<string, number>;
  readonly unspent: Record<string, number>;
  readonly idle: Record<string, number>;
  /** `voided` of the limit when it was leased. */
  readonly voided: Record<string, number>;
  weight: number;
  /** While its calls wait: how urgent they are, and the weight that counts among those of this urgency. */
  waitsWith: { readonly urgency: number; readonly weight: number } | undefined;
  need: Record<string, number>;
  want: Record<string, number>;
}

/** What a store keeps of one lane. */
export interface LaneState {
  epoch: number;
  /** Since when the fleet has used the lane. */
  readonly since: number;
  /** Up to when the limits are refilled. */
  at: number;
  pauseUntil: number;
  circuitUntil: number;
  stop: (Omit<Stop, 'forMs'> & { readonly until: number }) | undefined;
  /** What calls were found to take, as a process told it last. */
  learned: string | undefined;
  /** What the last exchange has to tell all others. */
  news: News | undefined;
  /** Service that the least served of those had whose calls waited last. */
  virtual: number;
  /** Processes that want something. */
  wanting: number;
  /** Processes to which calls come. */
  busy: number;
  /** Weights of the processes whose calls wait, in all by urgency. */
  readonly weights: Record<number, number>;
  /** Processes that have ever come. */
  joined: number;
  readonly limits: Map<string, LimitState>;
  /** In the order in which they were last seen. */
  readonly processes: Map<string, ProcessState>;
  /** Those whose calls wait, least served first. */
  readonly waiting: string[];
}

export function newLane(now: number): LaneState {
  // Later lanes have later epochs: leases of a store that lost its state are void.
  return {
    epoch: Math.floor(now),
    since: now,
    at: now,
    pauseUntil: 0,
    circuitUntil: 0,
    stop: undefined,
    learned: undefined,
    news: undefined,
    virtual: 0,
    wanting: 0,
    busy: 0,
    weights: {},
    joined: 0,
    limits: new Map(),
    processes: new Map(),
    waiting: [],
  };
}
