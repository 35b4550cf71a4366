/** Contents and surroundings of calls, apart from their success. Everything that may go wrong is a number here. */
export interface Signals {
  /** Tokens of a call, at the median. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Share of the input read from a cache while calls are frequent enough to keep it warm. */
  readonly cached: number;
  /** USD per million input tokens; output costs five times as much. Undefined without a known price. */
  readonly usd: number | undefined;
  /** Share of incomplete answers, by reason. */
  readonly cut: Readonly<Record<string, number>>;
  /** Share of the calls with a requested tier that another tier answers. */
  readonly downgraded: number;
  /** Seconds from sending to the first chunk, at the median. */
  readonly firstChunk: number;
  /** Share of calls that repeat one which has just failed. */
  readonly repeated: number;
  /** Unguarded requests per second. */
  readonly unguarded: number;
  /** Share of attempts for which the tier has no capacity; they are sent again elsewhere. */
  readonly noCapacity: number;
  /** Share of the waiting calls that belong to one tenant, if there are many. */
  readonly busiestTenant: number;
  /** Store of shared limits. */
  readonly store: 'well' | 'slow' | 'gone';
  /** A batch continues, but finishes nothing. */
  readonly stuck: boolean;
  /** Lines per second that the hit record cannot write. */
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

/** Features of tidegate that an application uses. */
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
