import { ANTHROPIC_API } from './apis/anthropic-api.ts';
import { readAnthropicLimits } from './anthropic.ts';
import { anthropicCharge } from './charge.ts';
import { provider, type Provider } from './provider.ts';

/** Anthropic's models in Amazon Bedrock. Limits inference profiles: what a request names as its model is one. */
export const BEDROCK: Provider = provider({
  name: 'aws.bedrock',
  api: ANTHROPIC_API,
  // Its hosts serve other models as well, in APIs of their own.
  hosts: [],
  classes: { AnthropicBedrock: 'anthropic', AnthropicBedrockMantle: 'anthropic', BedrockOpenAI: 'openai' },
  packages: ['@anthropic-ai/bedrock-sdk'],
  // `x-amzn-requestid` comes with every AWS answer, so it counts only together with an Anthropic class: see infer-provider.
  readLimits: readAnthropicLimits,
  charge: anthropicCharge,
  requestIdHeader: 'x-amzn-requestid',
  endsStreams: true,
});
