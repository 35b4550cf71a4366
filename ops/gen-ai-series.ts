/**
 * Metrics of the GenAI conventions from any emitter. A name exists in two versions of the conventions and for
 * two ways into Prometheus, one of which adds the unit; a job emits some of them.
 */
export const GEN_AI_SERIES = {
  duration: [
    'gen_ai_client_operation_duration',
    'gen_ai_client_operation_duration_seconds',
    'gen_ai_client_inference_duration',
    'gen_ai_client_inference_duration_seconds',
  ],
  firstChunk: [
    'gen_ai_client_operation_time_to_first_chunk',
    'gen_ai_client_operation_time_to_first_chunk_seconds',
    'gen_ai_client_inference_time_to_first_chunk',
    'gen_ai_client_inference_time_to_first_chunk_seconds',
  ],
  /** Of model servers and gateways. */
  firstToken: ['gen_ai_server_time_to_first_token', 'gen_ai_server_time_to_first_token_seconds'],
  perToken: ['gen_ai_server_time_per_output_token', 'gen_ai_server_time_per_output_token_seconds'],
  tokens: ['gen_ai_client_token_usage'],
  inputTokens: ['gen_ai_client_inference_usage_input_tokens_total'],
  outputTokens: ['gen_ai_client_inference_usage_output_tokens_total'],
} as const;

export type GenAiName = keyof typeof GEN_AI_SERIES;

/** Labels that the conventions define for all of them. */
export const GEN_AI_LABELS: readonly string[] = [
  'gen_ai_provider_name',
  'gen_ai_request_model',
  'gen_ai_operation_name',
  'gen_ai_token_type',
  'error_type',
];
