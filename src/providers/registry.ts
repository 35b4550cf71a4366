import type { LimitReading } from '../core/outcome.ts';
import type { ChargeRule, ProviderAdapter, ProviderName, ResponseInfo, StreamReader } from '../core/provider.ts';
import { anthropicStreamReader } from './apis/anthropic-stream.ts';
import { anthropicCharge, azureCharge, groqCharge, openAICharge } from './charge.ts';
import { classify } from './errors/classify-response.ts';
import { describeRequest } from './request/describe-request.ts';
import { readAnthropicLimits, readAzureLimits, readGroqLimits, readOpenAILimits } from './header-limits.ts';
import { asObject } from './parse/json.ts';
import type { JsonObject } from './parse/json.ts';
import { openAIStreamReader } from './apis/openai-stream.ts';
import { anthropicResponseInfo, openAIResponseInfo } from './apis/response-info.ts';
import { anthropicUsage, openAIBodyUsage } from './apis/usage.ts';

/** How the bodies and streams of one API look. */
interface Format {
  readonly usage: ProviderAdapter['readUsage'];
  readonly response: (body: JsonObject) => ResponseInfo;
  readonly stream: (choices?: number) => StreamReader;
}

const OPENAI: Format = {
  usage: (body) => openAIBodyUsage(asObject(body) ?? {}),
  response: openAIResponseInfo,
  stream: openAIStreamReader,
};

// The token counter's answer has no `usage`: counting is not charged.
const ANTHROPIC: Format = {
  usage: (body) => anthropicUsage(asObject(body)?.['usage']),
  response: anthropicResponseInfo,
  stream: anthropicStreamReader,
};

type ReadLimits = (headers: Headers, wallMs: number) => LimitReading[];

function adapter(
  provider: ProviderName,
  format: Format,
  readLimits: ReadLimits,
  charge: ChargeRule,
  requestIdHeader: string,
): ProviderAdapter {
  return {
    provider,
    describe: describeRequest,
    classify: (response, wallMs) => classify(response, wallMs, readLimits),
    readLimits,
    requestIdHeader,
    readUsage: format.usage,
    readResponse: (body) => format.response(asObject(body) ?? {}),
    streamReader: format.stream,
    charge,
  };
}

const ADAPTERS: Readonly<Record<ProviderName, ProviderAdapter>> = {
  openai: adapter('openai', OPENAI, readOpenAILimits, openAICharge, 'x-request-id'),
  'azure.ai.openai': adapter('azure.ai.openai', OPENAI, readAzureLimits, azureCharge, 'x-request-id'),
  anthropic: adapter('anthropic', ANTHROPIC, readAnthropicLimits, anthropicCharge, 'request-id'),
  'aws.bedrock': adapter('aws.bedrock', ANTHROPIC, readAnthropicLimits, anthropicCharge, 'x-amzn-requestid'),
  'gcp.vertex_ai': adapter('gcp.vertex_ai', ANTHROPIC, readAnthropicLimits, anthropicCharge, 'request-id'),
  groq: adapter('groq', OPENAI, readGroqLimits, groqCharge, 'x-request-id'),
};

/** The adapter of a provider; the same object every time. */
export function adapterFor(provider: ProviderName): ProviderAdapter {
  return ADAPTERS[provider];
}
