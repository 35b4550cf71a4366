import type { LimitReading } from '../core/outcome.ts';
import { OPENAI_API } from './apis/openai-api.ts';
import { openAICharge } from './charge.ts';
import { readOpenAILimits } from './openai.ts';
import { parseCount, serverNow } from './parse/numbers.ts';
import { addLimit } from './parse/rate-limit-headers.ts';
import { type Known, provider, type Provider } from './provider.ts';

/**
 * Providers with OpenAI's API that differ in host and rate-limit headers.
 *
 * | provider | limits in headers | source |
 * |---|---|---|
 * | DeepSeek | nothing: it limits how many requests of a model are in flight | api-docs.deepseek.com/quick_start/rate_limit, read 2026-11-26 |
 * | xAI | not documented (limits: requests a second, tokens a minute); OpenAI's headers are read if present | docs.x.ai/developers/rate-limits, read 2026-11-26 |
 * | Together | requests and tokens a second | docs.together.ai/docs/rate-limits, read 2026-11-26 |
 * | Fireworks | requests a minute, tokens a second of a limit that is enforced by the minute | docs.fireworks.ai/serverless/rate-limits, read 2026-11-26 |
 * | OpenRouter | the request limit of a free model, on its refusal, with a date in milliseconds | openrouter.ai/docs/api_reference/limits, read 2026-11-26 |
 */
const compatible = (known: Omit<Known, 'api' | 'charge'>): Provider =>
  provider({ api: OPENAI_API, charge: openAICharge, ...known });

export const DEEPSEEK: Provider = compatible({
  name: 'deepseek',
  hosts: ['api.deepseek.com'],
  readLimits: () => [],
});

export const XAI: Provider = compatible({
  name: 'x_ai',
  hosts: ['api.x.ai', '.api.x.ai'],
  readLimits: readOpenAILimits,
});

const MINUTE = 60_000;

/** Converts a header's rate per second to a limit per minute. What remains of a second is obsolete on arrival. */
function bySecond(
  headers: Headers,
  name: string,
): { limit: number; remaining: undefined; resetMs: undefined } | undefined {
  const limit = parseCount(headers.get(name));
  return limit ? { limit: limit * 60, remaining: undefined, resetMs: undefined } : undefined;
}

/** `x-ratelimit-reset` is the wait after a refusal, as `retry-after` is; it gives no level. */
export const TOGETHER: Provider = compatible({
  name: 'together_ai',
  hosts: ['api.together.xyz', 'api.together.ai'],
  readLimits(headers) {
    const readings: LimitReading[] = [];
    addLimit(readings, bySecond(headers, 'x-ratelimit-limit'), 'requests');
    addLimit(readings, bySecond(headers, 'x-tokenlimit-limit'), 'tokens');
    return readings;
  },
});

/** Of its three token limits, the one on cached plus uncached input is `input_tokens`. */
export const FIREWORKS: Provider = compatible({
  name: 'fireworks_ai',
  hosts: ['api.fireworks.ai'],
  readLimits(headers) {
    const readings: LimitReading[] = [];
    const limit = parseCount(headers.get('x-ratelimit-limit-requests'));
    if (limit) addLimit(readings, { limit, remaining: undefined, resetMs: undefined }, 'requests');
    addLimit(readings, bySecond(headers, 'x-ratelimit-limit-tokens-prompt'), 'input_tokens');
    addLimit(readings, bySecond(headers, 'x-ratelimit-limit-tokens-generated'), 'output_tokens');
    return readings;
  },
});

/** A free model has a limit a minute and one a day, until midnight UTC; the refusal names the one that was hit. */
export const OPENROUTER: Provider = compatible({
  name: 'openrouter',
  hosts: ['openrouter.ai'],
  readLimits(headers, wallMs) {
    const limit = parseCount(headers.get('x-ratelimit-limit'));
    const at = parseCount(headers.get('x-ratelimit-reset'));
    if (!limit || at === undefined) return [];
    const remaining = parseCount(headers.get('x-ratelimit-remaining'));
    const resetMs = Math.max(0, at - serverNow(headers, wallMs));
    const readings: LimitReading[] = [];
    const found = { limit, remaining: remaining === undefined ? undefined : Math.min(remaining, limit), resetMs };
    addLimit(readings, found, resetMs > MINUTE ? 'requests_day' : 'requests');
    return readings;
  },
});
