import type { RequestLike } from '../../core/provider.ts';
import { TidegateSetupError } from '../../errors.ts';
import { processState } from '../../process-state.ts';
import type { Family } from '../provider.ts';
import { adapterFor } from '../registry.ts';
import { SDKS } from '../sdks.ts';
import type { Account, CallHost, CallStart } from './call-host.ts';
import { describeCall } from '../request/describe-call.ts';
import { dataOf } from '../request/plain-data.ts';
import { errorFactory } from './sdk-errors.ts';
import { headerOf } from './option-headers.ts';
import { accountURL, CredentialId, identifyFamily, identifyProvider } from './identify-client.ts';
import type { SdkClient, SdkRequestOptions } from './sdk-client.ts';
import { Seam } from './seam.ts';
import { suppressSdkSpans } from './sdk-spans.ts';
import { exposeStreamErrors } from './stream-errors.ts';
import { isStandIn, standInMessage } from './stand-in.ts';

const SEAM = ['makeRequest', 'retryRequest', 'shouldRetry', 'buildRequest'] as const;

const guarded = new WeakMap<object, { readonly host: CallHost; readonly seam: Seam }>();

/** Whether a guard holds this client, of this or of another copy of tidegate. */
export function isGuarded(client: object): boolean {
  return processState().guarded.has(client);
}

/** Guards a client in place; a test's stand-in is left as it is. @throws TidegateSetupError naming what to do. */
export function wrapClient<T extends object>(client: T, host: CallHost): T {
  const known = guarded.get(client);
  if (known?.host === host) return client;
  if (known || isGuarded(client)) {
    throw new TidegateSetupError(
      'unsupported_client',
      'This client is already guarded, by another guard or with other options.',
    );
  }
  const found = identifyFamily(checkObject(client));
  if (isStandIn(client, found !== undefined)) {
    host.warn(standInMessage(nameOf(client)));
    return client;
  }
  const { sdk, family } = checkClient(client, found);
  install(sdk, family, host, sdk._options?.maxRetries !== undefined);
  return client;
}

function install(sdk: SdkClient, family: Family, host: CallHost, explicitRetries: boolean): void {
  const propagates = suppressSdkSpans(sdk, host);
  const describe = describer(sdk, family, host);
  const seam = new Seam(
    sdk,
    {
      family,
      clock: host.clock,
      watch: host.watch,
      finalEvents: host.finalEvents,
      defaultRetries: host.maxAttempts - 1,
      begin: (options, retries) => host.begin(describe(options, retries)),
      propagationHeaders: propagates ? (attempt) => host.propagationHeaders(attempt) : undefined,
    },
    explicitRetries,
  );
  seam.install();
  exposeStreamErrors(sdk.constructor);
  host.guarding(identifyProvider(sdk, family));
  guarded.set(sdk, { host, seam });
  processState().guarded.add(sdk);
  guardClones(sdk, family, host, seam);
}

/** A clone stays in the same lanes. The SDK passes it the retry count that it exposes, as if the application had set it. */
function guardClones(sdk: SdkClient, family: Family, host: CallHost, parent: Seam): void {
  const { withOptions } = sdk;
  if (typeof withOptions !== 'function') return;
  Object.defineProperty(sdk, 'withOptions', {
    configurable: true,
    writable: true,
    value(this: SdkClient, options: { readonly maxRetries?: number }) {
      const clone = withOptions.call(this, options);
      const explicit = parent.explicitRetries || options?.maxRetries !== undefined;
      const known = guarded.get(clone);
      if (!known) install(clone, family, host, explicit);
      else if (!explicit) known.seam.useDefaultRetries();
      return clone;
    },
  });
}

const EXPECTED = 'Expected a client of openai, @anthropic-ai/sdk or groq-sdk';

function checkObject(client: unknown): object {
  if (typeof client === 'object' && client !== null) return client;
  const got = client === null ? 'null' : typeof client;
  throw new TidegateSetupError('unsupported_client', `${EXPECTED}, got ${got}.`);
}

function nameOf(client: object): string {
  return (client.constructor as { name?: string } | undefined)?.name ?? 'an object';
}

function checkClient(client: object, found: Family | undefined): { sdk: SdkClient; family: Family } {
  if (!found) {
    throw new TidegateSetupError(
      'unsupported_client',
      `${EXPECTED}, got ${nameOf(client)}. For other SDKs pass guard.fetch to them.`,
    );
  }
  const sdk = client as SdkClient;
  const missing = SEAM.filter((name) => typeof sdk[name] !== 'function');
  // Three or four parameters since the SDKs' current generation; two before.
  const fits = missing.length === 0 && (sdk.makeRequest.length === 3 || sdk.makeRequest.length === 4);
  if (!fits) {
    const why = missing.length > 0 ? `it has no ${missing.join(', ')}` : 'its makeRequest has other parameters';
    throw new TidegateSetupError(
      'unsupported_client',
      `This version of the SDK cannot be guarded: ${why}. Versions that work: ${SDKS[found].package} ${SDKS[found].range}.`,
    );
  }
  return { sdk, family: found };
}

/** Describes a client's calls; what depends on the client only is computed once and kept while it stays the same. */
function describer(
  client: SdkClient,
  family: Family,
  host: CallHost,
): (options: SdkRequestOptions, retries: number) => CallStart {
  const credentialId = new CredentialId(client);
  const errors = errorFactory(client);
  let account: Account | undefined;
  let seenURL: string | undefined;
  const { api, provider: own } = SDKS[family];
  let adapter = adapterFor(own, api);
  return (options, retries) => {
    const { baseURL } = client;
    const credential = credentialId.get();
    if (!account || seenURL !== baseURL || account.credential !== credential) {
      const provider = identifyProvider(client, family);
      seenURL = baseURL;
      account = { provider, baseURL: accountURL(baseURL), credential };
      adapter = adapterFor(provider, api);
    }
    const sent = readOnce(options);
    return {
      account,
      adapter,
      retries,
      request: describeCall(host, adapter, sent),
      sent,
      header: (name) => headerOf(options, client, name),
      errors,
      signal: options.signal ?? undefined,
    };
  };
}

/**
 * The request as plain data. Getters are not called: the options are live, and the SDKs check
 * the path at the moment they read it.
 */
function readOnce(options: SdkRequestOptions): RequestLike {
  const read = (name: keyof RequestLike): unknown => dataOf(options, name);
  return {
    method: read('method') as string | undefined,
    path: read('path') as string | undefined,
    body: read('body'),
    stream: read('stream') as boolean | undefined,
  };
}
