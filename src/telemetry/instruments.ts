import type { MetricOptions } from '@opentelemetry/api';

/**
 * Names, units, descriptions and buckets of every metric. Prometheus names follow from them: `.` becomes `_`. Our own names
 * contain the unit that the OTLP path would add and the Prometheus exporter would not, so that both give the same name.
 * Buckets are few: a series each, for every model of every process.
 */

const SECONDS_SEMCONV = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS_SEMCONV = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

interface Definition {
  readonly name: string;
  readonly options: MetricOptions;
}

function define(name: string, unit: string, description: string, buckets?: number[]): Definition {
  return {
    name,
    options: { unit, description, ...(buckets ? { advice: { explicitBucketBoundaries: buckets } } : {}) },
  };
}

export type CounterName =
  | 'calls'
  | 'attempts'
  | 'errors'
  | 'waited'
  | 'retries'
  | 'tokens'
  | 'estimatedTokens'
  | 'streams'
  | 'rejections'
  | 'transitions'
  | 'unguarded'
  | 'repeated'
  | 'cost'
  | 'unpriced'
  | 'hitsLost'
  | 'cutAnswers'
  | 'tierAnswers'
  | 'fleetErrors'
  | 'inferenceInput'
  | 'inferenceOutput'
  | 'inferenceCacheRead'
  | 'inferenceCacheWrite'
  | 'inferenceReasoning';

export const COUNTERS: Readonly<Record<CounterName, Definition>> = {
  calls: define('tidegate.calls', '{call}', 'Logical calls by their final outcome.'),
  attempts: define('tidegate.attempts', '{attempt}', 'HTTP attempts by status code.'),
  errors: define('tidegate.call.errors', '{call}', 'Calls that failed in the end, by the type of their error.'),
  waited: define('tidegate.wait.spent_seconds', 's', 'Time that attempts spent waiting, by what they waited for.'),
  retries: define('tidegate.retries', '{retry}', 'Attempts that were sent again, by reason.'),
  tokens: define(
    'tidegate.tokens',
    '{token}',
    'Tokens that the provider counted; cached and reasoning ones are subsets.',
  ),
  estimatedTokens: define(
    'tidegate.pacer.estimated_tokens',
    '{token}',
    'Tokens that the pacer expected answered attempts to use; against tidegate.tokens they tell its error.',
  ),
  streams: define('tidegate.streams', '{stream}', 'Response streams by how they ended.'),
  rejections: define('tidegate.ratelimit.rejections', '{rejection}', 'Attempts that a limit refused, by dimension.'),
  transitions: define('tidegate.circuit.transitions', '{transition}', 'Changes of a circuit, by the state it entered.'),
  unguarded: define(
    'tidegate.unguarded.requests',
    '{request}',
    'Requests to a provider that no guard sent, by what made them.',
  ),
  repeated: define(
    'tidegate.repeated_calls',
    '{call}',
    'Calls whose request had just been given up, by the retry layer above that sent it again.',
  ),
  cost: define(
    'tidegate.cost',
    '{USD}',
    'What calls have cost in USD by the prices of the guard, by whether they were answered.',
  ),
  unpriced: define(
    'tidegate.cost.unpriced_calls',
    '{call}',
    'Calls whose price is not known: their cost is in no sum.',
  ),
  hitsLost: define(
    'tidegate.hits.lost_lines',
    '{line}',
    'Lines that the record of limit hits could not write: the disk is full, read-only or too slow.',
  ),
  cutAnswers: define(
    'tidegate.answers.cut',
    '{answer}',
    'Answers that are not whole, by what ended them: their length, a filter, a refusal or an error.',
  ),
  tierAnswers: define(
    'tidegate.tier.answers',
    '{answer}',
    'Answers to calls that ask for a service tier, by the one that they asked for and the one that served them.',
  ),
  fleetErrors: define(
    'tidegate.fleet.exchange_errors',
    '{exchange}',
    'Exchanges with the store of shared limits that failed, by fault.',
  ),
  inferenceInput: define(
    'gen_ai.client.inference.usage.input_tokens',
    '{token}',
    'Input tokens used, cached ones included.',
  ),
  inferenceOutput: define(
    'gen_ai.client.inference.usage.output_tokens',
    '{token}',
    'Output tokens used, reasoning tokens included.',
  ),
  inferenceCacheRead: define(
    'gen_ai.client.inference.usage.cache_read.input_tokens',
    '{token}',
    'Input tokens that were read from a cache.',
  ),
  inferenceCacheWrite: define(
    'gen_ai.client.inference.usage.cache_write.input_tokens',
    '{token}',
    'Input tokens that were written to a cache.',
  ),
  inferenceReasoning: define(
    'gen_ai.client.inference.usage.reasoning.output_tokens',
    '{token}',
    'Output tokens that were spent on reasoning.',
  ),
};

