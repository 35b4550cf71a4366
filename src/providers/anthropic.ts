import type { LimitReading } from '../core/outcome.ts';
import { ANTHROPIC_API } from './apis/anthropic-api.ts';
import { anthropicCharge } from './charge.ts';
import { readOpenAILimits } from './openai.ts';
import { serverNow } from './parse/numbers.ts';
import { addLimit, datedLimit, type LimitHeaders } from './parse/rate-limit-headers.ts';
import { provider, type Provider, type SharedPool } from './provider.ts';

const names = (name: string): LimitHeaders => ({
  limit: `anthropic-${name}-limit`,
  remaining: `anthropic-${name}-remaining`,
  reset: `anthropic-${name}-reset`,
});

const REQUESTS = names('ratelimit-requests');
const TOKENS = names('ratelimit-tokens');
const INPUT = names('ratelimit-input-tokens');
const OUTPUT = names('ratelimit-output-tokens');
const FAST_INPUT = names('fast-input-tokens');
const FAST_OUTPUT = names('fast-output-tokens');

/**
 * Reads `anthropic-ratelimit-*`. `tokens` is the sum of the two others, so it counts only if they are absent.
 * Fast mode has its own limits and headers, which only its answers carry; the priority headers describe no limit
 * of a call and are ignored.
 */
export function readAnthropicLimits(headers: Headers, wallMs: number): LimitReading[] {
  const now = serverNow(headers, wallMs);
  const fastInput = datedLimit(headers, FAST_INPUT, now);
  const fastOutput = datedLimit(headers, FAST_OUTPUT, now);
  const isFast = fastInput !== undefined || fastOutput !== undefined;
  const input = isFast ? fastInput : datedLimit(headers, INPUT, now);
  const output = isFast ? fastOutput : datedLimit(headers, OUTPUT, now);
  const readings: LimitReading[] = [];
  addLimit(readings, datedLimit(headers, REQUESTS, now), 'requests');
  addLimit(readings, input, 'input_tokens');
  addLimit(readings, output, 'output_tokens');
  if (!input && !output) addLimit(readings, datedLimit(headers, TOKENS, now), 'tokens');
  return readings;
}

/** Its endpoint for OpenAI's clients may send their headers (platform.claude.com/docs, OpenAI SDK compatibility). */
function readEitherLimits(headers: Headers, wallMs: number): LimitReading[] {
  const readings = readAnthropicLimits(headers, wallMs);
  return readings.length > 0 ? readings : readOpenAILimits(headers, wallMs);
}

const SOURCE = 'platform.claude.com/docs/en/api/rate-limits, example date 2026-09-01';

/**
 * Claude Opus 5, Sonnet 5 and the 5.5s have rows of their own in the tables of the same source, so they are no
 * families here; only their snapshots are taken together.
 */
export const CLAUDE: readonly SharedPool[] = [
  { models: /^claude-opus-4(?:[-.]\d{1,2})?$/, pool: 'claude-opus-4', source: SOURCE },
  { models: /^claude-sonnet-4(?:[-.]\d{1,2})?$/, pool: 'claude-sonnet-4', source: SOURCE },
  { models: /^claude-fable-5(?:[-.]\d{1,2})?$/, pool: 'claude-fable-5', source: SOURCE },
];

/** Snapshots share the limits of their alias. */
export const withoutSnapshot = (model: string): string => model.replace(/(?:[-@]20\d{6}|-latest)$/, '');

export const ANTHROPIC: Provider = provider({
  name: 'anthropic',
  api: ANTHROPIC_API,
  hosts: ['api.anthropic.com'],
  classes: {
    Anthropic: 'anthropic',
    BaseAnthropic: 'anthropic',
    AnthropicFoundry: 'anthropic',
    AnthropicAws: 'anthropic',
  },
  packages: ['@anthropic-ai/foundry-sdk', '@anthropic-ai/aws-sdk'],
  fingerprints: ['anthropic-organization-id', 'anthropic-ratelimit-requests-limit', 'request-id'],
  readLimits: readEitherLimits,
  charge: anthropicCharge,
  requestIdHeader: 'request-id',
  endsStreams: true,
  shared: CLAUDE,
  // "Dedicated rate limits" (platform.claude.com/docs, fast mode).
  ownTiers: ['fast'],
  modelOf: withoutSnapshot,
});
