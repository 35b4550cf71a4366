import type { Usage } from '../core/outcome.ts';
import type { ProviderName } from '../core/provider.ts';
import { disown } from '../core/user-value.ts';
import { TidegateOptionError } from '../errors.ts';
import { partOfUsualPrice } from './service-tier.ts';

/** What was used, and where. */
export interface PricedUsage {
  readonly provider: ProviderName;
  /** The model that the answer names, else the request's. */
  readonly model: string;
  readonly usage: Usage;
  /** The provider's own name, such as `flex`, `priority` or `batch`; undefined for the standard tier. */
  readonly serviceTier?: string | undefined;
}

/** USD; undefined if the price is unknown, which never counts as 0. */
export type PriceFunction = (used: PricedUsage) => number | undefined;

/** USD for a million tokens. */
export interface TokenPrice {
  readonly input: number;
  readonly output: number;
  /** For input read from a cache. Default: as `input`. */
  readonly cacheRead?: number;
  /** For input written to a cache. Default: as `input`. */
  readonly cacheWrite?: number;
}

export interface ModelPrice extends TokenPrice {
  /**
   * Prices of service tiers, by the provider's name. Default: half of the standard price for batches and OpenAI's
   * `flex`, the standard price for Groq's `flex`; none for others.
   */
  readonly tiers?: Readonly<Record<string, TokenPrice>>;
}

/**
 * Prices by model. A key that ends with `*` matches all names with that prefix; the longest match counts.
 * `provider/model` names the model of one provider.
 */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

export type Prices = PriceTable | PriceFunction;

/** @throws TidegateOptionError for invalid prices. */
export function resolvePrices(prices: Prices, path: string): PriceFunction {
  if (typeof prices === 'function') return guarded(prices);
  if (typeof prices !== 'object' || prices === null || Array.isArray(prices)) {
    throw new TidegateOptionError(path, 'a table of prices or a function', prices);
  }
  const exact = new Map<string, ModelPrice>();
  const beginnings: (readonly [string, ModelPrice])[] = [];
  for (const [name, price] of Object.entries(prices)) {
    const checked = checkPrice(price, `${path}[${JSON.stringify(name)}]`);
    if (name.endsWith('*')) beginnings.push([name.slice(0, -1), checked]);
    else exact.set(name, checked);
  }
  beginnings.sort(([a], [b]) => b.length - a.length);
  const find = (name: string): ModelPrice | undefined =>
    exact.get(name) ?? beginnings.find(([beginning]) => name.startsWith(beginning))?.[1];
  return ({ provider, model, usage, serviceTier }) => {
    const price = find(`${provider}/${model}`) ?? find(model);
    if (!price) return undefined;
    const own = serviceTier === undefined ? undefined : price.tiers?.[serviceTier];
    if (own) return costOf(own, usage);
    const part = partOfUsualPrice(provider, serviceTier);
    return part === undefined ? undefined : part * costOf(price, usage);
  };
}

function costOf(price: TokenPrice, usage: Usage): number {
  const { cacheReadTokens, cacheWriteTokens } = usage;
  const plain = Math.max(0, usage.inputTokens - cacheReadTokens - cacheWriteTokens);
  const { input, output, cacheRead = input, cacheWrite = input } = price;
  return (
    (plain * input + cacheReadTokens * cacheRead + cacheWriteTokens * cacheWrite + usage.outputTokens * output) / 1e6
  );
}

/** A function of the application or of a package: an exception, or a result other than an amount, means no price. */
function guarded(prices: PriceFunction): PriceFunction {
  return (used) => {
    try {
      const usd: unknown = prices(used);
      if (typeof usd === 'number' && usd >= 0 && usd < Infinity) return usd;
      disown(usd);
      return undefined;
    } catch {
      return undefined;
    }
  };
}

const KEYS = ['input', 'output', 'cacheRead', 'cacheWrite'] as const;

function checkPrice(price: unknown, path: string): ModelPrice {
  const { tiers, ...usual } = objectOf(price, path, [...KEYS, 'tiers']);
  const checked = checkTokenPrice(usual, path);
  if (tiers === undefined) return checked;
  if (typeof tiers !== 'object' || tiers === null || Array.isArray(tiers)) {
    throw new TidegateOptionError(`${path}.tiers`, 'prices by service tier', tiers);
  }
  const entries = Object.entries(tiers).map(([tier, each]) => {
    const at = `${path}.tiers[${JSON.stringify(tier)}]`;
    return [tier, checkTokenPrice(objectOf(each, at, KEYS), at)] as const;
  });
  return { ...checked, tiers: Object.fromEntries(entries) };
}

function objectOf(value: unknown, path: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) {
    throw new TidegateOptionError(path, 'an object with input and output', value);
  }
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) {
      throw new TidegateOptionError(path, `an object with the keys ${keys.join(', ')}`, `key ${key}`);
    }
  }
  return { ...value };
}

function checkTokenPrice(price: Readonly<Record<string, unknown>>, path: string): TokenPrice {
  for (const key of KEYS) {
    const value = price[key];
    if (value === undefined && key.startsWith('cache')) continue;
    if (typeof value === 'number' && value >= 0 && value < Infinity) continue;
    throw new TidegateOptionError(`${path}.${key}`, 'USD for a million tokens', value);
  }
  return price as unknown as TokenPrice;
}
