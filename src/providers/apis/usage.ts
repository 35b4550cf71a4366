import type { Usage } from '../../core/outcome.ts';
import { asObject } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';
import { asCount } from '../parse/numbers.ts';

/**
 * Usage object of OpenAI, Azure and Groq: `prompt_tokens`/`completion_tokens` (chat, completions, embeddings) or
 * `input_tokens`/`output_tokens` (responses, images, audio). Undefined where no tokens were counted
 * (`{type:'duration'}` of transcriptions).
 */
export function openAIUsage(value: unknown): Usage | undefined {
  const usage = asObject(value);
  if (!usage) return undefined;
  const input = asCount(usage['prompt_tokens']) ?? asCount(usage['input_tokens']);
  const output = asCount(usage['completion_tokens']) ?? asCount(usage['output_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const inputDetails =
    asObject(usage['prompt_tokens_details']) ??
    asObject(usage['input_tokens_details']) ??
    asObject(usage['input_token_details']);
  const outputDetails = asObject(usage['completion_tokens_details']) ?? asObject(usage['output_tokens_details']);
  return consistent(
    input ?? 0,
    output ?? 0,
    asCount(inputDetails?.['cached_tokens']),
    asCount(inputDetails?.['cache_write_tokens']),
    asCount(outputDetails?.['reasoning_tokens']),
  );
}

/** Usage of a body or stream event of OpenAI, Azure and Groq. Groq's streams carry it in `x_groq`. */
export function openAIBodyUsage(body: JsonObject): Usage | undefined {
  return (
    openAIUsage(body['usage']) ??
    openAIUsage(asObject(body['response'])?.['usage']) ??
    openAIUsage(asObject(body['x_groq'])?.['usage'])
  );
}

/** Usage object of Anthropic, whose `input_tokens` exclude cache reads and writes. */
export function anthropicUsage(value: unknown): Usage | undefined {
  const usage = asObject(value);
  if (!usage) return undefined;
  const input = asCount(usage['input_tokens']);
  const output = asCount(usage['output_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const cacheRead = asCount(usage['cache_read_input_tokens']) ?? 0;
  const cacheWrite = asCount(usage['cache_creation_input_tokens']) ?? 0;
  return consistent(
    (input ?? 0) + cacheRead + cacheWrite,
    output ?? 0,
    cacheRead,
    cacheWrite,
    asCount(asObject(usage['output_tokens_details'])?.['thinking_tokens']),
  );
}

/** Parts never exceed their whole, so that no charge comes out negative. */
function consistent(
  inputTokens: number,
  outputTokens: number,
  cacheRead: number | undefined,
  cacheWrite: number | undefined,
  reasoning: number | undefined,
): Usage {
  const cacheReadTokens = Math.min(cacheRead ?? 0, inputTokens);
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens: Math.min(cacheWrite ?? 0, inputTokens - cacheReadTokens),
    reasoningTokens: Math.min(reasoning ?? 0, outputTokens),
  };
}
