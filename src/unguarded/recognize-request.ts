import type { ProviderName } from '../core/provider.ts';
import type { UnguardedVia } from '../core/event-values.ts';
import { hasClients, providerOfHost } from '../providers/registry.ts';
import { providerOfClass } from '../providers/seam/identify-client.ts';

/** A request as the diagnostics channels of fetch and `node:http` show it. */
export interface OutgoingRequest {
  readonly origin: string;
  readonly path: string;
  /** Whether it is a protocol upgrade, such as to a WebSocket. */
  readonly upgrades: boolean;
  readonly header: (name: string) => string | undefined;
  readonly via: 'fetch' | 'http';
}

export interface Recognized {
  readonly provider: ProviderName;
  readonly via: UnguardedVia;
}

/** The SDKs send `OpenAI/JS 7.59.0`: the name of the client's class, which may be a subclass or minified. */
const USER_AGENT = /^([\w$]+)\/JS \d/;
/** A longer name belongs to another vendor's SDK from the same generator. */
const MINIFIED = 3;

/** The provider whose API a request is for; undefined for all others. Bodies are not inspected. */
export function recognizeRequest({ origin, path, upgrades, header, via }: OutgoingRequest): Recognized | undefined {
  const host = providerOfHost(origin);
  // For a provider without a client of its own, only requests that guarded fetch would understand count.
  const byHost = host && (hasClients(host) || OPENAI_PATH.test(path)) ? host : undefined;
  const language = header('x-stainless-lang');
  if (byHost === undefined && language === undefined) return undefined;
  // A guard handles neither sockets (the Realtime API) nor tokens.
  if (upgrades || /\/oauth\b/.test(path)) return undefined;
  const sdk = language === undefined ? undefined : bySdk(path, header);
  const provider = byHost ?? sdk;
  const isSdk = language !== undefined && (sdk !== undefined || (host !== undefined && hasClients(host)));
  return provider && { provider, via: isSdk ? 'sdk' : via };
}

const OPENAI_PATH = /\/(?:chat\/completions|responses|embeddings)(?:\?|$)/;

function bySdk(path: string, header: OutgoingRequest['header']): ProviderName | undefined {
  const name = USER_AGENT.exec(header('user-agent') ?? '')?.[1];
  const provider = name === undefined ? undefined : providerOfClass(name);
  if (provider !== undefined || (name !== undefined && name.length > MINIFIED)) return provider;
  if (header('anthropic-version') !== undefined) return 'anthropic';
  return OPENAI_PATH.test(path) ? 'openai' : undefined;
}
