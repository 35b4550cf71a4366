import type { ProviderName } from '../../core/provider.ts';
import { keyOf } from '../key.ts';

export type BatchProvider = 'openai' | 'azure' | 'groq' | 'anthropic';

/** API of the requests, results and batches. */
export type BatchApi = 'openai' | 'anthropic';

type Environment = Readonly<Record<string, string | undefined>>;

/** What differs by provider: its row is all that a further one needs. */
interface ProviderRow {
  /** Its name in events, prices and adapters. */
  readonly name: ProviderName;
  readonly api: BatchApi;
  /** Environment variable of the key. */
  readonly keyVariable: string;
  /** Base URL without `--base-url`. */
  readonly base: (env: Environment) => string | undefined;
  readonly credential: (key: string) => Readonly<Record<string, string>>;
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

const ROWS: Readonly<Record<BatchProvider, ProviderRow>> = {
  openai: {
    name: 'openai',
    api: 'openai',
    keyVariable: 'OPENAI_API_KEY',
    base: (env) => env['OPENAI_BASE_URL'] || 'https://api.openai.com/v1',
    credential: bearer,
  },
  azure: {
    name: 'azure.ai.openai',
    api: 'openai',
    keyVariable: 'AZURE_OPENAI_API_KEY',
    base: (env) => env['AZURE_OPENAI_ENDPOINT'] && withV1(env['AZURE_OPENAI_ENDPOINT']),
    credential: (key) => ({ 'api-key': key }),
  },
  groq: {
    name: 'groq',
    api: 'openai',
    keyVariable: 'GROQ_API_KEY',
    // Without the path, as its SDK expects.
    base: (env) => withV1(env['GROQ_BASE_URL'] || 'https://api.groq.com'),
    credential: bearer,
  },
  anthropic: {
    name: 'anthropic',
    api: 'anthropic',
    keyVariable: 'ANTHROPIC_API_KEY',
    base: (env) => env['ANTHROPIC_BASE_URL'] || 'https://api.anthropic.com',
    credential: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  },
};

export const PROVIDERS: readonly BatchProvider[] = Object.keys(ROWS) as BatchProvider[];

export const providerName = (provider: BatchProvider): ProviderName => ROWS[provider].name;

export const apiOf = (provider: BatchProvider): BatchApi => ROWS[provider].api;

/** The endpoint and key for the rows. */
export interface Target {
  readonly provider: BatchProvider;
  readonly baseURL: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws Error that names the missing variable. */
export function targetOf(provider: BatchProvider, baseURL: string | undefined, env: Environment): Target {
  const { keyVariable, base, credential } = ROWS[provider];
  const key = keyOf(keyVariable, env);
  if (key === undefined) throw new Error(`${keyVariable} is not set: calls of ${provider} need it.`);
  const url = baseURL ?? base(env);
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
    throw new Error(`Expected no user and no password in the base URL: the key is read from ${keyVariable}.`);
  }
  return {
    provider,
    baseURL: url.replace(/\/+$/, ''),
    headers: { 'content-type': 'application/json', ...credential(key) },
  };
}

/** The v1 endpoint of a resource or host, given with or without its path. */
function withV1(url: string): string {
  return `${url.replace(/\/+$/, '').replace(/\/openai(?:\/v1)?$/, '')}/openai/v1`;
}

/** OpenAI-style base URLs end with the version with which the rows' paths begin. */
export function urlOf({ provider, baseURL }: Target, path: string): string {
  const base = new URL(baseURL);
  // Azure's older API has its version there, and deployments in the paths of the resource.
  const [row, query] = path.split('?', 2) as [string, string?];
  const search = [base.search.slice(1), query].filter(Boolean).join('&');
  const of = (place: string): string => `${base.origin}${place}${search === '' ? '' : `?${search}`}`;
  const root = base.pathname.replace(/\/+$/, '');
  if (apiOf(provider) === 'anthropic') return of(root.replace(/\/v1$/, '') + row);
  if (provider === 'azure' && row.startsWith('/openai/')) return of(row);
  return of(root + row.replace(/^(?:\/openai)?\/v1(?=\/)/, ''));
}
