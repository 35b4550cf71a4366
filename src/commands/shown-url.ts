/** A URL for a screen or a log, without parts that may hold a key. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return 'the URL';
  const { origin, pathname } = new URL(url);
  return mayHoldKey(url) ? `${origin}/…` : origin + pathname;
}

/** A user, a password, a query, or a path segment as long as a key. */
export function mayHoldKey(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password, search, hash, pathname } = new URL(url);
  return username + password + search + hash !== '' || /[^/]{16}/.test(pathname);
}
