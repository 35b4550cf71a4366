import type { Usage } from '../core/outcome.ts';
import type { ChargeRule } from '../core/provider.ts';

/**
 * How each provider charges its token limits. Every rule also gives input and output apart, for limits of either
 * that a configuration or a 429 makes known.
 *
 * | provider | reserved on arrival | finally counted |
 * |---|---|---|
 * | OpenAI | the larger of max_tokens and the prompt estimate | prompt + answer, cached tokens included |
 * | Azure | prompt estimate + max_tokens | as OpenAI |
 * | Anthropic | estimated input; the expected answer, since `max_tokens` does not count | input without cache reads; answer |
 * | Groq | prompt estimate + max_tokens | prompt without cached tokens + answer |
 *
 * Whether OpenAI and Azure give back what was reserved but not generated is not published: headers show it, and without
 * them refusals do (`pacing/usage/given-back.ts`).
 */

/** An answer is never longer than asked for. */
function expected(maxOutputTokens: number | undefined, expectedOutputTokens: number): number {
  return Math.min(maxOutputTokens ?? Infinity, expectedOutputTokens);
}

function all(usage: Usage): number {
  return usage.inputTokens;
}

// Marked with † in the rate-limit tables (platform.claude.com/docs/en/api/rate-limits, 2026-09): cache reads count.
const COUNTS_CACHE_READS = /claude-(?:3-(?:5-)?haiku|haiku-3)/;

function uncached(usage: Usage, model?: string): number {
  if (model !== undefined && COUNTS_CACHE_READS.test(model)) return usage.inputTokens;
  return Math.max(0, usage.inputTokens - usage.cacheReadTokens);
}

export const openAICharge: ChargeRule = {
  // No correction has been published or observed.
  corrects: false,
  // "Do cached prompts contribute to TPM rate limits? Yes" (prompt-caching FAQ).
  cachedInput: 'counts',
  countedInput: all,
  reserve: ({ inputTokens, maxOutputTokens, expectedOutputTokens }) => ({
    tokens: Math.max(maxOutputTokens ?? expectedOutputTokens, inputTokens),
    inputTokens,
    outputTokens: expected(maxOutputTokens, expectedOutputTokens),
  }),
  charge: (usage) => ({
    tokens: usage.inputTokens + usage.outputTokens,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
  }),
};

export const azureCharge: ChargeRule = {
  corrects: false,
  cachedInput: 'counts',
  countedInput: all,
  reserve: ({ inputTokens, maxOutputTokens, expectedOutputTokens }) => ({
    tokens: inputTokens + (maxOutputTokens ?? expectedOutputTokens),
    inputTokens,
    outputTokens: expected(maxOutputTokens, expectedOutputTokens),
  }),
  charge: openAICharge.charge,
};

export const anthropicCharge: ChargeRule = {
  corrects: true,
  cachedInput: 'free_if_marked',
  countedInput: uncached,
  reserve: ({ inputTokens, maxOutputTokens, expectedOutputTokens }) => {
    const outputTokens = expected(maxOutputTokens, expectedOutputTokens);
    return { tokens: inputTokens + outputTokens, inputTokens, outputTokens };
  },
  charge: (usage, model) => {
    const inputTokens = uncached(usage, model);
    return { tokens: inputTokens + usage.outputTokens, inputTokens, outputTokens: usage.outputTokens };
  },
};

export const groqCharge: ChargeRule = {
  corrects: true,
  // "Cached tokens do not count towards your rate limits" (console.groq.com/docs/rate-limits), without being asked for.
  cachedInput: 'free',
  countedInput: uncached,
  reserve: azureCharge.reserve,
  charge: anthropicCharge.charge,
};
