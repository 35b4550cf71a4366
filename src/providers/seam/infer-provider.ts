import type { ProviderName } from '../../core/provider.ts';
import { asObject, asText } from '../parse/json.ts';
import { providerOfHeaders } from '../registry.ts';
import { FAMILIES, SDKS } from '../sdks.ts';

/** The provider that an error came from, by the SDK's class, then its headers, then the body's envelope. */
export function inferProvider(classes: readonly string[], headers: Headers | undefined, body: unknown): ProviderName {
  const found = fromClasses(classes) ?? providerOfHeaders(headers) ?? fromBody(body) ?? 'openai';
  if (found === 'anthropic') {
    return headers?.get('x-amzn-requestid') == null ? 'anthropic' : 'aws.bedrock';
  }
  // OpenAI's client also talks to Azure and, by its base URL, to any compatible server.
  return found === 'openai' ? (providerOfHeaders(headers) ?? 'openai') : found;
}

function fromClasses(classes: readonly string[]): ProviderName | undefined {
  const family = FAMILIES.find((each) => classes.includes(SDKS[each].error));
  return family && SDKS[family].provider;
}

function fromBody(body: unknown): ProviderName | undefined {
  const envelope = asObject(body);
  if (envelope?.['type'] === 'error' && asObject(envelope['error'])) return 'anthropic';
  const error = asObject(envelope?.['error']) ?? envelope;
  if (asText(error?.['code']) === '429') return 'azure.ai.openai';
  return undefined;
}
