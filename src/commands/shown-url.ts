/** A URL as it may stand on a screen or in a log: what may hold a key is left out. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return 'the URL';
  const { origin, pathname } = new URL(url);
  return mayHoldKey(url) ? `${origin}/…` : origin + pathname;
}

/** A user, a password, a query, or a part of the path that is as long as keys are. */
export function mayHoldKey(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password, search, hash, pathname } = new URL(url);
  return username + password + search + hash !== '' || /[^/]{16}/.test(pathname);
}
