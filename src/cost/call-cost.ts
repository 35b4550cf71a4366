import type { GuardEvent } from '../core/events.ts';
import type { PriceFunction } from './prices.ts';
import { pricedTier } from './service-tier.ts';

/** Cost of a call or an attempt in USD; null if the price is unknown, undefined if the provider reported no usage. */
export function callCost(
  { call, usage, response }: Pick<Extract<GuardEvent, { type: 'call.end' }>, 'call' | 'usage' | 'response'>,
  priceOf: PriceFunction,
): number | null | undefined {
  if (!usage) return undefined;
  // A call may be answered by another tier than the one it requested.
  const serviceTier = pricedTier(response.serviceTier ?? call.tier);
  // The request may name an alias or a deployment.
  for (const model of [response.model, call.model]) {
    const usd = model === undefined ? undefined : priceOf({ provider: call.provider, model, usage, serviceTier });
    if (usd !== undefined) return usd;
  }
  return null;
}
