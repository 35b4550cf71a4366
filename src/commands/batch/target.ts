import type { ProviderName } from '../../core/provider.ts';
import { keyOf } from '../key.ts';

export const PROVIDERS = ['openai', 'azure', 'groq', 'anthropic'] as const;
export type BatchProvider = (typeof PROVIDERS)[number];

/** Its name in events, prices and adapters. */
export const providerName = (provider: BatchProvider): ProviderName =>
  provider === 'azure' ? 'azure.ai.openai' : provider;

/** The endpoint and key for the rows. */
export interface Target {
  readonly provider: BatchProvider;
  readonly baseURL: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const KEYS: Readonly<Record<BatchProvider, string>> = {
  openai: 'OPENAI_API_KEY',
  azure: 'AZURE_OPENAI_API_KEY',
  groq: 'GROQ_API_KEY',
  anthropic: 'ANTHROPIC_API_KEY',
};

/** @throws Error that names the missing variable. */
export function targetOf(provider: BatchProvider, baseURL: string | undefined, env: Environment): Target {
  const key = keyOf(KEYS[provider], env);
  if (key === undefined) throw new Error(`${KEYS[provider]} is not set: calls of ${provider} need it.`);
  const url = baseURL ?? defaultBase(provider, env);
  if (url === undefined) {
    throw new Error('Azure needs --base-url https://<resource>.openai.azure.com/openai/v1, or AZURE_OPENAI_ENDPOINT.');
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // The value may hold a key.
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new Error('Expected the base URL to begin with https:// or http://.');
  }
  // fetch rejects credentials in URLs, and its error would show them.
  if (parsed.username !== '' || parsed.password !== '') {
    throw new Error(`Expected no user and no password in the base URL: the key is read from ${KEYS[provider]}.`);
  }
  return {
    provider,
    baseURL: url.replace(/\/+$/, ''),
    headers: { 'content-type': 'application/json', ...credential(provider, key) },
  };
}

function defaultBase(provider: BatchProvider, env: Environment): string | undefined {
  switch (provider) {
    case 'openai':
      return env['OPENAI_BASE_URL'] || 'https://api.openai.com/v1';
    case 'azure':
      return env['AZURE_OPENAI_ENDPOINT'] && withV1(env['AZURE_OPENAI_ENDPOINT']);
    case 'groq':
      // Without the path, as its SDK expects.
      return withV1(env['GROQ_BASE_URL'] || 'https://api.groq.com');
    case 'anthropic':
      return env['ANTHROPIC_BASE_URL'] || 'https://api.anthropic.com';
  }
}

function credential(provider: BatchProvider, key: string): Record<string, string> {
  if (provider === 'azure') return { 'api-key': key };
  if (provider === 'anthropic') return { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
  return { authorization: `Bearer ${key}` };
}

/** Of a resource or host, named with the path or without. */
const withV1 = (url: string): string => `${url.replace(/\/+$/, '').replace(/\/openai(?:\/v1)?$/, '')}/openai/v1`;

/** OpenAI-style base URLs end with the version with which the rows' paths begin. */
export function urlOf({ provider, baseURL }: Target, path: string): string {
  const base = new URL(baseURL);
  // Azure's older API has its version there, and deployments in the paths of the resource.
  const [row, query] = path.split('?', 2) as [string, string?];
  const search = [base.search.slice(1), query].filter(Boolean).join('&');
  const of = (place: string): string => `${base.origin}${place}${search === '' ? '' : `?${search}`}`;
  const root = base.pathname.replace(/\/+$/, '');
  if (provider === 'anthropic') return of(root.replace(/\/v1$/, '') + row);
  if (provider === 'azure' && row.startsWith('/openai/')) return of(row);
  return of(root + row.replace(/^(?:\/openai)?\/v1(?=\/)/, ''));
}
