import type { LimitReading } from '../core/outcome.ts';
import { OPENAI_API } from './apis/openai-api.ts';
import { openAICharge } from './charge.ts';
import { addLimit, addWindowed, xNames, xRateLimit } from './parse/rate-limit-headers.ts';
import { provider, type Provider, type SharedPool } from './provider.ts';

const REQUESTS = xNames('requests');
const TOKENS = xNames('tokens');
const PROJECT_TOKENS = xNames('project-tokens');
const OLD_TOKENS = xNames('tokens_usage_based');

/** Reads `x-ratelimit-*` of OpenAI. Its `requests` may be a limit per day, depending on the reset. */
export function readOpenAILimits(headers: Headers, wallMs: number): LimitReading[] {
  const readings: LimitReading[] = [];
  addWindowed(readings, xRateLimit(headers, REQUESTS, wallMs), 'requests', 'requests_day');
  addWindowed(
    readings,
    xRateLimit(headers, TOKENS, wallMs) ?? xRateLimit(headers, OLD_TOKENS, wallMs),
    'tokens',
    'tokens_day',
  );
  // A project's limit applies in addition to the organization's: others may have used up either.
  addLimit(readings, xRateLimit(headers, PROJECT_TOKENS, wallMs), 'project_tokens');
  return readings;
}

const MODELS = 'developers.openai.com/api/docs/models, read 2026-11-26: aliases and their default snapshots';

const GPT: readonly SharedPool[] = [
  {
    models: /^gpt-4-(?:turbo(?:-preview)?|(?:0125|1106)-preview|(?:1106-)?vision-preview)$/,
    pool: 'gpt-4-turbo',
    source: MODELS,
  },
  { models: /^gpt-4-\d{4}$/, pool: 'gpt-4', source: MODELS },
  { models: /^gpt-3\.5-turbo(?:-16k)?(?:-\d{4})?$/, pool: 'gpt-3.5-turbo', source: MODELS },
];

export const OPENAI: Provider = provider({
  name: 'openai',
  api: OPENAI_API,
  hosts: ['api.openai.com'],
  classes: { OpenAI: 'openai' },
  fingerprints: ['openai-version', 'openai-organization'],
  readLimits: readOpenAILimits,
  charge: openAICharge,
  endsStreams: true,
  shared: GPT,
  // Its priority tier, now Fast mode, shares the limits of the standard one (developers.openai.com/api/docs/guides/
  // fast-mode, 2026-07-30); Ultrafast does not (guides/ultrafast-mode). Flex is apart because its refusals are about
  // capacity that standard calls have.
  ownTiers: ['flex', 'ultrafast', 'batch'],
  // "A fine-tuned model pulls from the same shared rate limit as the model it is based off of" (rate-limits guide).
  modelOf: (model) => (/^ft:([^:]+):/.exec(model)?.[1] ?? model).replace(/-\d{4}-\d{2}-\d{2}$/, ''),
});