/** Counters of the newest conventions, of costs and of records; created only where these are asked for. */
export const COUNTERS_ON_DEMAND: ReadonlySet<CounterName> = new Set<CounterName>([
  'cost',
  'unpriced',
  'hitsLost',
  'cutAnswers',
  'tierAnswers',
  'fleetErrors',
  'inferenceInput',
  'inferenceOutput',
  'inferenceCacheRead',
  'inferenceCacheWrite',
  'inferenceReasoning',
]);

export type HistogramName =
  | 'attemptDuration'
  | 'callDuration'
  | 'callFirstChunk'
  | 'retryDelay'
  | 'waitDuration'
  | 'fleetExchange'
  | 'operationDuration'
  | 'tokenUsage'
  | 'firstChunk'
  | 'furtherChunk'
  | 'inferenceDuration'
  | 'inferenceFirstChunk'
  | 'inferenceFurtherChunk'
  | 'inferenceInputTokens'
  | 'inferenceOutputTokens'
  | 'embeddingsDuration'
  | 'embeddingsInputTokens';

export const HISTOGRAMS: Readonly<Record<HistogramName, Definition>> = {
  attemptDuration: define(
    'tidegate.attempt.duration_seconds',
    's',
    'Duration of one attempt: to the head of a stream, else to the end of the body.',
    // Nowhere a factor of three apart: that is what the alert on slower attempts looks for.
    [0.1, 0.25, 0.6, 1.5, 4, 10, 25, 60, 180],
  ),
  callDuration: define(
    'tidegate.call.duration_seconds',
    's',
    'Duration of one call, waits, retries and the whole stream included.',
    [0.5, 2, 8, 30, 120],
  ),
  callFirstChunk: define(
    'tidegate.stream.first_chunk_seconds',
    's',
    'From the start of a streaming call to its first chunk.',
    [0.5, 1, 2.5, 10, 60],
  ),
  retryDelay: define(
    'tidegate.retry.delay_seconds',
    's',
    'Delay before a retry, by what asked for it.',
    [0.1, 0.5, 2.5, 10, 60],
  ),
  waitDuration: define(
    'tidegate.wait.duration_seconds',
    's',
    'Time an attempt waited before it was sent or given up, by where it waited.',
    [0.01, 0.5, 2.5, 10, 60, 600],
  ),
  fleetExchange: define(
    'tidegate.fleet.exchange_seconds',
    's',
    'How long the store of shared limits takes to answer.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ),
  operationDuration: define('gen_ai.client.operation.duration', 's', 'GenAI operation duration.', SECONDS_SEMCONV),
  tokenUsage: define('gen_ai.client.token.usage', '{token}', 'Input and output tokens used.', TOKENS_SEMCONV),
  firstChunk: define(
    'gen_ai.client.operation.time_to_first_chunk',
    's',
    'Time to the first chunk of a streamed response.',
    SECONDS_SEMCONV,
  ),
  furtherChunk: define(
    'gen_ai.client.operation.time_per_output_chunk',
    's',
    'Time from one chunk of a streamed response to the next.',
    SECONDS_SEMCONV,
  ),
  inferenceDuration: define('gen_ai.client.inference.duration', 's', 'GenAI inference duration.', SECONDS_SEMCONV),
  inferenceFirstChunk: define(
    'gen_ai.client.inference.time_to_first_chunk',
    's',
    'Time to the first chunk of a streamed response.',
    SECONDS_SEMCONV,
  ),
  inferenceFurtherChunk: define(
    'gen_ai.client.inference.time_per_output_chunk',
    's',
    'Time from one chunk of a streamed response to the next.',
    SECONDS_SEMCONV,
  ),
  inferenceInputTokens: define(
    'gen_ai.client.inference.operation.input_tokens',
    '{token}',
    'Input tokens of one operation.',
    TOKENS_SEMCONV,
  ),
  inferenceOutputTokens: define(
    'gen_ai.client.inference.operation.output_tokens',
    '{token}',
    'Output tokens of one operation.',
    TOKENS_SEMCONV,
  ),
  embeddingsDuration: define('gen_ai.client.embeddings.duration', 's', 'GenAI embeddings duration.', SECONDS_SEMCONV),
  embeddingsInputTokens: define(
    'gen_ai.client.embeddings.operation.input_tokens',
    '{token}',
    'Input tokens of one embeddings operation.',
    TOKENS_SEMCONV,
  ),
};

export type GaugeName =
  | 'limit'
  | 'utilization'
  | 'oldestWait'
  | 'queueUrgent'
  | 'tenantShare'
  | 'remaining'
  | 'reset'
  | 'observedAge'
  | 'pacerRate'
  | 'bulkheadActive'
  | 'bulkheadQueued'
  | 'bulkheadCapacity'
  | 'bulkheadQueueCapacity'
  | 'circuitState'
  | 'buildInfo'
  | 'fleetLanes'
  | 'fleetProcesses'
  | 'fleetLeased'
  | 'fleetOvershoot'
  | 'batchRuns'
  | 'batchItems'
  | 'batchEta';

export const GAUGES: Readonly<Record<GaugeName, Definition>> = {
  limit: define('tidegate.ratelimit.limit', '{unit}', 'Limit of the account, by dimension.'),
  utilization: define(
    'tidegate.limit.utilization_ratio',
    '1',
    'Share of the limit in use by our own count: admitted within a minute, in flight, or gone of the day.',
  ),
  queueUrgent: define('tidegate.queue.urgent', '{call}', 'Calls that wait and are of another priority than batch.'),
  tenantShare: define(
    'tidegate.queue.tenant_share_ratio',
    '1',
    'Share of the waiting calls of the tenant that has the most of them, where tenants are named.',
  ),
  oldestWait: define('tidegate.queue.oldest_wait_seconds', 's', 'How long the call waits that came first.'),
  remaining: define('tidegate.ratelimit.remaining', '{unit}', 'What is left of the limit now.'),
  reset: define('tidegate.ratelimit.reset_seconds', 's', 'Time until the limit is fully available again.'),
  observedAge: define('tidegate.ratelimit.observed_age_seconds', 's', 'Age of the last reading from the provider.'),
  pacerRate: define('tidegate.pacer.rate_per_second', '{unit_per_second}', 'Rate that the pacer admits now.'),
  bulkheadActive: define('tidegate.bulkhead.active', '{call}', 'Calls in flight.'),
  bulkheadQueued: define('tidegate.bulkhead.queued', '{call}', 'Calls that wait.'),
  bulkheadCapacity: define('tidegate.bulkhead.capacity', '{call}', 'Calls that may be in flight.'),
  bulkheadQueueCapacity: define('tidegate.bulkhead.queue_capacity', '{call}', 'Calls that may wait.'),
  circuitState: define(
    'tidegate.circuit.state',
    '{circuit}',
    'One for the state that the circuit is in; others are there once it has been in them, at zero.',
  ),
  buildInfo: define('tidegate.build_info', '{process}', 'Always one; carries the version.'),
  fleetLanes: define(
    'tidegate.fleet.lanes',
    '{lane}',
    'Lanes by how they go by shared limits: by what they have leased, or alone by a share since the store is of no use.',
  ),
  fleetProcesses: define(
    'tidegate.fleet.processes',
    '{process}',
    'Processes that share the account, as far as is known.',
  ),
  fleetLeased: define('tidegate.fleet.leased', '{unit}', 'What this process may spend of a limit at once.'),
  fleetOvershoot: define(
    'tidegate.fleet.overshoot_bound',
    '{unit}',
    'Most that is let through too much if the store loses its state now.',
  ),
  batchRuns: define('tidegate.batch.runs', '{run}', 'Batches that are going on.'),
  batchItems: define('tidegate.batch.items', '{item}', 'Items of these batches, by what has become of them.'),
  batchEta: define(
    'tidegate.batch.eta_seconds',
    's',
    'Time until the last of these batches is done, by what it has needed so far.',
  ),
};
