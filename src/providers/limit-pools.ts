import type { ProviderName, RequestInfo } from '../core/provider.ts';

/** Models that draw on one limit, under the name of their pool. */
interface SharedPool {
  readonly models: RegExp;
  readonly pool: string;
  readonly source: string;
}

const ANTHROPIC_LIMITS = 'platform.claude.com/docs/en/api/rate-limits, example date 2026-09-01';
const OPENAI_MODELS = 'developers.openai.com/api/docs/models, read 2026-11-26: aliases and their default snapshots';

/**
 * Every other model is a pool of its own. Claude Opus 5, Sonnet 5 and the 5.5s have rows of their own in the tables
 * of the same source, so they are no families here; only their snapshots are taken together.
 */
const CLAUDE: readonly SharedPool[] = [
  { models: /^claude-opus-4(?:[-.]\d{1,2})?$/, pool: 'claude-opus-4', source: ANTHROPIC_LIMITS },
  { models: /^claude-sonnet-4(?:[-.]\d{1,2})?$/, pool: 'claude-sonnet-4', source: ANTHROPIC_LIMITS },
  { models: /^claude-fable-5(?:[-.]\d{1,2})?$/, pool: 'claude-fable-5', source: ANTHROPIC_LIMITS },
];

const GPT: readonly SharedPool[] = [
  {
    models: /^gpt-4-(?:turbo(?:-preview)?|(?:0125|1106)-preview|(?:1106-)?vision-preview)$/,
    pool: 'gpt-4-turbo',
    source: OPENAI_MODELS,
  },
  { models: /^gpt-4-\d{4}$/, pool: 'gpt-4', source: OPENAI_MODELS },
  { models: /^gpt-3\.5-turbo(?:-16k)?(?:-\d{4})?$/, pool: 'gpt-3.5-turbo', source: OPENAI_MODELS },
];

const SHARED: Readonly<Partial<Record<ProviderName, readonly SharedPool[]>>> = {
  anthropic: CLAUDE,
  'gcp.vertex_ai': CLAUDE,
  openai: GPT,
};

/**
 * Tiers with limits of their own. OpenAI's priority tier, now Fast mode, shares those of the standard one
 * (developers.openai.com/api/docs/guides/fast-mode, 2026-07-30); Ultrafast does not (guides/ultrafast-mode). Flex is
 * apart because its refusals are about capacity that standard calls have. Anthropic: "dedicated rate limits" for fast
 * mode. Groq: limits per service tier (console.groq.com/docs/flex-processing, 2026-10).
 */
const OWN_LIMITS: Readonly<Partial<Record<ProviderName, readonly string[]>>> = {
  openai: ['flex', 'ultrafast', 'batch'],
  anthropic: ['fast'],
  groq: ['flex', 'performance'],
};

/** The pool of limits that a request draws on, as far as tables tell; undefined where it names no model. */
export function limitPool(provider: ProviderName, request: RequestInfo): string | undefined {
  const { model, operation, tier } = request;
  if (model === undefined) return undefined;
  const pool = modelPool(provider, model);
  // Counting tokens has a limit of its own beside the model's.
  if (operation === 'count_tokens') return `${pool}/count_tokens`;
  return tier !== undefined && OWN_LIMITS[provider]?.includes(tier) ? `${pool}/${tier}` : pool;
}

/** The pool of a model, or of what a provider names in its place. */
export function modelPool(provider: ProviderName, model: string): string {
  const name = modelOf(provider, model);
  return SHARED[provider]?.find(({ models }) => models.test(name))?.pool ?? name;
}

/** A model without its date: snapshots share the limits of their alias. */
export function modelOf(provider: ProviderName, model: string): string {
  switch (provider) {
    case 'openai':
      // "A fine-tuned model pulls from the same shared rate limit as the model it is based off of" (rate-limits guide).
      return (/^ft:([^:]+):/.exec(model)?.[1] ?? model).replace(/-\d{4}-\d{2}-\d{2}$/, '');
    case 'anthropic':
    case 'gcp.vertex_ai':
      return model.replace(/(?:[-@]20\d{6}|-latest)$/, '');
    default:
      // Azure limits deployments, Bedrock inference profiles, and Groq's names have no dates.
      return model;
  }
}
