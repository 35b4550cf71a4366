import type { ProviderName } from './provider.ts';

/** What a guard has beside what is public. */
export interface FetchesOf {
  /** A guarded `fetch` for requests to this provider, also where their address does not tell it. */
  fetchOf(provider: ProviderName): typeof fetch;
}

/** The `fetch` of a guard for one provider. A guard of another copy of the package may have only the one for all. */
export function fetchOf(guard: { readonly fetch: typeof fetch }, provider: ProviderName): typeof fetch {
  return (guard as Partial<FetchesOf>).fetchOf?.(provider) ?? guard.fetch;
}
