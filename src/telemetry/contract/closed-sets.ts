import type {
  CallOutcome,
  CircuitState,
  RefusedBy,
  RetryLayer,
  RetryReason,
  SharedMode,
  StoreFault,
  StreamOutcome,
  UnguardedVia,
  WaitCause,
} from '../../core/event-values.ts';
import type { Priority } from '../../core/events.ts';
import { type Dimension, DIMENSIONS as EVERY_DIMENSION } from '../../core/dimensions.ts';
import type { HintSource } from '../../core/outcome.ts';
import { type Operation, PROVIDER_NAMES, type ProviderName } from '../../core/provider.ts';

import type { Closed } from './closed-set.ts';

/** Values of the enumerated labels: the only ones that a metric, a rule, a dashboard or a page may name. */

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

/** Why an answer is incomplete: its length, a filter, a refusal, or an error. */
export type CutReason = 'length' | 'content_filter' | 'refusal' | 'error';

export const CUT_REASONS: Closed<CutReason> = { length: true, content_filter: true, refusal: true, error: true };

/** Service tiers; `standard` is the default tier, under whatever name. */
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

/** Outcomes of batch items. */
export type BatchState = 'answered' | 'failed' | 'in_flight' | 'left';

export const BATCH_STATES: Closed<BatchState> = { answered: true, failed: true, in_flight: true, left: true };

/** What money was spent on; value of `tidegate.cost.spent_on`. */
export type SpentOn = 'answers' | 'failures';

export const SPENT_ON: Closed<SpentOn> = { answers: true, failures: true };

/** `cache_read` and `cache_write` are parts of `input`, `reasoning` is a part of `output`. */
export type TokenKind = 'input' | 'cache_read' | 'cache_write' | 'output' | 'reasoning';

export const TOKEN_KINDS: Closed<TokenKind> = {
  input: true,
  cache_read: true,
  cache_write: true,
  output: true,
  reasoning: true,
};

/** Where an attempt waited: in the queue, for a slot, or for a provider that fails. */
export const WAIT_STAGES: Closed<'pacer' | 'bulkhead' | 'circuit'> = { pacer: true, bulkhead: true, circuit: true };

/** Token types of the conventions, which define only these. */
export const TOKEN_TYPES: Closed<'input' | 'output'> = { input: true, output: true };
