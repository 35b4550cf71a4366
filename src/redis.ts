/**
 * Limits shared by all processes of an account, through the application's own Redis or Valkey.
 *
 * @module
 */
import { TidegateOptionError } from './errors.ts';
import type { RedisClient } from './fleet/redis-client.ts';
import { RedisStore } from './fleet/redis-store.ts';
import type { SharedLimits } from './fleet/shared-limits.ts';

export type {
  FleetStore,
  Grant,
  LimitGrant,
  LimitReport,
  News,
  NewsListener,
  Report,
  SampleReport,
} from './fleet/fleet-store.ts';
export type { GlideClient, IoredisClient, NodeRedisClient, RedisClient } from './fleet/redis-client.ts';
export type { SharedLimits } from './fleet/shared-limits.ts';

export interface RedisStoreOptions {
  /** Begins every key. 1 … 64 characters, no braces; default 'tidegate'. */
  readonly prefix?: string;
  /**
   * Processes assumed to share an account until Redis has reported any: each uses its part of the limits. Default 2.
   */
  readonly processes?: number;
  /**
   * Names the account of clients whose credential is made by a function or an object (Azure AD, AWS): those are shared
   * only where it is given. Only its hash is kept. Default: none.
   */
  readonly account?: string;
}

const MAX_PREFIX = 64;

/**
 * Shares the limits of every account among all processes that use the same Redis and prefix. Takes a client created by
 * the application, for a single server, a cluster or Sentinels, and never closes it. No call waits for Redis: each
 * process leases a part of every limit in advance, and continues with its own share if Redis cannot be used.
 *
 * @throws TidegateOptionError for an unknown kind of client, or a bad option.
 * @example
 * import { createGuard } from 'tidegate';
 * import { redisStore } from 'tidegate/redis';
 * const guard = createGuard({ shared: redisStore(new Redis()) });
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): SharedLimits {
  const { prefix = 'tidegate', processes = 2, account } = options;
  if (typeof prefix !== 'string' || prefix === '' || prefix.length > MAX_PREFIX || /[{}]/.test(prefix)) {
    throw new TidegateOptionError('prefix', `a string of 1 to ${MAX_PREFIX} characters without braces`, prefix);
  }
  if (!Number.isInteger(processes) || processes < 1) {
    throw new TidegateOptionError('processes', 'an integer of at least 1', processes);
  }
  if (account !== undefined && (typeof account !== 'string' || account === '')) {
    throw new TidegateOptionError('account', 'a string that is not empty', account);
  }
  const store = RedisStore.of(client, prefix);
  if (!store)
    throw new TidegateOptionError('client', 'a client of ioredis, iovalkey, redis or @valkey/valkey-glide', client);
  return { store, processes, account };
}
