import type { ProviderName } from './provider.ts';

/** Internal members of a guard. */
export interface FetchesOf {
  /** A guarded `fetch` for requests to this provider, even if their URL does not reveal it. */
  fetchOf(provider: ProviderName): typeof fetch;
}

/** A guard's `fetch` for one provider. A guard from another copy of the package may have only the general one. */
export function fetchOf(guard: { readonly fetch: typeof fetch }, provider: ProviderName): typeof fetch {
  return (guard as Partial<FetchesOf>).fetchOf?.(provider) ?? guard.fetch;
}
