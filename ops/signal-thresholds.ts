/** When alerts about shared limits, money, answers and batches fire. */
export interface SignalThresholds {
  readonly fleet: {
    /** Share of the lanes that go without their store from which it counts as down. */
    readonly aloneShare: number;
    /** Seconds that the store takes to answer, 95th percentile; a lease is renewed in the background, so calls do not wait. */
    readonly storeSeconds: number;
    /** Exchanges in 5 minutes below which that says nothing. */
    readonly exchanges: number;
  };
  readonly cost: {
    /** USD that a job may spend in 24 hours; 0 for no alert. */
    readonly budgetUsdPerDay: number;
    /** How many times the mean hour of the day before, and its dearest hour, an hour has to cost to be a spike. */
    readonly spikeFactor: number;
    readonly spikePeakFactor: number;
    /** USD an hour below which nothing is a spike. */
    readonly spikeUsd: number;
    /** Calls without a price in an hour. */
    readonly unpricedCalls: number;
  };
  readonly answers: {
    /** Share of answers that are not whole in half an hour, how many times that of the day before, and such answers. */
    readonly cutRatio: number;
    readonly cutFactor: number;
    readonly cut: number;
    /** Part of its own day to which the share of cached input falls, the share below which it is no loss, and tokens without which it says nothing. */
    readonly cacheFall: number;
    readonly cacheShare: number;
    readonly cacheTokens: number;
    /** Objective for the first chunk of a stream in seconds, 95th percentile, and such streams in 10 minutes. */
    readonly firstChunkSeconds: number;
    readonly firstChunks: number;
    /** Share of calls, and such calls, in half an hour that a layer above sends again. */
    readonly repeatedRatio: number;
    readonly repeated: number;
    /** Share of answers that a cheaper or slower tier has served than was asked for, and such answers in half an hour. */
    readonly tierRatio: number;
    readonly tierAnswers: number;
    /** Share of the waiting calls that one tenant has. */
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
