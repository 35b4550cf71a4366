import type { ProviderName } from '../core/provider.ts';
import type { ApiName, Family } from './provider.ts';

/** An SDK whose clients can be guarded. */
export interface Sdk {
  readonly package: string;
  /** Versions that the seam is tested with, as in the package's peerDependencies. */
  readonly range: string;
  /** Its client class, which also names itself in a static property that survives a minifier. */
  readonly client: string;
  /** The class that all of its errors extend. */
  readonly error: string;
  /** The API that its clients speak, whatever server answers. */
  readonly api: ApiName;
  /** The provider if neither class nor host identify one. */
  readonly provider: ProviderName;
}

export const SDKS: Readonly<Record<Family, Sdk>> = {
  openai: {
    package: 'openai',
    range: '>=5.0.0 <8',
    client: 'OpenAI',
    error: 'OpenAIError',
    api: 'openai',
    provider: 'openai',
  },
  anthropic: {
    package: '@anthropic-ai/sdk',
    range: '>=0.50.4 <2',
    client: 'Anthropic',
    error: 'AnthropicError',
    api: 'anthropic',
    provider: 'anthropic',
  },
  groq: { package: 'groq-sdk', range: '^1.1.1', client: 'Groq', error: 'GroqError', api: 'openai', provider: 'groq' },
};

export const FAMILIES: readonly Family[] = Object.keys(SDKS) as Family[];
