import type { LimitReading } from '../core/outcome.ts';
import type { ProviderAdapter, ProviderName } from '../core/provider.ts';
import { ANTHROPIC } from './anthropic.ts';
import { ANTHROPIC_API } from './apis/anthropic-api.ts';
import { OPENAI_API } from './apis/openai-api.ts';
import { AZURE } from './azure.ts';
import { BEDROCK } from './bedrock.ts';
import { DEEPSEEK, FIREWORKS, OPENROUTER, TOGETHER, XAI } from './compatible.ts';
import { classify } from './errors/classify-response.ts';
import { GEMINI } from './gemini.ts';
import { GROQ } from './groq.ts';
import { MISTRAL } from './mistral.ts';
import { OPENAI } from './openai.ts';
import { withGatewayLimits } from './parse/gateway-limits.ts';
import { asObject } from './parse/json.ts';
import type { Api, ApiName, Family, Provider } from './provider.ts';
import { describeRequest } from './request/describe-request.ts';
import { VERTEX } from './vertex.ts';

/**
 * Every provider, those with the most specific fingerprints first: if an answer carries those of two, as Azure's
 * carry OpenAI's, the first match counts.
 */
export const PROVIDERS = {
  groq: GROQ,
  'azure.ai.openai': AZURE,
  anthropic: ANTHROPIC,
  'aws.bedrock': BEDROCK,
  'gcp.vertex_ai': VERTEX,
  mistral_ai: MISTRAL,
  'gcp.gemini': GEMINI,
  deepseek: DEEPSEEK,
  x_ai: XAI,
  together_ai: TOGETHER,
  fireworks_ai: FIREWORKS,
  openrouter: OPENROUTER,
  openai: OPENAI,
} satisfies Readonly<Record<ProviderName, Provider>> as Readonly<Record<ProviderName, Provider>>;

const ALL: readonly Provider[] = Object.values(PROVIDERS);

function adapter(row: Provider, api: Api): ProviderAdapter {
  const { name, charge, requestIdHeader } = row;
  const readLimits = (headers: Headers, wallMs: number): LimitReading[] =>
    withGatewayLimits(row.readLimits(headers, wallMs), headers, wallMs);
  return {
    provider: name,
    describe: describeRequest,
    classify: (response, wallMs) => classify(response, wallMs, readLimits),
    readLimits,
    requestIdHeader,
    readUsage: api.usage,
    readResponse: (body) => api.response(asObject(body) ?? {}),
    streamReader: api.stream,
    charge,
  };
}

const adaptersBy = (api: (row: Provider) => Api): ReadonlyMap<ProviderName, ProviderAdapter> =>
  new Map(ALL.map((row) => [row.name, adapter(row, api(row))] as const));

const OWN = adaptersBy((row) => row.api);
const BY_API: Readonly<Record<ApiName, ReadonlyMap<ProviderName, ProviderAdapter>>> = {
  openai: adaptersBy(() => OPENAI_API),
  anthropic: adaptersBy(() => ANTHROPIC_API),
};

/**
 * The adapter of a provider; the same object every time. `spoken`: the API of the client or the path, since many serve
 * another one beside their own: Anthropic that of OpenAI's clients, OpenRouter and DeepSeek that of Anthropic's.
 */
export function adapterFor(name: ProviderName, spoken?: ApiName): ProviderAdapter {
  return (spoken === undefined ? OWN : BY_API[spoken]).get(name)!;
}

const EXACT = new Map(ALL.flatMap(({ name, hosts }) => hosts.map((host) => [host, name] as const)));
const SUFFIXES = [...EXACT].filter(([host]) => host.startsWith('.'));

const byURL = new Map<string, ProviderName | undefined>();
const MAX_URLS = 1_000;

/** The provider of a URL, cached: a process uses only a few. Undefined for hosts that no row names. */
export function providerOfHost(url: string): ProviderName | undefined {
  if (byURL.has(url)) return byURL.get(url);
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  const name = EXACT.get(host) ?? SUFFIXES.find(([suffix]) => host.endsWith(suffix))?.[1];
  if (byURL.size < MAX_URLS) byURL.set(url, name);
  return name;
}

interface KnownClass {
  readonly provider: ProviderName;
  readonly family: Family;
}

const CLASSES: ReadonlyMap<string, KnownClass> = new Map(
  ALL.flatMap(({ name, classes }) =>
    Object.entries(classes).map(([known, family]) => [known, { provider: name, family }] as const),
  ),
);

/** What a client class of this very name is; undefined for all others. */
export function knownClass(name: string): KnownClass | undefined {
  return CLASSES.get(name);
}

/** Whether this provider has client classes of its own. */
export function hasClients(name: ProviderName): boolean {
  return Object.keys(PROVIDERS[name].classes).length > 0;
}

const FINGERPRINTS = ALL.flatMap(({ name, fingerprints }) => fingerprints.map((header) => [header, name] as const));

/** The provider of an answer, by headers that only one provider sends. */
export function providerOfHeaders(headers: Headers | undefined): ProviderName | undefined {
  return headers && FINGERPRINTS.find(([header]) => headers.get(header) !== null)?.[1];
}

/** Whether the streams of a server end with a final event, as its provider's do; false where it is not known. */
export function endsStreams(url: string): boolean {
  const name = providerOfHost(url);
  return name !== undefined && PROVIDERS[name].endsStreams;
}
