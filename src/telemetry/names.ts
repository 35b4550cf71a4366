import type {
  CallOutcome,
  CircuitState,
  Priority,
  RefusedBy,
  RetryLayer,
  RetryReason,
  SharedMode,
  StoreFault,
  StreamOutcome,
  UnguardedVia,
  WaitCause,
} from '../core/events.ts';
import { type Dimension, DIMENSIONS as EVERY_DIMENSION } from '../core/dimensions.ts';
import type { HintSource } from '../core/outcome.ts';
import { type Operation, PROVIDER_NAMES, type ProviderName } from '../core/provider.ts';

/**
 * Every name that telemetry uses. The strings of the OpenTelemetry conventions are copied here, so that
 * no package of constants is loaded at run time; a test compares them with the published ones.
 */

/** Instrumentation scope of spans and metrics. */
export const SCOPE = 'tidegate';
/** Version of the scope and of `tidegate.build_info`; a test compares it with package.json. */
export const VERSION = '0.1.0';

/** Value of `sdk` in `tidegate.build_info`: which implementation of tidegate runs. */
export const SDK = 'js';

/** Label of everything beyond a cap, and of what has no name. */
export const OTHER = '_OTHER';

export const ATTR = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  outputType: 'gen_ai.output.type',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_write.input_tokens',
  /** What 1.41 of the conventions calls it. */
  cacheCreationTokens: 'gen_ai.usage.cache_creation.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  tokenType: 'gen_ai.token.type',
  tokenModality: 'gen_ai.token.modality',
  openaiApi: 'openai.api.type',
  openaiRequestTier: 'openai.request.service_tier',
  openaiResponseTier: 'openai.response.service_tier',
  openaiFingerprint: 'openai.response.system_fingerprint',
  exceptionType: 'exception.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  errorType: 'error.type',
  statusCode: 'http.response.status_code',
  resendCount: 'http.request.resend_count',
  attempts: 'tidegate.attempts',
  outcome: 'tidegate.outcome',
  waitPacerMs: 'tidegate.wait.pacer_ms',
  waitBulkheadMs: 'tidegate.wait.bulkhead_ms',
  retryDelayMs: 'tidegate.retry.total_delay_ms',
  giveUpReason: 'tidegate.give_up.reason',
  attemptNumber: 'tidegate.attempt.number',
  requestId: 'tidegate.request.id',
  retryReason: 'tidegate.retry.reason',
  delaySource: 'tidegate.delay.source',
  waitStage: 'tidegate.wait.stage',
  priority: 'tidegate.priority',
  dimension: 'tidegate.limit.dimension',
  tokenKind: 'tidegate.token.kind',
  streamOutcome: 'tidegate.stream.outcome',
  bulkhead: 'tidegate.bulkhead',
  circuit: 'tidegate.circuit',
  circuitState: 'tidegate.circuit.state',
  unguardedVia: 'tidegate.unguarded.via',
  retryLayer: 'tidegate.retry.layer',
  cost: 'tidegate.cost',
  spentOn: 'tidegate.cost.spent_on',
  /** Only where copies of tidegate that cannot share their state are loaded in one process. */
  copy: 'tidegate.copy',
  storeFault: 'tidegate.fleet.fault',
  sharedMode: 'tidegate.fleet.mode',
  cutReason: 'tidegate.cut.reason',
  batchState: 'tidegate.batch.state',
  tierAsked: 'tidegate.tier.asked',
  tierServed: 'tidegate.tier.served',
  version: 'version',
  sdk: 'sdk',
} as const;

/** Prefix of the sampling parameters that a provider adapter declares as safe. */
export const REQUEST_PREFIX = 'gen_ai.request.';

export const ATTEMPT_SPAN = 'tidegate.attempt';

/** Span events and their attributes. */
export const EVENT = {
  pacerWait: 'tidegate.pacer.wait',
  bulkheadWait: 'tidegate.bulkhead.wait',
  retry: 'tidegate.retry',
  rateLimitHit: 'tidegate.ratelimit.hit',
  circuitRejected: 'tidegate.circuit.rejected',
  firstChunk: 'tidegate.stream.first_chunk',
  interrupted: 'tidegate.stream.interrupted',
  /** Of spans, as 1.41 of the conventions has it. */
  exception: 'exception',
  /** Of logs, as the newest conventions have it. */
  operationException: 'gen_ai.client.operation.exception',
} as const;

export const EVENT_ATTR = {
  delayMs: 'tidegate.delay_ms',
  dimension: 'tidegate.limit.dimension',
  queued: 'tidegate.queue.depth',
  attempt: 'tidegate.attempt.number',
  reason: 'tidegate.retry.reason',
  delaySource: 'tidegate.delay.source',
  limit: 'tidegate.limit.value',
  remaining: 'tidegate.limit.remaining',
  resetSeconds: 'tidegate.limit.reset_s',
  circuit: 'tidegate.circuit',
} as const;

