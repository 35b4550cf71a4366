import { AsyncLocalStorage } from 'node:async_hooks';

/** An attempt of a guard that has no response yet. */
interface Sending {
  readonly host: string;
}

const current = new AsyncLocalStorage<Sending>();
/** Attempts whose request has not been seen yet. */
const unseen = new Set<Sending>();
let watched = false;

/** Starts recording guarded requests; without a consumer this must cost nothing. */
export function watchGuardedRequests(watch: boolean): void {
  watched = watch;
}

/** Sends as a guard: the requests made meanwhile in this async context are its own. */
export function sendGuarded<T>(url: string, send: () => Promise<T>): Promise<T> {
  return watched ? sendWatched(url, send) : send();
}

async function sendWatched<T>(url: string, send: () => Promise<T>): Promise<T> {
  const sending: Sending = { host: hostOf(url) };
  unseen.add(sending);
  try {
    return await current.run(sending, send);
  } finally {
    unseen.delete(sending);
  }
}

/** Whether a guard is making this request. */
export function isGuardedRequest(host: string): boolean {
  const sending = current.getStore();
  if (sending) {
    unseen.delete(sending);
    return true;
  }
  // A pool of connections makes a request that had to wait in the context of the one before it.
  for (const each of unseen) {
    if (each.host === host) return unseen.delete(each);
  }
  return false;
}

const hosts = new Map<string, string>();

/** Host and port of a URL, cached: a process uses only a few. */
export function hostOf(url: string): string {
  let host = hosts.get(url);
  if (host === undefined) {
    host = URL.canParse(url) ? new URL(url).host : '';
    if (hosts.size < 1_000) hosts.set(url, host);
  }
  return host;
}
