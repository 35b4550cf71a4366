import type { LimitReading } from '../core/outcome.ts';
import type { ChargeRule, ProviderAdapter, ProviderName, ResponseInfo, StreamReader } from '../core/provider.ts';
import type { JsonObject } from './parse/json.ts';

/** The three SDKs whose clients can be guarded; each speaks one API. */
export type Family = 'openai' | 'anthropic' | 'groq';

export type ApiName = 'openai' | 'anthropic';

/** How the bodies and streams of one API look; one file in `apis/`. */
export interface Api {
  readonly usage: ProviderAdapter['readUsage'];
  readonly response: (body: JsonObject) => ResponseInfo;
  readonly stream: (choices?: number) => StreamReader;
}

/** Models that draw on one limit, under the name of their pool. */
export interface SharedPool {
  readonly models: RegExp;
  readonly pool: string;
  readonly source: string;
}

/** All that differs by provider: one row of the registry. `docs/add-a-provider.md` shows how to write one. */
export interface Provider {
  readonly name: ProviderName;
  readonly api: Api;
  /** Hosts of its API, without port; a leading dot matches any subdomain. Empty if only a client's class identifies it. */
  readonly hosts: readonly string[];
  /** Names of client classes that only this provider has, with the SDK that they are built on. */
  readonly classes: Readonly<Record<string, Family>>;
  /** npm packages that export these classes, besides the SDK itself. */
  readonly packages: readonly string[];
  /** Response headers that no other provider sends; they identify the source of an error. */
  readonly fingerprints: readonly string[];
  /** Reads limits from response headers. Total: no header makes it throw. */
  readonly readLimits: (headers: Headers, wallMs: number) => LimitReading[];
  readonly charge: ChargeRule;
  readonly requestIdHeader: string;
  /** Whether every complete stream ends with a final event; if unknown, it is learned for each server. */
  readonly endsStreams: boolean;
  /** Models that share a limit; every other one is a pool of its own. */
  readonly shared: readonly SharedPool[];
  /** Service tiers and speeds with limits of their own. */
  readonly ownTiers: readonly string[];
  /** A model name without the parts that its limit ignores: date and fine-tuning. */
  readonly modelOf: (model: string) => string;
}

/** The default: an OpenAI-compatible API whose limits are unknown. */
export type Known = Pick<Provider, 'name' | 'api' | 'hosts' | 'readLimits' | 'charge'> & Partial<Provider>;

export function provider(known: Known): Provider {
  return {
    classes: {},
    packages: [],
    fingerprints: [],
    requestIdHeader: 'x-request-id',
    endsStreams: false,
    shared: [],
    ownTiers: [],
    modelOf: (model) => model,
    ...known,
  };
}
