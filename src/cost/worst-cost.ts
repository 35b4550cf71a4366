import type { Usage } from '../core/outcome.ts';
import type { ProviderName } from '../core/provider.ts';
import { adapterFor } from '../providers/registry.ts';
import { type PriceFunction, type Prices, resolvePrices } from './prices.ts';
import { pricedTier } from './service-tier.ts';

export interface CostedRequest {
  readonly provider: ProviderName;
  /** Path of the API, such as `/v1/chat/completions`. */
  readonly path: string;
  readonly body: unknown;
}

/** Tokens that providers add around the messages of a request. */
const FRAMING_TOKENS = 256;

/**
 * The maximum cost in USD of sending a request once: one token per byte of its body, since no tokenizer makes more of
 * text, and all the output that it allows. Undefined if the cost has no bound: no maximum of output tokens, images,
 * files or earlier answers as input, or a model or service tier without a price.
 *
 * @throws TidegateOptionError for what are no prices.
 * @example
 * import { worstCost } from 'tidegate/batch';
 * const usd = worstCost({ provider: 'openai', path: '/v1/responses', body }, await loadPrices());
 */
export function worstCost(request: CostedRequest, prices: Prices): number | undefined {
  return worstCostOf(request, resolvePrices(prices, 'prices'));
}

export function worstCostOf({ provider, path, body }: CostedRequest, priceOf: PriceFunction): number | undefined {
  const info = adapterFor(provider).describe({ method: 'POST', path, body });
  const outputTokens = info.maxOutputTokens ?? (WITHOUT_OUTPUT.has(info.operation) ? 0 : undefined);
  if (outputTokens === undefined || info.hidden || info.model === undefined) return undefined;
  const inputTokens = Buffer.byteLength(JSON.stringify(body)) + FRAMING_TOKENS;
  const usage: Usage = { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  const tier = pricedTier(info.tier);
  const price = (used: Usage): number | undefined => {
    const of = { provider, model: info.model!, usage: used };
    // If flex has no capacity, the standard tier may answer.
    const tiers = tier === 'flex' ? [tier, undefined] : [tier];
    return most(tiers.map((serviceTier) => priceOf({ ...of, serviceTier })));
  };
  const plain = price(usage);
  if (plain === undefined || info.cached !== true) return plain;
  // Tokens written to a cache may cost more.
  return most([plain, price({ ...usage, cacheWriteTokens: inputTokens })]);
}

function most(costs: readonly (number | undefined)[]): number | undefined {
  return costs.includes(undefined) ? undefined : Math.max(...(costs as number[]));
}

const WITHOUT_OUTPUT: ReadonlySet<string> = new Set(['embeddings', 'moderation', 'count_tokens']);
