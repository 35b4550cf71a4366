import type { ProviderName, RequestInfo } from '../core/provider.ts';
import { PROVIDERS } from './registry.ts';

/** The pool of limits that a request draws on, by the registry's tables; undefined if it names no model. */
export function limitPool(provider: ProviderName, request: RequestInfo): string | undefined {
  const { model, operation, tier } = request;
  if (model === undefined) return undefined;
  const pool = modelPool(provider, model);
  // Counting tokens has its own limit, separate from the model's.
  if (operation === 'count_tokens') return `${pool}/count_tokens`;
  return tier !== undefined && PROVIDERS[provider].ownTiers.includes(tier) ? `${pool}/${tier}` : pool;
}

/** By provider, then by model: a combined key would be hashed at every call. */
const known = new Map<ProviderName, Map<string, string>>();
/** Per provider. An application calls the same few models over and over. */
const MAX_KNOWN = 200;

/** The pool of a model, or of whatever a provider names instead. */
export function modelPool(provider: ProviderName, model: string): string {
  let pools = known.get(provider);
  if (!pools) known.set(provider, (pools = new Map()));
  let pool = pools.get(model);
  if (pool === undefined) {
    const name = modelOf(provider, model);
    pool = PROVIDERS[provider].shared.find(({ models }) => models.test(name))?.pool ?? name;
    if (pools.size < MAX_KNOWN) pools.set(model, pool);
  }
  return pool;
}

/** Whether the tables name this pool. */
export function isShared(provider: ProviderName, pool: string): boolean {
  return PROVIDERS[provider].shared.some((each) => each.pool === pool);
}

/** A model without its date: snapshots share the limits of their alias. */
export function modelOf(provider: ProviderName, model: string): string {
  return PROVIDERS[provider].modelOf(model);
}
