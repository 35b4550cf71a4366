import type { GuardEvent } from '../core/events.ts';
import type { PriceFunction } from './prices.ts';

/** What a call has cost in USD; null where that is not known, undefined where the provider told of no use. */
export function callCost(
  { call, usage, response }: Extract<GuardEvent, { type: 'call.end' }>,
  priceOf: PriceFunction,
): number | null | undefined {
  if (!usage) return undefined;
  // The request may name an alias or a deployment.
  for (const model of [response.model, call.model]) {
    const usd = model === undefined ? undefined : priceOf({ provider: call.provider, model, usage });
    if (usd !== undefined) return usd;
  }
  return null;
}
