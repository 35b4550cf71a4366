import type { Usage } from '../core/outcome.ts';
import type { ProviderName } from '../core/provider.ts';
import { disown } from '../core/user-value.ts';
import { TidegateOptionError } from '../errors.ts';

/** What was used, and where. */
export interface PricedUsage {
  readonly provider: ProviderName;
  /** As the answer names it, else as the request does. */
  readonly model: string;
  readonly usage: Usage;
}

/** USD; undefined where the price is not known, which is never taken for nothing. */
export type PriceFunction = (used: PricedUsage) => number | undefined;

/** USD for a million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  /** Of input that is read from a cache. Default: as `input`. */
  readonly cacheRead?: number;
  /** Of input that is written to a cache. Default: as `input`. */
  readonly cacheWrite?: number;
}

/**
 * Prices by model. A name ends with `*` for all that begin so; the longest that fits counts. `provider/model` names the model of
 * one provider.
 */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

export type Prices = PriceTable | PriceFunction;

/** @throws TidegateOptionError for what are no prices. */
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
  return ({ provider, model, usage }) => {
    const price = find(`${provider}/${model}`) ?? find(model);
    return price && costOf(price, usage);
  };
}

function costOf(price: ModelPrice, usage: Usage): number {
  const { cacheReadTokens, cacheWriteTokens } = usage;
  const plain = Math.max(0, usage.inputTokens - cacheReadTokens - cacheWriteTokens);
  const { input, output, cacheRead = input, cacheWrite = input } = price;
  return (
    (plain * input + cacheReadTokens * cacheRead + cacheWriteTokens * cacheWrite + usage.outputTokens * output) / 1e6
  );
}

/** A function of the application's, or of a package's: what it throws, or answers but an amount, is no price. */
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
  if (typeof price !== 'object' || price === null) {
    throw new TidegateOptionError(path, 'an object with input and output', price);
  }
  for (const key of Object.keys(price)) {
    if (!(KEYS as readonly string[]).includes(key)) {
      throw new TidegateOptionError(path, `an object with the keys ${KEYS.join(', ')}`, `key ${key}`);
    }
  }
  const checked = { ...price } as ModelPrice;
  for (const key of KEYS) {
    const value: unknown = checked[key];
    if (value === undefined && key.startsWith('cache')) continue;
    if (typeof value === 'number' && value >= 0 && value < Infinity) continue;
    throw new TidegateOptionError(`${path}.${key}`, 'USD for a million tokens', value);
  }
  return checked;
}
