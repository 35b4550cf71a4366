import type { ProviderName } from '../core/provider.ts';

/** Words for the tier that an account has without asking for one. */
const USUAL: ReadonlySet<string> = new Set(['auto', 'default', 'on_demand', 'standard', 'standard_only']);

/**
 * What a tier costs as part of the usual price, where a provider says so for all of its models: half for batches and for OpenAI's flex,
 * and the same for Groq's. Faster ones are priced by model, or by contract.
 */
const PARTS: Readonly<Partial<Record<ProviderName, Readonly<Record<string, number>>>>> = {
  openai: { flex: 0.5, batch: 0.5 },
  anthropic: { batch: 0.5 },
  groq: { flex: 1, batch: 0.5 },
};

/** The tier as far as its price may be another one; undefined for the usual one. */
export function pricedTier(tier: string | undefined): string | undefined {
  return tier === undefined || USUAL.has(tier) ? undefined : tier;
}

/** Undefined where it is not known. */
export function partOfUsualPrice(provider: ProviderName, tier: string | undefined): number | undefined {
  return tier === undefined ? 1 : PARTS[provider]?.[tier];
}
