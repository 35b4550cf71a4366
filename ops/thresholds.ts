import { DEFAULT_SIGNALS, type SignalThresholds } from './signal-thresholds.ts';

/**
 * Every number that decides when an alert fires or a panel changes colour. Edit, then run
 * `node ops/build.ts`. The defaults are starting points: compare them with your own traffic.
 */
export interface Thresholds extends SignalThresholds {
  readonly retries: {
    /**
     * Retries per call from which an increase counts as a spike. Below the client's `retry.budget.ratio` (0.2), which
     * caps retries at high traffic however many calls fail.
     */
    readonly spikeRatio: number;
    /** Factor over the retry rate of the previous hour. */
    readonly spikeFactor: number;
    /** Minimum retries per second for a spike: one retry in 20 s. */
    readonly spikeFloor: number;
    /** Attempts per call from which it is a storm: each call is sent more than twice on average. */
    readonly stormAttempts: number;
    /** Minimum retries per second for a storm. */
    readonly stormFloor: number;
    /** Share of failed calls, for any reason, from which it pages; and the minimum of such calls in two minutes. */
    readonly failingRatio: number;
    readonly failingCalls: number;
    /** Share of calls that fail with all retries used up. */
    readonly exhaustedRatio: number;
    /** Minimum of such calls in 30 minutes for a ticket. */
    readonly exhaustedCalls: number;
    /** Factor by which they must exceed those of the worst five minutes: a single burst is only a blip. */
    readonly exhaustedSpread: number;
  };
  /** Minimum calls per second for ratios to be meaningful; 0.02 is one call in 50 s. */
  readonly callFloor: number;
  readonly tier: {
    /** Share of a limit in use from which the tier is nearly exhausted. */
    readonly nearlyExhausted: number;
    /** Mean share over 15 minutes from which the tier is too small, rather than the traffic bursty. */
    readonly saturated: number;
    /** Refused attempts in 10 minutes, and their share. Pacing should keep both near zero. */
    readonly refusals: number;
    readonly refusedRatio: number;
    /** Relative change of a limit within half an hour that is reported. */
    readonly change: number;
    /** Seconds ahead in which a daily limit must not run out. */
    readonly dayForecastSeconds: number;
    /** Fraction of the time left at this hour yesterday from which today counts as usual. */
    readonly dayHabit: number;
  };
  readonly provider: {
    /** Share of attempts answered with 5xx. */
    readonly overloadedRatio: number;
    /** Minimum attempts per second for the share to be meaningful. */
    readonly attemptFloor: number;
    /** Calls in 10 minutes that a tier had no capacity for. */
    readonly noCapacity: number;
    /** Growth of the 95th percentile of attempt latency against the day before. */
    readonly latencyFactor: number;
    /** Seconds up to which an attempt is not slow for a language model. */
    readonly latencySeconds: number;
    /** Minimum attempts in 5 minutes for a percentile to be meaningful. */
    readonly latencyAttempts: number;
    /** Shares of calls refused as a bad request: for a ticket, and for a page. */
    readonly badRequestRatio: number;
    readonly badRequestPageRatio: number;
    /** Minimum of such calls within the window. */
    readonly badRequests: number;
    /**
     * Share of calls that fail without a retry, such as by a refused key, for a page; and the minimum of them in 2
     * minutes.
     */
    readonly refusedKeyRatio: number;
    readonly refusedKeyCalls: number;
    /** Share of streams that break off before their end. */
    readonly interruptedRatio: number;
    /** Minimum of such streams in 5 minutes. */
    readonly interrupted: number;
  };
  readonly circuit: {
    /** Share of two minutes and of the processes in which the circuit is not closed, from which it counts as open. */
    readonly openShare: number;
    /** The same, from which it holds back calls, and so their retries. */
    readonly actingShare: number;
    /** Closings of one process's circuit in 30 minutes beyond which it flaps. */
    readonly closings: number;
  };
  readonly queue: {
    /** Used share of the queue. */
    readonly filled: number;
    /** Share of calls rejected by the client: queue full or circuit open. */
    readonly rejectedRatio: number;
    /** Wait in seconds, 95th percentile. */
    readonly waitSeconds: number;
    /** Seconds that it takes to send the queued calls, excluding batches. */
    readonly drainSeconds: number;
    /** Mean number of queued calls, and the used share of every limit below which no limit explains the queue. */
    readonly idleQueue: number;
    readonly idleShare: number;
    /** Attempts that ended per two minutes in the previous 15 minutes, from which no attempt at all is a stall. */
    readonly stalledFrom: number;
  };
  readonly slo: {
    /** Share of calls that must succeed. */
    readonly objective: number;
    /**
     * Burn rates and windows of the SRE Workbook, table 5-8: 2 % of a 30-day budget in 1 h, 5 % in 6 h, 10 % in 3 d.
     */
    readonly burns: readonly Burn[];
    /** Minimum calls within the long window, so that a single failure does not look like an outage. */
    readonly minimumCalls: number;
  };
  readonly telemetry: {
    /** How long a vanished process is remembered, as a Prometheus duration. */
    readonly memory: string;
    /** Share of eight days from which an absent job counts as intermittent, so that its absence does not page. */
    readonly awayShare: number;
    /** Unguarded requests in 15 minutes that are reported; fewer are a script run by hand. */
    readonly unguardedRequests: number;
  };
}

export interface Burn {
  readonly factor: number;
  readonly long: string;
  readonly short: string;
  readonly for: string;
  readonly severity: 'critical' | 'warning';
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  ...DEFAULT_SIGNALS,
  retries: {
    spikeRatio: 0.15,
    spikeFactor: 3,
    spikeFloor: 0.05,
    stormAttempts: 2,
    stormFloor: 0.5,
    failingRatio: 0.5,
    failingCalls: 20,
    exhaustedRatio: 0.01,
    exhaustedCalls: 10,
    exhaustedSpread: 1.25,
  },
  callFloor: 0.02,
  tier: {
    nearlyExhausted: 0.8,
    saturated: 0.9,
    refusals: 10,
    refusedRatio: 0.02,
    change: 0.2,
    dayForecastSeconds: 14_400,
    dayHabit: 0.8,
  },
  provider: {
    overloadedRatio: 0.2,
    attemptFloor: 0.05,
    noCapacity: 5,
    latencyFactor: 3,
    latencySeconds: 2,
    latencyAttempts: 30,
    badRequestRatio: 0.2,
    badRequestPageRatio: 0.8,
    badRequests: 10,
    refusedKeyRatio: 0.5,
    refusedKeyCalls: 3,
    interruptedRatio: 0.05,
    interrupted: 5,
  },
  circuit: { openShare: 0.5, actingShare: 0.1, closings: 3 },
  queue: {
    filled: 0.8,
    rejectedRatio: 0.01,
    waitSeconds: 10,
    drainSeconds: 30,
    stalledFrom: 20,
    idleQueue: 10,
    idleShare: 0.5,
  },
  slo: {
    objective: 0.99,
    burns: [
      { factor: 14.4, long: '1h', short: '5m', for: '2m', severity: 'critical' },
      { factor: 6, long: '6h', short: '30m', for: '15m', severity: 'critical' },
      { factor: 1, long: '3d', short: '6h', for: '1h', severity: 'warning' },
    ],
    minimumCalls: 20,
  },
  telemetry: { memory: '1d', awayShare: 0.2, unguardedRequests: 10 },
};

/** Must equal `scrape_interval` in the Prometheus config and `timeInterval` of the data source. */
export const SCRAPE_INTERVAL = '15s';