/** A closed set: the type makes it an error to forget a member or to add one. */
type Closed<T extends string> = Readonly<Record<T, true>>;

export function valuesOf<T extends string>(set: Closed<T>): T[] {
  return Object.keys(set) as T[];
}

/** Whether a closed set has a value. Events are typed, yet what reaches a label is checked all the same. */
export function isOneOf<T extends string>(set: Closed<T>, value: string): value is T {
  return Object.hasOwn(set, value);
}

export const PROVIDERS: Closed<ProviderName> = Object.fromEntries(
  PROVIDER_NAMES.map((each) => [each, true]),
) as Closed<ProviderName>;

export const OPERATIONS: Closed<Operation> = {
  chat: true,
  text_completion: true,
  embeddings: true,
  moderation: true,
  image: true,
  audio: true,
  count_tokens: true,
  other: true,
};

export const CALL_OUTCOMES: Closed<CallOutcome> = {
  success: true,
  success_after_retry: true,
  retries_exhausted: true,
  rejected_circuit: true,
  rejected_bulkhead: true,
  timeout: true,
  cancelled: true,
  bad_request: true,
  client_error: true,
};

export const RETRY_REASONS: Closed<RetryReason> = {
  rate_limit: true,
  overloaded: true,
  no_capacity: true,
  server_error: true,
  timeout: true,
  first_content: true,
  connection: true,
  conflict: true,
  header_requested: true,
  other: true,
};

export const RETRY_LAYERS: Closed<RetryLayer> = {
  ai_sdk: true,
  langchain: true,
  openai_agents: true,
  llamaindex: true,
  sdk: true,
  p_retry: true,
  cockatiel: true,
  unknown: true,
};

export const DELAY_SOURCES: Closed<HintSource | 'backoff'> = {
  retry_after: true,
  reset_header: true,
  body: true,
  backoff: true,
};

export const DIMENSIONS: Closed<Dimension> = Object.fromEntries(
  EVERY_DIMENSION.map((each) => [each, true]),
) as Closed<Dimension>;

export const REJECTION_DIMENSIONS: Closed<RefusedBy> = { ...DIMENSIONS, overloaded: true, no_capacity: true };

export const WAIT_CAUSES: Closed<WaitCause> = { ...DIMENSIONS, pause: true, circuit: true, none: true };

export const PRIORITIES: Closed<Priority> = { interactive: true, normal: true, batch: true };

export const STREAM_OUTCOMES: Closed<StreamOutcome> = {
  completed: true,
  interrupted: true,
  cancelled: true,
  unread: true,
};

export const CIRCUIT_STATES: Closed<CircuitState> = { closed: true, open: true, half_open: true };

export const UNGUARDED_VIAS: Closed<UnguardedVia> = { sdk: true, fetch: true, http: true };

export const SHARED_MODES: Closed<SharedMode> = { joining: true, shared: true, alone: true };

export const STORE_FAULTS: Closed<StoreFault> = {
  timeout: true,
  connection: true,
  auth: true,
  permission: true,
  read_only: true,
  out_of_memory: true,
  loading: true,
  cluster_down: true,
  unsupported: true,
  other: true,
};

/** Why an answer is not whole: its length, a filter, a refusal, or an error beside it. */
export type CutReason = 'length' | 'content_filter' | 'refusal' | 'error';

export const CUT_REASONS: Closed<CutReason> = { length: true, content_filter: true, refusal: true, error: true };

/** Service tiers; `standard` is that of calls that ask for none, under whatever name. */
export type Tier =
  | 'standard'
  | 'flex'
  | 'priority'
  | 'fast'
  | 'ultrafast'
  | 'performance'
  | 'scale'
  | 'batch'
  | 'other';

export const TIERS: Closed<Tier> = {
  standard: true,
  flex: true,
  priority: true,
  fast: true,
  ultrafast: true,
  performance: true,
  scale: true,
  batch: true,
  other: true,
};

/** What becomes of the items of a batch. */
export type BatchState = 'answered' | 'failed' | 'in_flight' | 'left';

export const BATCH_STATES: Closed<BatchState> = { answered: true, failed: true, in_flight: true, left: true };

/** What became of the calls that money was spent on; value of `tidegate.cost.spent_on`. */
export type SpentOn = 'answers' | 'failures';

export const SPENT_ON: Closed<SpentOn> = { answers: true, failures: true };

/** `cache_read` and `cache_write` are parts of `input`, `reasoning` is a part of `output`. */
export type TokenKind = 'input' | 'cache_read' | 'cache_write' | 'output' | 'reasoning';
