import { TidegateSetupError } from '../errors.ts';
import type { ProviderName } from '../core/provider.ts';
import type { PriceFunction } from './prices.ts';
import { partOfUsualPrice } from './service-tier.ts';

/** Provider ids in the price list. */
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
 * Prices from the optional peer `@pydantic/genai-prices`, as of its installed version, without discounts of an account.
 * The list covers the standard tier; batches and flex follow what their providers publish. Models that it does not know
 * have no price, nor do other tiers.
 */
export async function loadPrices(): Promise<PriceFunction> {
  return priceOfList(await loadList());
}

/**
 * In a `try` of its own: bundlers then treat an unresolvable import as optional; anywhere else it would fail the build.
 */
async function loadList(): Promise<PriceList> {
  try {
    return await import('@pydantic/genai-prices');
  } catch (error) {
    return cannotLoad(error);
  }
}

/** The part of the package that is used; its own declarations are missing where it is not installed. */
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
