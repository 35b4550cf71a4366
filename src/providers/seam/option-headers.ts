import { dataOf, isReadable } from '../request/plain-data.ts';
import type { SdkClient, SdkRequestOptions } from './sdk-client.ts';

/** A header by its lower-case name, from the options of a request or of its client, if it is a string there. */
export function headerOf(options: SdkRequestOptions, client: SdkClient, name: string): string | undefined {
  return find(dataOf(options, 'headers'), name) ?? find(client._options?.['defaultHeaders'], name);
}

function find(headers: unknown, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  if (typeof headers !== 'object' || headers === null || !isReadable(headers)) return undefined;
  // The SDKs wrap them: `{ values: Headers }`.
  const values = dataOf(headers, 'values');
  if (values instanceof Headers) return values.get(name) ?? undefined;
  for (const key of Object.keys(headers)) {
    const value = key.toLowerCase() === name ? dataOf(headers, key) : undefined;
    if (typeof value === 'string') return value;
  }
  return undefined;
}
