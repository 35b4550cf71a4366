import { createHash } from 'node:crypto';
import { identityOf } from '../../core/identity.ts';
import { originOf } from '../../core/origin.ts';
import type { ProviderName } from '../../core/provider.ts';
import { classNames } from '../parse/class-names.ts';
import type { Family } from '../provider.ts';
import { knownClass, providerOfHost } from '../registry.ts';
import { FAMILIES, SDKS } from '../sdks.ts';
import type { SdkClient } from './sdk-client.ts';

/** The API that a client speaks, which decides how errors, limits and usage are read. Undefined: not a supported client. */
export function identifyFamily(client: object): Family | undefined {
  for (const name of classNames(client)) {
    const known = knownClass(name);
    if (known) return known.family;
  }
  // A minifier renames classes; the statics that point to the class itself keep their names.
  for (let owner: unknown = client.constructor; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
    const constructor = owner;
    const found = FAMILIES.find((family) => Object.hasOwn(constructor, SDKS[family].client));
    if (found) return found;
  }
  return undefined;
}

/** The provider behind a client, by its class, or by its host if the class is generic. */
export function identifyProvider(client: SdkClient, family: Family): ProviderName {
  const byHost = providerOfHost(client.baseURL);
  for (const name of classNames(client)) {
    const known = knownClass(name);
    // OpenAI's client is widely pointed at other hosts that speak its API.
    if (known) return known.provider === 'openai' ? (byHost ?? 'openai') : known.provider;
  }
  return family === 'openai' ? (byHost ?? 'openai') : SDKS[family].provider;
}

/** The provider of a client class, by its name; the name of a subclass often contains its SDK's. */
export function providerOfClass(name: string): ProviderName | undefined {
  const known = knownClass(name);
  if (known) return known.provider;
  const family = FAMILIES.find((each) => name.toLowerCase().includes(each));
  return family && SDKS[family].provider;
}

/** Fields of a client that name an account beside its credential. */
const SCOPES = ['organization', 'project', 'awsRegion', 'projectId', 'region', 'workspaceId'] as const;
/** Fields that hold a credential as text, on the client itself. */
const KEYS = ['apiKey', 'adminAPIKey', 'authToken', 'awsAccessKey'] as const;
/** Options that create a credential on demand; the value they create does not identify the account. */
const SOURCES = [
  'apiKey',
  'azureADTokenProvider',
  'bearerTokenProvider',
  'credentials',
  'workloadIdentity',
  'credential',
] as const;

/**
 * Distinguishes accounts without keeping a key: equal credentials give equal ids, in this process only.
 * Recomputed when a field of the client changes.
 */
export class CredentialId {
  readonly #client: Fields & Record<string, unknown>;
  #seen: Fields | undefined;
  #id = '';

  constructor(client: object) {
    this.#client = client as Fields & Record<string, unknown>;
  }

  get(): string {
    const client = this.#client;
    if (this.#seen && isSame(client, this.#seen)) return this.#id;
    this.#seen = Object.fromEntries(FIELDS.map((name) => [name, client[name]])) as Fields;
    const keys = KEYS.map((name) => client[name]).filter((value) => typeof value === 'string');
    const options = (client['_options'] ?? {}) as Record<string, unknown>;
    const credential = keys.length > 0 ? keys : SOURCES.map((name) => part(options[name]));
    const id = credentialHash(
      SCOPES.map((name) => text(client[name])),
      credential,
    );
    // An id by object identity means nothing in another process.
    this.#id = credential.some((each) => each.startsWith(IDENTITY)) && keys.length === 0 ? IDENTITY + id : id;
    return this.#id;
  }
}

/** Anthropic's `organization` is a resource, OpenAI's a name. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const IDENTITY = '#';

const FIELDS = [...SCOPES, ...KEYS] as const;

type Fields = Readonly<Record<(typeof FIELDS)[number], unknown>>;

/** Runs at every call, hence field by field: a loop over names would cost a look-up each. */
function isSame(client: Fields, seen: Fields): boolean {
  return (
    client.apiKey === seen.apiKey &&
    client.adminAPIKey === seen.adminAPIKey &&
    client.authToken === seen.authToken &&
    client.awsAccessKey === seen.awsAccessKey &&
    client.organization === seen.organization &&
    client.project === seen.project &&
    client.projectId === seen.projectId &&
    client.workspaceId === seen.workspaceId &&
    client.awsRegion === seen.awsRegion &&
    client.region === seen.region
  );
}

/** The account of a request without a client, by its headers. */
export function credentialOfHeaders(headers: Headers): string {
  const key = headers.get('authorization')?.replace(/^Bearer\s+/i, '') ?? headers.get('x-api-key');
  return credentialHash(
    SCOPES.map((name) => (SCOPE_HEADERS[name] && headers.get(SCOPE_HEADERS[name])) ?? ''),
    [key ?? headers.get('api-key') ?? ''],
  );
}

const SCOPE_HEADERS: Readonly<Partial<Record<(typeof SCOPES)[number], string>>> = {
  organization: 'openai-organization',
  project: 'openai-project',
  workspaceId: 'anthropic-workspace-id',
};

/** A short digest that distinguishes two credentials and reveals neither. */
function credentialHash(scopes: readonly string[], credential: readonly string[]): string {
  const text = [...scopes, ...credential].join('\n');
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

/** A provider's own hosts identify an account by its credential alone; other hosts may use the path. */
export function accountURL(baseURL: string): string {
  return (providerOfHost(baseURL) && originOf(baseURL)) ?? baseURL;
}

/** Functions and objects that create credentials are compared by identity. */
function part(value: unknown): string {
  if (typeof value === 'string') return value;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return '';
  return `${IDENTITY}${identityOf(value)}`;
}
