import type { News, Stop } from './fleet-store.ts';

/** State of one limit in a store. */
export interface LimitState {
  limit: number;
  windowMs: number;
  /** Most that the provider lets through at once. */
  full: number;
  headroom: number;
  /** When the limit became known. */
  readonly since: number;
  /** Level of the provider's bucket, minus all leases. */
  free: number;
  /** The fleet's total consumption, including all leases. */
  total: number;
  /** Sum of the leases, and the part that was unspent at the holders' last reports. */
  held: number;
  unspent: number;
  /** Leased to processes that wanted no more; any other spends its whole lease at once. */
  idle: number;
  /** Everything waiting for the limit in processes that have had no new call for a while. */
  rest: number;
  /** Sum of what processes have sent that the provider may not have counted yet. */
  pending: number;
  /** Counts how often all leases were void at once. */
  voided: number;
  /** Consumption by users outside the fleet, in units per millisecond. */
  foreign: number;
  /** Current level of the headroom, which fills with the bucket. */
  kept: number;
  /** Kept in addition to the headroom, after refusals that came despite it. */
  caution: number;
  /** Time of the newest sample that corrected this; 0 before the first. */
  seenAt: number;
}

/** State of one process in a store. */
export interface ProcessState {
  seenAt: number;
  serial: number;
  /** Service received, in shares of the limits divided by its weight. */
  tag: number;
  /** Its place in the order in which processes joined. */
  readonly place: number;
  /** Whether it wants something, and whether calls wait for it. */
  active: boolean;
  waits: boolean;
  /** Until when the amount it needs is reserved for it. */
  waitsUntil: number;
  /** Whether it still gets new calls. */
  busy: boolean;
  readonly rest: Record<string, number>;
  readonly pending: Record<string, number>;
  readonly spent: Record<string, number>;
  readonly held: Record<string, number>;
  readonly unspent: Record<string, number>;
  readonly idle: Record<string, number>;
  /** `voided` of the limit when it was leased. */
  readonly voided: Record<string, number>;
  weight: number;
  /** While its calls wait: its weight by classes. */
  classes: Readonly<Record<string, number>>;
  need: Record<string, number>;
  want: Record<string, number>;
}

/** Calls of one priority and tenant, in all processes. */
export interface ClassState {
  /** Sums of the processes' weights, and of the squares of those. */
  sum: number;
  squares: number;
}

/** State of one lane in a store. */
export interface LaneState {
  epoch: number;
  /** Since when the fleet has used the lane. */
  readonly since: number;
  /** Time up to which the limits are refilled. */
  at: number;
  pauseUntil: number;
  circuitUntil: number;
  stop: (Omit<Stop, 'forMs'> & { readonly until: number }) | undefined;
  /** Learned token usage, as last reported by a process. */
  learned: string | undefined;
  /** News of the last exchange for all other processes. */
  news: News | undefined;
  /** Service of the least served process among those whose calls waited last. */
  virtual: number;
  /** Number of processes that want something. */
  wanting: number;
  /** Number of processes that still get new calls. */
  busy: number;
  /** Weights of the processes whose calls wait, by class. */
  readonly classes: Map<string, ClassState>;
  /** Whether there is enough for everything that waits and no more calls are expected; announced once. */
  ends: boolean;
  /** Number of processes that have ever joined. */
  joined: number;
  readonly limits: Map<string, LimitState>;
  /** In order of last contact. */
  readonly processes: Map<string, ProcessState>;
  /** Ids of the processes whose calls wait, least served first. */
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
    classes: new Map(),
    ends: false,
    joined: 0,
    limits: new Map(),
    processes: new Map(),
    waiting: [],
  };
}
