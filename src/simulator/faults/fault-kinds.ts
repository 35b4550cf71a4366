/** Faults that are an HTTP answer; which of them a provider has is in its dialect. */
export const ANSWER_FAULTS = [
  'server_error',
  'bad_gateway',
  'gateway_timeout',
  'overloaded',
  'overloaded_500',
  'high_demand',
  'flex_capacity',
  'slow_down',
  'unknown_429',
  'retry_after_day',
  'request_timeout',
  'conflict',
  'auth',
  'forbidden',
  'bad_request',
  'insufficient_quota',
  'credit_balance_exhausted',
  'organization_spend_limit',
  'project_spend_limit',
  'organization_usage_limit',
  'billing_hard_limit',
  'spend_limit',
  'contract_spend_limit',
  'specified_spend_limit',
  'credit_balance_too_low',
  'blocked_api_access',
  'fast_mode_limit',
  'long_context_limit',
  'concurrency_limit',
  'acceleration_limit',
] as const;

/** Faults of the connection and of bodies; every provider has them. */
export const TRANSPORT_FAULTS = [
  /** The socket is reset before any answer. */
  'connection_reset',
  /** No answer; the socket stays open. */
  'hang',
  /** Half the body, then a reset. */
  'body_reset',
  /** Half the body, then silence. */
  'body_hang',
  /** 200 with a body that is not JSON. */
  'garbage',
] as const;

/** Faults within a stream; answers that are not streamed are unaffected. */
export const STREAM_FAULTS = [
  /** An overload error as the first event. */
  'stream_error_first',
  /** An overload error after half of the tokens. */
  'stream_error_middle',
  /** A rate-limit error after half of the tokens. */
  'stream_rate_limit',
  /** The stream ends after half of the tokens as if it were complete, without its last events. */
  'stream_end_early',
] as const;

export type AnswerFault = (typeof ANSWER_FAULTS)[number];
export type TransportFault = (typeof TRANSPORT_FAULTS)[number];
export type StreamFault = (typeof STREAM_FAULTS)[number];
export type FaultKind = AnswerFault | TransportFault | StreamFault;

export function isAnswerFault(kind: FaultKind): kind is AnswerFault {
  return (ANSWER_FAULTS as readonly string[]).includes(kind);
}

export function isStreamFault(kind: FaultKind): kind is StreamFault {
  return (STREAM_FAULTS as readonly string[]).includes(kind);
}
