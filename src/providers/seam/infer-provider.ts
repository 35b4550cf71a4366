import type { ProviderName } from '../../core/provider.ts';
import { asObject, asText } from '../parse/json.ts';

/** The provider that an error came from, by the SDK's class, then its headers, then the body's envelope. */
export function inferProvider(classes: readonly string[], headers: Headers | undefined, body: unknown): ProviderName {
  const family = fromClasses(classes) ?? fromHeaders(headers) ?? fromBody(body) ?? 'openai';
  if (family === 'anthropic') {
    return has(headers, 'x-amzn-requestid') ? 'aws.bedrock' : 'anthropic';
  }
  // OpenAI's client also talks to Azure and, by its base URL, to Groq.
  return family === 'openai' ? (fromHeaders(headers) ?? 'openai') : family;
}

const CLASSES: Readonly<Record<string, ProviderName>> = {
  OpenAIError: 'openai',
  AnthropicError: 'anthropic',
  GroqError: 'groq',
};

function fromClasses(classes: readonly string[]): ProviderName | undefined {
  const found = classes.find((name) => Object.hasOwn(CLASSES, name));
  return found === undefined ? undefined : CLASSES[found];
}

const HEADERS: readonly (readonly [string, ProviderName])[] = [
  ['x-groq-region', 'groq'],
  ['apim-request-id', 'azure.ai.openai'],
  ['x-ms-region', 'azure.ai.openai'],
  ['x-ms-client-request-id', 'azure.ai.openai'],
  ['anthropic-organization-id', 'anthropic'],
  ['anthropic-ratelimit-requests-limit', 'anthropic'],
  ['request-id', 'anthropic'],
  ['openai-version', 'openai'],
  ['openai-organization', 'openai'],
];

function fromHeaders(headers: Headers | undefined): ProviderName | undefined {
  return HEADERS.find(([name]) => has(headers, name))?.[1];
}

function fromBody(body: unknown): ProviderName | undefined {
  const envelope = asObject(body);
  if (envelope?.['type'] === 'error' && asObject(envelope['error'])) return 'anthropic';
  const error = asObject(envelope?.['error']) ?? envelope;
  if (asText(error?.['code']) === '429') return 'azure.ai.openai';
  return undefined;
}

function has(headers: Headers | undefined, name: string): boolean {
  return headers?.get(name) != null;
}
