/** What calls are like beyond whether they succeed, and what is around them. Everything that may go wrong is a number here. */
export interface Signals {
  /** Tokens of a call, at the median. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Share of the input that is read from a cache while calls come often enough to keep it warm. */
  readonly cached: number;
  /** USD of a million input tokens; output costs five times as much. Undefined where no price is known. */
  readonly usd: number | undefined;
  /** Share of answers that are not whole, by reason. */
  readonly cut: Readonly<Record<string, number>>;
  /** Share of the calls that ask for a tier which another one serves. */
  readonly downgraded: number;
  /** Seconds from sending to the first chunk, at the median. */
  readonly firstChunk: number;
  /** Share of calls that a layer above has just given up. */
  readonly repeated: number;
  /** Requests a second past every guard. */
  readonly unguarded: number;
  /** Share of attempts for which the tier has no room; they are sent again elsewhere. */
  readonly noCapacity: number;
  /** Share of the waiting calls that are of one tenant, where there are many. */
  readonly busiestTenant: number;
  /** Store of shared limits. */
  readonly store: 'well' | 'slow' | 'gone';
  /** A batch goes on, and finishes nothing. */
  readonly stuck: boolean;
  /** Lines that the record of limit hits cannot write, a second. */
  readonly linesLost: number;
}

export const ORDINARY_SIGNALS: Signals = {
  inputTokens: 2_000,
  outputTokens: 300,
  cached: 0.6,
  usd: 1.25,
  cut: { length: 0.02, content_filter: 0.002 },
  downgraded: 0.03,
  firstChunk: 0.6,
  repeated: 0.000_5,
  unguarded: 0,
  noCapacity: 0.001,
  busiestTenant: 0.3,
  store: 'well',
  stuck: false,
  linesLost: 0,
};

/** Parts of tidegate that an application uses or does not. */
export interface Uses {
  /** Limits are shared through a store. */
  readonly fleet?: boolean;
  /** Calls are items of `batch()`. */
  readonly batch?: boolean;
  /** Tier that calls ask for. */
  readonly tier?: 'flex' | 'priority';
  /** The guard has prices. */
  readonly prices?: boolean;
  readonly tenants?: boolean;
}
