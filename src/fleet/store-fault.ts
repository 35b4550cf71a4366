import type { StoreFault } from '../core/event-values.ts';

const FAULTS: readonly (readonly [RegExp, StoreFault])[] = [
  [/^(WRONGPASS|NOAUTH|ERR AUTH)|invalid (username-)?password/i, 'auth'],
  [/NOPERM|PermissionDenied/, 'permission'],
  [/READONLY|MASTERDOWN|NOREPLICAS/i, 'read_only'],
  [/^OOM|OOM command|OOM: command/, 'out_of_memory'],
  [/^LOADING|^BUSY|BusyLoading/, 'loading'],
  [/CLUSTERDOWN|TRYAGAIN|MOVED|ASK/, 'cluster_down'],
  [/unknown command|cmsgpack|cjson|nil value|attempt to/i, 'unsupported'],
  [/timed? ?out|No answer within/i, 'timeout'],
  [/closed|connect|ECONN|socket|offline|max retries|EPIPE|stream isn't writeable/i, 'connection'],
];

/** Why a store fails. The text of the error is not passed on. */
export function storeFault(error: unknown): StoreFault {
  const message = error instanceof Error ? error.message : String(error);
  return FAULTS.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}
