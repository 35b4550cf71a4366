/** What an answer told of the level of a limit, and what the fleet had consumed by then. */
export interface SampleReport {
  /** Since the provider counted. */
  readonly ageMs: number;
  readonly left: number;
  /** The fleet's consumption in all, with what was leased, at that time. */
  readonly total: number;
  /** Of what was leased then, least and most that had not been spent yet. */
  readonly unspentLeast: number;
  readonly unspentMost: number;
}

export interface LimitReport {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** Most that the provider lets through at once. */
  readonly full: number;
  /** Whether it was learned since the last exchange; else what others have learned counts. */
  readonly changed: boolean;
  /** Part that is never spent. */
  readonly headroom: number;
  /** What this process believes to be left, where the store knows nothing. */
  readonly level: number;
  /** This process's consumption in all; only ever compared with what it reported before. */
  readonly spent: number;
  /** What it has sent that was not answered yet. */
  readonly unanswered: number;
  /** What the next call takes; 0 when none waits. */
  readonly need: number;
  /** What will be of use until the next exchange, `need` included. */
  readonly want: number;
  /** All that waits, where no call has come for a while: the end of the work. */
  readonly rest?: number | undefined;
  readonly sample: SampleReport | undefined;
  /** A refusal has shown that no more is left; undefined when none has. */
  readonly refusedAt: number | undefined;
}

/** Why nobody's calls can succeed for a while: an exhausted quota, a limit of a day. */
export interface Stop {
  readonly reason: string;
  readonly outcome: string;
  readonly dimension?: string | undefined;
  readonly limit?: number | undefined;
  /** Milliseconds that it lasts; below 0 where nobody knows. */
  readonly forMs: number;
}

/** What a process tells the store of one lane. */
export interface Report {
  readonly process: string;
  /** Counts the exchanges of this process about this lane. */
  readonly serial: number;
  readonly weight: number;
  /** Weight of the most urgent priority that waits. All processes of one urgency have that much of the limits together. */
  readonly urgency?: number | undefined;
  /** Processes that it last knew of. */
  readonly fleet: number;
  /** Whether it has been on its own since the last exchange: what it spent then was in nobody's lease. */
  readonly returns: boolean;
  /** It spends nothing any more, and takes no lease. */
  readonly leaves: boolean;
  readonly pauseMs: number;
  /** How often it renews its leases; twice a second unless it says so. */
  readonly renewMs?: number | undefined;
  /** What it has met since the last exchange, and by itself. */
  readonly stop: Stop | undefined;
  /** A call has got through since: nothing is stopped, as far as it knows. */
  readonly opens: boolean;
  /** Milliseconds that the circuit stays open which it has opened since the last exchange; below 0 when it has closed it. */
  readonly circuitMs: number;
  /** What calls were found to take, in numbers, for those who come later; undefined where that is no news. */
  readonly learned?: string | undefined;
  readonly limits: readonly LimitReport[];
}

export interface LimitGrant {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly full: number;
  /** What the process may spend from now on, beside what it had reported as spent. */
  readonly granted: number;
  /** What may be leased now; below 0 while more was used than had come. */
  readonly free: number;
  /** Part of the bucket that is never leased. */
  readonly kept: number;
  /** As in `SampleReport`, now. */
  readonly total: number;
  readonly unspentLeast: number;
  readonly unspentMost: number;
}

/** What the store answers. */
export interface Grant {
  readonly serial: number;
  /** Another one voids the leases of before. */
  readonly epoch: number;
  /** Processes that are there, and those of them that want something. */
  readonly fleet: number;
  readonly active: number;
  /** When to come again at the earliest, where `need` was not granted; 0 when it was. */
  readonly waitMs: number;
  readonly pauseMs: number;
  readonly stop: Stop | undefined;
  readonly circuitMs: number;
  /** Since when the store knows the lane; another time is another store, or one that has lost its state. */
  readonly since: number;
  /** Whether the limits have been used by the fleet before. */
  readonly warm: boolean;
  /** To a process that is new: what others told last under the same name. */
  readonly learned?: string | undefined;
  readonly limits: readonly LimitGrant[];
}

/** What cannot wait until a process comes again. */
export interface News {
  /** Milliseconds for which nobody sends anything; 0 where there is no pause. */
  readonly pauseMs: number;
  /** Whether all that is leased is void. */
  readonly voids: boolean;
}

export interface NewsListener {
  /** Whether news arrives from now on. */
  onHears(hears: boolean): void;
  onNews(news: News): void;
}

/**
 * Where processes of one account meet. A third implementation needs nothing beside this: `divide.ts` has the rules, and
 * an exchange must apply them to one lane at a time.
 */
export interface FleetStore {
  /** One exchange about one lane, whose name tells nothing of the account. Rejects where the store is of no use. */
  exchange(lane: string, report: Report): Promise<Grant>;
  /**
   * Hears of news of a lane within half a second, until what is returned is called: who does comes seldomer where
   * processes are many. Without it each comes twice a second.
   */
  listen?(lane: string, listener: NewsListener): () => void;
}
