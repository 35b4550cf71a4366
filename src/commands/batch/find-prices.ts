import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadPrices, priceOfList } from '../../cost/load-prices.ts';
import { type PriceFunction, resolvePrices } from '../../cost/prices.ts';

/** The price package, installed beside tidegate or where `npx` was run; undefined if neither has it. */
export async function findPrices(): Promise<PriceFunction | undefined> {
  try {
    return resolvePrices(await loadPrices(), 'prices');
  } catch {
    // Try the next place.
  }
  try {
    const here = createRequire(join(process.cwd(), 'any.js'));
    const list = pathToFileURL(here.resolve('@pydantic/genai-prices')).href;
    return resolvePrices(priceOfList((await import(list)) as Parameters<typeof priceOfList>[0]), 'prices');
  } catch {
    return undefined;
  }
}
