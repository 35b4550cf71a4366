/** When alerts about shared limits, cost, answers and batches fire. */
export interface SignalThresholds {
  readonly fleet: {
    /** Share of lanes without the store from which it counts as down. */
    readonly aloneShare: number;
    /**
     * Latency of the store in seconds, 95th percentile. Leases are renewed in the background, so calls do not wait for
     * it.
     */
    readonly storeSeconds: number;
    /** Minimum exchanges in 5 minutes for that to be meaningful. */
    readonly exchanges: number;
  };
  readonly cost: {
    /** USD that a job may spend in 24 hours; 0 for no alert. */
    readonly budgetUsdPerDay: number;
    /** Factors over the previous day's mean hour, and over its most expensive hour, from which an hour is a spike. */
    readonly spikeFactor: number;
    readonly spikePeakFactor: number;
    /** Minimum USD per hour for a spike. */
    readonly spikeUsd: number;
    /** Calls without a price in an hour. */
    readonly unpricedCalls: number;
  };
  readonly answers: {
    /**
     * Share of incomplete answers in half an hour, its factor over the previous day's, and the minimum of such answers.
     */
    readonly cutRatio: number;
    readonly cutFactor: number;
    readonly cut: number;
    /**
     * Fraction of its previous day to which the cached share of input drops, the minimum share before, and minimum
     * tokens.
     */
    readonly cacheFall: number;
    readonly cacheShare: number;
    readonly cacheTokens: number;
    /** Objective for a stream's first chunk in seconds, 95th percentile, and the minimum of streams in 10 minutes. */
    readonly firstChunkSeconds: number;
    readonly firstChunks: number;
    /** Share and minimum number of calls in half an hour that a layer above sends again. */
    readonly repeatedRatio: number;
    readonly repeated: number;
    /** Share and minimum number of answers in half an hour served by a cheaper or slower tier than requested. */
    readonly tierRatio: number;
    readonly tierAnswers: number;
    /** Share of the queued calls that belong to one tenant. */
    readonly tenantShare: number;
  };
}

export const DEFAULT_SIGNALS: SignalThresholds = {
  fleet: { aloneShare: 0.5, storeSeconds: 0.05, exchanges: 20 },
  cost: { budgetUsdPerDay: 0, spikeFactor: 5, spikePeakFactor: 1.5, spikeUsd: 1, unpricedCalls: 10 },
  answers: {
    cutRatio: 0.1,
    cutFactor: 2,
    cut: 10,
    cacheFall: 0.5,
    cacheShare: 0.2,
    cacheTokens: 300_000,
    firstChunkSeconds: 10,
    firstChunks: 30,
    repeatedRatio: 0.01,
    repeated: 10,
    tierRatio: 0.2,
    tierAnswers: 10,
    tenantShare: 0.8,
  },
};
