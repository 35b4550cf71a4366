/**
 * Scheme, host and port of a base URL, which are all that may be shown of it: user, password, path and query may hold
 * credentials. Undefined where it is no URL.
 */
export function originOf(baseURL: string): string | undefined {
  return URL.canParse(baseURL) ? new URL(baseURL).origin : undefined;
}
