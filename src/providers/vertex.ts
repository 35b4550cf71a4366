import { ANTHROPIC_API } from './apis/anthropic-api.ts';
import { CLAUDE, readAnthropicLimits, withoutSnapshot } from './anthropic.ts';
import { anthropicCharge } from './charge.ts';
import { provider, type Provider } from './provider.ts';

/** Anthropic's models in Google Cloud. */
export const VERTEX: Provider = provider({
  name: 'gcp.vertex_ai',
  api: ANTHROPIC_API,
  // Its hosts serve Google's own models as well.
  hosts: [],
  classes: { AnthropicVertex: 'anthropic', AnthropicGoogleCloud: 'anthropic' },
  packages: ['@anthropic-ai/vertex-sdk', '@anthropic-ai/google-cloud-sdk'],
  readLimits: readAnthropicLimits,
  charge: anthropicCharge,
  requestIdHeader: 'request-id',
  endsStreams: true,
  shared: CLAUDE,
  modelOf: withoutSnapshot,
});
