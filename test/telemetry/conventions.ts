/**
 * The attributes that the GenAI conventions define for client spans, by their type and, where the set is closed, by their
 * values. From `docs/gen-ai/client-inference.md` and `docs/gen-ai/openai.md` of
 * open-telemetry/semantic-conventions-genai (schema gen-ai-dev/1.42.0-dev), and their table of changes since 1.41.
 */
type Kind = 'string' | 'int' | 'double' | 'boolean' | 'string[]';

interface Attribute {
  readonly kind: Kind;
  readonly values?: readonly string[];
  /** The one version that defines it; default: both. */
  readonly only?: 'compat' | 'latest';
}

export const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  'error.type': { kind: 'string' },
  'exception.type': { kind: 'string' },
  'gen_ai.operation.name': { kind: 'string' },
  'gen_ai.provider.name': { kind: 'string' },
  'gen_ai.output.type': { kind: 'string', values: ['text', 'json', 'image', 'speech'] },
  'gen_ai.request.choice.count': { kind: 'int' },
  'gen_ai.request.frequency_penalty': { kind: 'double' },
  'gen_ai.request.max_tokens': { kind: 'int' },
  'gen_ai.request.model': { kind: 'string' },
  'gen_ai.request.presence_penalty': { kind: 'double' },
  'gen_ai.request.previous_response.id': { kind: 'string' },
  'gen_ai.request.reasoning.level': { kind: 'string' },
  'gen_ai.request.seed': { kind: 'int' },
  'gen_ai.request.stop_sequences': { kind: 'string[]' },
  'gen_ai.request.stream': { kind: 'boolean' },
  'gen_ai.request.temperature': { kind: 'double' },
  'gen_ai.request.top_k': { kind: 'int' },
  'gen_ai.request.top_p': { kind: 'double' },
  'gen_ai.response.finish_reasons': { kind: 'string[]' },
  'gen_ai.response.id': { kind: 'string' },
  'gen_ai.response.model': { kind: 'string' },
  'gen_ai.response.time_to_first_chunk': { kind: 'double' },
  'gen_ai.usage.cache_creation.input_tokens': { kind: 'int', only: 'compat' },
  'gen_ai.usage.cache_read.input_tokens': { kind: 'int' },
  'gen_ai.usage.cache_write.input_tokens': { kind: 'int', only: 'latest' },
  'gen_ai.usage.input_tokens': { kind: 'int' },
  'gen_ai.usage.output_tokens': { kind: 'int' },
  'gen_ai.usage.reasoning.output_tokens': { kind: 'int' },
  'openai.api.type': { kind: 'string', values: ['chat_completions', 'responses'] },
  'openai.request.service_tier': { kind: 'string' },
  'openai.response.service_tier': { kind: 'string' },
  'openai.response.system_fingerprint': { kind: 'string' },
  'server.address': { kind: 'string' },
  'server.port': { kind: 'int' },
};

/** What the span of an answered call with all options must have, apart from OpenAI's own attributes. */
export const REQUIRED = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'server.address',
  'server.port',
];

/** Attributes that a metric of the conventions may have, besides the common ones. */
export const METRIC_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...REQUIRED,
  'gen_ai.response.model',
  'error.type',
  'gen_ai.token.type',
  'gen_ai.token.modality',
]);

/** A violation of the conventions by an attribute; undefined if there is none. */
export function problem(key: string, value: unknown, version: 'compat' | 'latest' | 'dup'): string | undefined {
  const known = ATTRIBUTES[key];
  if (!known) return `${key} is not in the conventions`;
  if (known.only !== undefined && version !== 'dup' && known.only !== version) return `${key} is of ${known.only}`;
  if (!isOf(known.kind, value)) return `${key} is no ${known.kind}: ${String(value)}`;
  if (known.values && !known.values.includes(value as string)) return `${key} is ${String(value)}`;
  return undefined;
}

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'int':
      return Number.isInteger(value);
    case 'double':
      return typeof value === 'number' && Number.isFinite(value);
    case 'string[]':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'string':
    case 'boolean':
      return typeof value === kind;
  }
}
