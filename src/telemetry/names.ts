/**
 * Names of attributes, spans and their events; those of metrics are in `contract/`. The strings of the OpenTelemetry conventions are copied here, so that
 * no package of constants is loaded at run time; a test compares them with the published ones.
 */

/** Instrumentation scope of spans and metrics. */
export const SCOPE = 'tidegate';
/** Version of the scope and of `tidegate.build_info`; a test compares it with package.json. */
export const VERSION = '0.1.0';

/** Value of `sdk` in `tidegate.build_info`: which implementation of tidegate runs. */
export const SDK = 'js';

/** Label for values beyond a cap, and for missing ones. */
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
  /** The name in 1.41 of the conventions. */
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
  /** Only if copies of tidegate that cannot share their state are loaded in one process. */
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
  /** Of logs: of an inference by 0.1.0 of the GenAI conventions, and of other operations. */
  inferenceException: 'gen_ai.client.inference.exception',
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
