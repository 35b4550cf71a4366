import type { ProviderName } from '../core/provider.ts';

/** Names of the tier that an account gets by default. */
const USUAL: ReadonlySet<string> = new Set(['auto', 'default', 'on_demand', 'standard', 'standard_only']);

/**
 * Price of a tier relative to the standard price, where a provider states it for all of its models: half for batches
 * and for OpenAI's flex, the same for Groq's. Faster tiers are priced by model or by contract.
 */
const PARTS: Readonly<Partial<Record<ProviderName, Readonly<Record<string, number>>>>> = {
  openai: { flex: 0.5, batch: 0.5 },
  anthropic: { batch: 0.5 },
  groq: { flex: 1, batch: 0.5 },
};

/** The tier, if its price may differ; undefined for the standard tier. */
export function pricedTier(tier: string | undefined): string | undefined {
  return tier === undefined || USUAL.has(tier) ? undefined : tier;
}

/** Undefined if unknown. */
export function partOfUsualPrice(provider: ProviderName, tier: string | undefined): number | undefined {
  return tier === undefined ? 1 : PARTS[provider]?.[tier];
}
