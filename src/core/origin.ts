/**
 * Scheme, host and port of a base URL, the only parts that may be shown: user, password, path and query may contain
 * credentials. Undefined if it is not a URL.
 */
export function originOf(baseURL: string): string | undefined {
  return URL.canParse(baseURL) ? new URL(baseURL).origin : undefined;
}
