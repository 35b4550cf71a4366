import type { LimitReading } from '../core/outcome.ts';
import { OPENAI_API } from './apis/openai-api.ts';
import { azureCharge } from './charge.ts';
import { addLimit, xNames, xRateLimit } from './parse/rate-limit-headers.ts';
import { provider, type Provider } from './provider.ts';

const REQUESTS = xNames('requests');
const TOKENS = xNames('tokens');

/** Azure sends the reset in whole seconds, too coarse to infer the window; its limits are per minute. */
function readAzureLimits(headers: Headers, wallMs: number): LimitReading[] {
  const readings: LimitReading[] = [];
  addLimit(readings, xRateLimit(headers, REQUESTS, wallMs), 'requests');
  addLimit(readings, xRateLimit(headers, TOKENS, wallMs), 'tokens');
  return readings;
}

/** Limits deployments: what a request names as its model is one. */
export const AZURE: Provider = provider({
  name: 'azure.ai.openai',
  api: OPENAI_API,
  hosts: ['.openai.azure.com', '.services.ai.azure.com', '.cognitiveservices.azure.com'],
  classes: { AzureOpenAI: 'openai' },
  fingerprints: ['apim-request-id', 'x-ms-region', 'x-ms-client-request-id'],
  readLimits: readAzureLimits,
  charge: azureCharge,
  endsStreams: true,
});
