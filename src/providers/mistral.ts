import type { LimitReading } from '../core/outcome.ts';
import { OPENAI_API } from './apis/openai-api.ts';
import { openAICharge } from './charge.ts';
import { addLimit, xNames, xRateLimit } from './parse/rate-limit-headers.ts';
import { provider, type Provider } from './provider.ts';

const REQUESTS = xNames('req-minute');
const TOKENS = xNames('tokens-minute');

/** Limits per minute whose headers name the minute, and no reset (captured 2026-02-12, github.com/mistralai/client-ts/issues/169). */
function readMistralLimits(headers: Headers, wallMs: number): LimitReading[] {
  const readings: LimitReading[] = [];
  addLimit(readings, xRateLimit(headers, REQUESTS, wallMs), 'requests');
  addLimit(readings, xRateLimit(headers, TOKENS, wallMs), 'tokens');
  return readings;
}

/** Its own SDK is not one of the supported three: use guarded fetch, or OpenAI's client with its base URL. */
export const MISTRAL: Provider = provider({
  name: 'mistral_ai',
  api: OPENAI_API,
  hosts: ['api.mistral.ai', 'codestral.mistral.ai'],
  fingerprints: ['mistral-correlation-id'],
  readLimits: readMistralLimits,
  charge: openAICharge,
  requestIdHeader: 'mistral-correlation-id',
});
