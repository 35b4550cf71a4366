import { TidegateSetupError } from '../errors.ts';
import type { ProviderName } from '../core/provider.ts';
import type { PriceFunction } from './prices.ts';
import { partOfUsualPrice } from './service-tier.ts';

/** Names of the price list. */
const PROVIDERS: Readonly<Record<ProviderName, string>> = {
  openai: 'openai',
  'azure.ai.openai': 'azure',
  anthropic: 'anthropic',
  'aws.bedrock': 'aws',
  'gcp.vertex_ai': 'google',
  groq: 'groq',
  mistral_ai: 'mistral',
  'gcp.gemini': 'google',
  deepseek: 'deepseek',
  x_ai: 'x-ai',
  together_ai: 'together',
  fireworks_ai: 'fireworks',
  openrouter: 'openrouter',
};

/**
 * Prices of the optional peer `@pydantic/genai-prices`, as its installed version has them, without discounts of an account. It has those
 * of the usual tier; batches and flex go by what their provider says of them. Models that it does not know have no price, nor have
 * other tiers.
 *
 * @throws TidegateSetupError `missing_dependency` where the package is not installed.
 * @example
 * import { createGuard, loadPrices } from 'tidegate';
 * const guard = createGuard({ prices: await loadPrices() });
 */
export async function loadPrices(): Promise<PriceFunction> {
  return priceOfList(await loadList());
}

/** In a `try` of its own: what a bundler cannot resolve there is optional, and anywhere else an error of the build. */
async function loadList(): Promise<PriceList> {
  try {
    return await import('@pydantic/genai-prices');
  } catch (error) {
    return cannotLoad(error);
  }
}

/** What is asked of the package; its own declarations are not there where it is not installed. */
interface PriceList {
  calcPrice(
    usage: Record<'input_tokens' | 'cache_read_tokens' | 'cache_write_tokens' | 'output_tokens', number>,
    model: string,
    options: { providerId: string },
  ): { readonly total_price: number } | null;
}

export function priceOfList({ calcPrice }: PriceList): PriceFunction {
  return ({ provider, model, usage, serviceTier }) => {
    const part = partOfUsualPrice(provider, serviceTier);
    if (part === undefined) return undefined;
    const price = calcPrice(
      {
        input_tokens: usage.inputTokens,
        cache_read_tokens: usage.cacheReadTokens,
        cache_write_tokens: usage.cacheWriteTokens,
        output_tokens: usage.outputTokens,
      },
      model,
      { providerId: PROVIDERS[provider] },
    );
    return price ? part * price.total_price : undefined;
  };
}

function cannotLoad(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  throw new TidegateSetupError(
    missing ? 'missing_dependency' : 'start_failed',
    missing
      ? 'loadPrices needs one more package: npm install @pydantic/genai-prices'
      : '@pydantic/genai-prices could not be loaded.',
    { cause: error },
  );
}
