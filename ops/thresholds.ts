import { DEFAULT_SIGNALS, type SignalThresholds } from './signal-thresholds.ts';

/**
 * Every number that decides when an alert fires or a panel changes colour. Edit, then run
 * `node ops/build.ts`. The defaults are starting points: compare them with your own traffic.
 */
export interface Thresholds extends SignalThresholds {
  readonly retries: {
    /**
     * Retries per call from which a jump counts as a spike. Below `retry.budget.ratio` (0.2) of the client: a busy
     * one never retries more of its calls than that, however many of them fail.
     */
    readonly spikeRatio: number;
    /** How many times the retry rate of the hour before must be exceeded. */
    readonly spikeFactor: number;
    /** Retries per second below which nothing is a spike: one retry in 20 s. */
    readonly spikeFloor: number;
    /** Attempts per call that count as a storm: each call is sent more than twice on average. */
    readonly stormAttempts: number;
    /** Retries per second below which nothing is a storm. */
    readonly stormFloor: number;
    /** Share of calls that fail, whatever the reason, from which somebody is woken; and such calls in two minutes. */
    readonly failingRatio: number;
    readonly failingCalls: number;
    /** Share of calls that fail with all retries used. */
    readonly exhaustedRatio: number;
    /** Calls in 30 minutes below which that is no ticket. */
    readonly exhaustedCalls: number;
    /** How many times those of the worst five minutes they must be: what is over by then was a blip. */
    readonly exhaustedSpread: number;
  };
  /** Calls per second below which ratios say nothing; 0.02 is one call in 50 s. */
  readonly callFloor: number;
  readonly tier: {
    /** Share of a limit in use from which the tier is nearly exhausted. */
    readonly nearlyExhausted: number;
    /** Mean share over 15 minutes from which the tier is too small, not the traffic bursty. */
    readonly saturated: number;
    /** Refused attempts in 10 minutes, and their share; pacing should keep both near zero. */
    readonly refusals: number;
    readonly refusedRatio: number;
    /** Change of a limit within half an hour that is worth a word. */
    readonly change: number;
    /** Seconds ahead within which a day limit may not run dry. */
    readonly dayForecastSeconds: number;
    /** Share of the time that was left at this hour yesterday from which today is no news. */
    readonly dayHabit: number;
  };
  readonly provider: {
    /** Share of attempts answered with 5xx. */
    readonly overloadedRatio: number;
    /** Attempts per second below which the share says nothing. */
    readonly attemptFloor: number;
    /** Calls in 10 minutes for which a tier had no capacity. */
    readonly noCapacity: number;
    /** Growth of the 95th percentile of attempt latency against the day before. */
    readonly latencyFactor: number;
    /** Seconds below which a slow attempt is no news for a language model. */
    readonly latencySeconds: number;
    /** Attempts in 5 minutes below which a percentile says nothing. */
    readonly latencyAttempts: number;
    /** Share of calls refused as a bad request: from here a ticket, from there a page. */
    readonly badRequestRatio: number;
    readonly badRequestPageRatio: number;
    /** Such calls within the window below which the share says nothing. */
    readonly badRequests: number;
    /** Share of calls that fail without a retry, as with a refused key, from which that is a page; and such calls in two minutes. */
    readonly refusedKeyRatio: number;
    readonly refusedKeyCalls: number;
    /** Share of streams that break before their end. */
    readonly interruptedRatio: number;
    /** Such streams in 5 minutes below which the share says nothing. */
    readonly interrupted: number;
  };
  readonly circuit: {
    /** Share of two minutes, and of the processes, not closed from which the circuit counts as open. */
    readonly openShare: number;
    /** The same from which it holds calls back at all, and with them their retries. */
    readonly actingShare: number;
    /** Times that the circuit of one process closed in 30 minutes beyond which it flaps. */
    readonly closings: number;
  };
  readonly queue: {
    /** Share of the queue in use. */
    readonly filled: number;
    /** Share of calls refused here: queue full or circuit open. */
    readonly rejectedRatio: number;
    /** Seconds of waiting, 95th percentile. */
    readonly waitSeconds: number;
    /** Seconds that it takes to send what waits now, batches apart. */
    readonly drainSeconds: number;
    /** Calls that wait, on average, and the share of every limit below which that is nobody's limit. */
    readonly idleQueue: number;
    readonly idleShare: number;
    /** Attempts that ended in two minutes of the quarter of an hour before from which none at all is a stall. */
    readonly stalledFrom: number;
  };
  readonly slo: {
    /** Share of calls that must succeed. */
    readonly objective: number;
    /** Burn rates and windows of the SRE Workbook, table 5-8: 2 % of a 30-day budget in 1 h, 5 % in 6 h, 10 % in 3 d. */
    readonly burns: readonly Burn[];
    /** Calls within the long window below which one failure would look like an outage. */
    readonly minimumCalls: number;
  };
  readonly telemetry: {
    /** How long a vanished process is remembered, as a Prometheus duration. */
    readonly memory: string;
    /** Share of eight days for which a job is away from which it comes and goes, and nobody is woken when it is gone. */
    readonly awayShare: number;
    /** Requests past every guard in 15 minutes from which somebody has to know: fewer are a script that was run by hand. */
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
