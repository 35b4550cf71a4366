/** The level of a limit that an answer reported, and what the fleet had consumed by then. */
export interface SampleReport {
  /** Milliseconds since the provider counted. */
  readonly ageMs: number;
  readonly left: number;
  /** The fleet's total consumption, including leases, at that time. */
  readonly total: number;
  /**
   * Minimum and maximum of `total` that the provider cannot have counted then: unspent leases, output not generated
   * yet.
   */
  readonly unspentLeast: number;
  readonly unspentMost: number;
}

export interface LimitReport {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** The most that the provider lets through at once. */
  readonly full: number;
  /** Whether this process learned it since the last exchange; if not, what others have learned applies. */
  readonly changed: boolean;
  /** Part that is never spent. */
  readonly headroom: number;
  /** What this process believes to be left, for a store that knows nothing. */
  readonly level: number;
  /** This process's total consumption; only ever compared with its earlier reports. */
  readonly spent: number;
  /** Sent but not yet answered. */
  readonly unanswered: number;
  /** Amount of the next call; 0 when none waits. */
  readonly need: number;
  /** Amount useful until the next exchange, including `need`. */
  readonly want: number;
  /** Total of what waits, if no new call has come for a while: the end of the work. */
  readonly rest?: number | undefined;
  readonly sample: SampleReport | undefined;
  /** The level that a refusal showed; undefined without a refusal. */
  readonly refusedAt: number | undefined;
}

/** Why no process's calls can succeed for a while: an exhausted quota, a day's limit. */
export interface Stop {
  readonly reason: string;
  readonly outcome: string;
  readonly dimension?: string | undefined;
  readonly limit?: number | undefined;
  /** Milliseconds that it lasts; below 0 if unknown. */
  readonly forMs: number;
}

/** A process's report on one lane to the store. */
export interface Report {
  readonly process: string;
  /** Number of this process's exchange about this lane. */
  readonly serial: number;
  /** Weight of its claim, by the calls that wait in it. */
  readonly weight: number;
  /**
   * Its weight by class: calls of one priority and, as far as a digest shows, of one tenant. Processes share the weight
   * of a class. Default: one class of all processes with this weight.
   */
  readonly classes?: Readonly<Record<string, number>> | undefined;
  /** When it was sent, by the store's clock; undefined until the store has reported its time. */
  readonly at?: number | undefined;
  /** Number of processes it last knew of. */
  readonly fleet: number;
  /** Whether it was on its own since the last exchange: what it spent then was not leased. */
  readonly returns: boolean;
  /** Whether it leaves the fleet: it spends nothing more and takes no lease. */
  readonly leaves: boolean;
  readonly pauseMs: number;
  /** Renewal interval of its leases; default: twice a second. */
  readonly renewMs?: number | undefined;
  /** Met by the process itself since the last exchange. */
  readonly stop: Stop | undefined;
  /** Whether a call has succeeded since: as far as the process knows, nothing is stopped. */
  readonly opens: boolean;
  /** Milliseconds the circuit opened since the last exchange stays open; below 0 if it was closed. */
  readonly circuitMs: number;
  /** Learned token usage in numbers, for processes that join later; undefined if unchanged. */
  readonly learned?: string | undefined;
  readonly limits: readonly LimitReport[];
}

export interface LimitGrant {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly full: number;
  /** What the process may spend from now on, in addition to what it reported as spent. */
  readonly granted: number;
  /** What may be leased now; below 0 while more was used than was refilled. */
  readonly free: number;
  /** Part of the bucket that is never leased. */
  readonly kept: number;
  /** As in `SampleReport`, now. */
  readonly total: number;
  readonly unspentLeast: number;
  readonly unspentMost: number;
}

/** The store's answer. */
export interface Grant {
  readonly serial: number;
  /** A changed epoch voids earlier leases. */
  readonly epoch: number;
  /** Number of processes in the fleet, and of those that want something. */
  readonly fleet: number;
  readonly active: number;
  /** Milliseconds until the next exchange is worthwhile if `need` was not granted; 0 if it was. */
  readonly waitMs: number;
  readonly pauseMs: number;
  readonly stop: Stop | undefined;
  readonly circuitMs: number;
  /** When the store first saw the lane; a changed time means another store, or lost state. */
  readonly since: number;
  /** The store's time in milliseconds, from any origin. With it, late reports are recognized. */
  readonly now?: number | undefined;
  /** Whether the fleet has used the limits before. */
  readonly warm: boolean;
  /** For a new process: what others last reported under the same name. */
  readonly learned?: string | undefined;
  /** For a process with several classes: the part of each that waits in it. */
  readonly parts?: Readonly<Record<string, number>> | undefined;
  readonly limits: readonly LimitGrant[];
}

/** Urgent news that cannot wait for a process's next exchange. */
export interface News {
  /** Milliseconds for which no process may send; 0 without a pause. */
  readonly pauseMs: number;
  /** Whether all leases are void. */
  readonly voids: boolean;
  /** There is enough for all waiting calls, and they are the last; matters to processes that have some of them. */
  readonly ends?: boolean;
}

export interface NewsListener {
  /** Whether news arrives from now on. */
  onHears(hears: boolean): void;
  onNews(news: News): void;
}

/**
 * The store through which processes of one account share its limits. Another implementation needs nothing else:
 * `divide.ts` has the rules, and an exchange must apply them to a lane atomically.
 */
export interface FleetStore {
  /** One exchange about one lane, whose name reveals nothing about the account. Rejects if the store fails. */
  exchange(lane: string, report: Report): Promise<Grant>;
  /**
   * Subscribes to a lane's news, delivered within half a second; returns a function that unsubscribes. It lets each of
   * many processes exchange less often; without it each does twice a second.
   */
  listen?(lane: string, listener: NewsListener): () => void;
}
