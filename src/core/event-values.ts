import type { Dimension } from './outcome.ts';

/** Final result of a call; value of `tidegate.outcome`. */
export type CallOutcome =
  | 'success'
  | 'success_after_retry'
  | 'retries_exhausted'
  | 'rejected_circuit'
  | 'rejected_bulkhead'
  | 'timeout'
  | 'cancelled'
  | 'bad_request'
  | 'client_error';

/** Why an attempt is sent again; value of `tidegate.retry.reason`. */
export type RetryReason =
  | 'rate_limit'
  | 'overloaded'
  | 'no_capacity'
  | 'server_error'
  | 'timeout'
  | 'first_content'
  | 'connection'
  | 'conflict'
  | 'header_requested'
  | 'other';

/** What refused an attempt: a limit, a tier without capacity, or an overloaded provider. */
export type RefusedBy = Dimension | 'no_capacity' | 'overloaded';

/** What a call waited for before an attempt: a limit, or a state of its lane. */
export type WaitCause = Dimension | 'pause' | 'circuit' | 'none';

export type CircuitState = 'closed' | 'open' | 'half_open';

export type StreamOutcome = 'completed' | 'interrupted' | 'cancelled' | 'unread';

/** How an unguarded request was made; value of `tidegate.unguarded.via`. */
export type UnguardedVia = 'sdk' | 'fetch' | 'http';

/** How a lane uses shared limits: by leases from the store, or, without the store, by its own part of them. */
export type SharedMode = 'joining' | 'shared' | 'alone';

/** Why the store of shared limits cannot be used. */
export type StoreFault =
  | 'timeout'
  | 'connection'
  | 'auth'
  | 'permission'
  | 'read_only'
  | 'out_of_memory'
  | 'loading'
  | 'cluster_down'
  | 'unsupported'
  | 'other';

export type GiveUpReason =
  | 'not_retryable'
  | 'attempts'
  | 'budget'
  | 'deadline'
  | 'max_wait'
  | 'circuit'
  | 'streaming_body'
  | 'closed';

/** A library that itself retries failed requests; value of `tidegate.retry.layer`. */
export type RetryLayer =
  | 'ai_sdk'
  | 'langchain'
  | 'openai_agents'
  | 'llamaindex'
  | 'sdk'
  | 'p_retry'
  | 'cockatiel'
  | 'unknown';
