import { expect, it } from 'vitest';
import { recognizeRequest } from '../../src/unguarded/recognize-request.ts';

const recognize = (origin: string, path: string, headers: Record<string, string> = {}, upgrades = false) =>
  recognizeRequest({ origin, path, upgrades, via: 'fetch', header: (name) => headers[name] });
const sdk = (agent: string, more: Record<string, string> = {}) => ({
  'x-stainless-lang': 'js',
  'user-agent': agent,
  ...more,
});

it.each([
  ['https://api.openai.com', 'openai'],
  ['https://api.anthropic.com', 'anthropic'],
  ['https://api.groq.com', 'groq'],
  ['https://mine.openai.azure.com', 'azure.ai.openai'],
] as const)('a provider is known by its host, %s', (origin, provider) => {
  expect(recognize(origin, '/v1/models')).toEqual({ provider, via: 'fetch' });
});

it.each([
  ['OpenAI/JS 7.59.0', 'openai'],
  ['AzureOpenAI/JS 5.0.0', 'azure.ai.openai'],
  ['MyOpenAI/JS 7.59.0', 'openai'],
  ['AnthropicBedrock/JS 1.1.3', 'aws.bedrock'],
  ['Groq/JS 1.6.0', 'groq'],
] as const)('an SDK is known by its user agent at any host, %s', (agent, provider) => {
  expect(recognize('http://gateway.test:8080', '/v1/x', sdk(agent))).toEqual({ provider, via: 'sdk' });
});

it('an SDK of another make is reported like a request past guarded fetch', () => {
  const at = recognize('https://api.together.xyz', '/v1/chat/completions', sdk('Together/JS 0.9.0'));
  expect(at).toEqual({ provider: 'together_ai', via: 'fetch' });
});

it('an SDK whose classes a minifier renamed is recognized by its request', () => {
  const at = (path: string, more = {}) => recognize('http://gateway.test', path, sdk('t/JS 7.59.0', more))?.provider;
  expect(at('/v1/chat/completions')).toBe('openai');
  expect(at('/v1/responses?include=x')).toBe('openai');
  expect(at('/v1/messages', { 'anthropic-version': '2023-06-01' })).toBe('anthropic');
  expect(at('/v1/files')).toBeUndefined();
});

it.each([
  ['another API', 'https://example.com', '/v1/chat/completions', {}],
  ['an SDK of someone else', 'https://api.cerebras.ai', '/v1/chat/completions', sdk('Cerebras/JS 0.9.0')],
  [
    'an API that no guard understands',
    'https://generativelanguage.googleapis.com',
    '/v1beta/models/g:generateContent',
    {},
  ],
  ['a host that only looks like one', 'https://api.openai.com.example.com', '/', {}],
  ['a token', 'https://api.anthropic.com', '/v1/oauth/token', {}],
] as const)('%s is not told', (_what, origin, path, headers) => {
  expect(recognize(origin, path, headers)).toBeUndefined();
});

it('a socket is not reported, since no guard handles it', () => {
  expect(recognize('https://api.openai.com', '/v1/realtime', {}, true)).toBeUndefined();
});
