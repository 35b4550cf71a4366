import { type Dimension, isBucket } from './core/dimensions.ts';
import { isContent } from './core/content-kinds.ts';
import { keepNewest } from './core/keep-newest.ts';
import type { Failure } from './core/outcome.ts';
import { isShared, modelOf, modelPool } from './providers/limit-pools.ts';
import type { Account } from './providers/seam/call-host.ts';

const MAX_ACCOUNTS = 1_000;
/** Names and numbers kept of one account. */
const MAX_KEPT = 200;

interface StatedLimit {
  readonly model: string;
  readonly limit: number;
}

interface AccountPools {
  /** Pools that share the limits of another. */
  readonly joined: Map<string, string>;
  /** Pools whose models turned out to have limits of their own. */
  readonly split: Set<string>;
  /** The latest limits that refusals stated, by pool and dimension. */
  readonly stated: Map<string, readonly StatedLimit[]>;
}

/** A refused request: the pool that it was counted in, and what its refusal says. */
export interface PoolRefusal {
  readonly model: string | undefined;
  readonly pool: string;
  readonly failure: Failure;
  /** Whether the account has a lane for a pool. */
  exists(pool: string): boolean;
}

/**
 * What refusals say about pools that the tables have wrong. A provider that names the limit of another pool joins the
 * two; one that states different limits for two models of a pool, in turn, splits it. Each change is reported once.
 */
export class LearnedPools {
  readonly #accounts = new Map<string, AccountPools>();

  /** The actual pool for `pool` of the tables. */
  resolve(account: Account, pool: string, model: string | undefined): string {
    if (this.#accounts.size === 0) return pool;
    const known = this.#accounts.get(keyOf(account));
    if (!known) return pool;
    if (known.split.has(pool) && model !== undefined) return modelOf(account.provider, model) + tierOf(pool);
    return followed(known, pool);
  }

  /** Learns from a refusal. Returns a warning if a pool changes. */
  refused(account: Account, refusal: PoolRefusal): string | undefined {
    const { model, pool, failure } = refusal;
    const { dimension, limit, limitName } = failure;
    if (model === undefined || (limitName === undefined && limit === undefined)) return undefined;
    const known = this.#known(account);
    // A limit of images and the like concerns only a few calls, and says nothing about the others.
    const joined =
      limitName === undefined || !isBucket(dimension) ? undefined : this.#join(known, account, refusal, limitName);
    if (joined !== undefined) {
      // A server may call a limit anything.
      const ours = refusal.exists(joined) || isShared(account.provider, joined);
      const name = ours ? joined : 'another name';
      return `${account.provider} counts ${pool} in the limits of ${name}: they share a lane from now on.`;
    }
    if (limit === undefined || dimension === undefined || isContent(dimension)) return undefined;
    if (!this.#splits(known, pool, model, dimension, limit)) return undefined;
    return `${account.provider} states different limits for models of ${pool}: each has a lane of its own from now on.`;
  }

  #join(known: AccountPools, { provider }: Account, refusal: PoolRefusal, name: string): string | undefined {
    const pool = followed(known, refusal.pool);
    const stated = modelPool(provider, name.replace(/^default-/, '')) + tierOf(pool);
    const named = followed(known, stated);
    if (named === pool || known.split.has(pool)) return undefined;
    // The existing lane stays; a name not called yet becomes an alias of it.
    if (named !== stated || refusal.exists(named)) keep(known.joined, pool, named);
    else keep(known.joined, named, pool);
    return stated;
  }

  #splits(known: AccountPools, pool: string, model: string, dimension: Dimension, limit: number): boolean {
    if (known.split.has(pool)) return false;
    const key = `${pool} ${dimension}`;
    const latest = known.stated.get(key) ?? [];
    const last = latest.at(-1);
    if (last?.model === model && last.limit === limit) return false;
    const history = [...latest.slice(-2), { model, limit }];
    keep(known.stated, key, history);
    const [first, second, third] = history;
    // A tier change shows once; only separate limits alternate.
    const alternate =
      third !== undefined &&
      first!.model === third.model &&
      first!.limit === third.limit &&
      second!.model !== third.model &&
      second!.limit !== third.limit;
    if (alternate) known.split.add(pool);
    return alternate;
  }

  #known(account: Account): AccountPools {
    const key = keyOf(account);
    let known = this.#accounts.get(key);
    if (!known) {
      known = { joined: new Map(), split: new Set(), stated: new Map() };
      keepNewest(this.#accounts, key, known, MAX_ACCOUNTS);
    }
    return known;
  }
}

/** The pool in which a pool's calls count, following all joins. */
function followed({ joined }: AccountPools, pool: string): string {
  let at = pool;
  for (let steps = 0; steps < 5; steps++) {
    const next = joined.get(at);
    if (next === undefined || next === pool) return at;
    at = next;
  }
  return at;
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  if (!map.has(key) && map.size >= MAX_KEPT) map.delete(map.keys().next().value!);
  map.set(key, value);
}

function keyOf({ provider, baseURL, credential }: Account): string {
  return `${provider}\n${baseURL}\n${credential}`;
}

/** The tier in a pool's name; model names have none. */
function tierOf(pool: string): string {
  return /\/(?:flex|ultrafast|batch|fast|performance|count_tokens)$/.exec(pool)?.[0] ?? '';
}
