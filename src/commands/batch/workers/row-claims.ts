import type * as Ioredis from 'ioredis';

/** Whether a worker may send a row: it has claimed it, another one that is alive has, or it was answered. */
export type ClaimState = 'claimed' | 'held' | 'answered';

const STATES: readonly ClaimState[] = ['answered', 'held', 'claimed'];

/**
 * Claims rows for a worker, and extends its claims on those it has. Checks the answers in the same step, since a row
 * may be answered at any time. A worker that has been silent for too long counts as dead, and has no claims.
 *
 * KEYS: the mark that the run has ended, its answers, its claims, the workers by the time at which they count as dead.
 * ARGV: the worker, milliseconds for which it claims, seconds for which claims are kept, rows.
 */
const CLAIM = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
redis.call('ZADD', KEYS[4], now + ARGV[2], ARGV[1])
local ended = redis.call('EXISTS', KEYS[1]) == 1
local states, claimed = {}, {}
for index = 4, #ARGV do
  local row = ARGV[index]
  local state = 0
  if not ended and redis.call('HEXISTS', KEYS[2], row) == 0 then
    local holder = redis.call('HGET', KEYS[3], row)
    local isHeld = holder and holder ~= ARGV[1] and redis.call('ZSCORE', KEYS[4], holder)
    state = isHeld and 1 or 2
    if state == 2 and holder ~= ARGV[1] then
      claimed[#claimed + 1] = row
      claimed[#claimed + 1] = ARGV[1]
    end
  end
  states[#states + 1] = state
end
if #claimed > 0 then
  redis.call('HSET', KEYS[3], unpack(claimed))
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
return states`;

/** KEYS: claims of a run. ARGV: the worker, rows. */
const RELEASE = `
for index = 2, #ARGV do
  if redis.call('HGET', KEYS[1], ARGV[index]) == ARGV[1] then redis.call('HDEL', KEYS[1], ARGV[index]) end
end
return 0`;

interface Deps {
  readonly client: Ioredis.Redis;
  readonly prefix: string;
  readonly worker: string;
  readonly keptSeconds: number;
  /** A worker that is silent for this long counts as dead. */
  readonly takeoverMs: number;
}

/** One worker's claims on rows: each row is sent by one worker at a time. */
export class RowClaims {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Claims rows that no worker has, or extends claims. */
  async claim(run: string, rows: readonly string[]): Promise<ClaimState[]> {
    const { client, prefix, worker, takeoverMs, keptSeconds } = this.#deps;
    const of = `${prefix}:${run}`;
    const keys = [`${of}:ended`, `${of}:rows`, `${of}:claims`, `${prefix}:workers`];
    const states = await client.eval(CLAIM, keys.length, ...keys, worker, takeoverMs, keptSeconds, ...rows);
    return (states as number[]).map((state) => STATES[state]!);
  }

  /** Releases rows that are still to be sent to other workers. */
  async release(run: string, rows: readonly string[]): Promise<void> {
    const { client, prefix, worker } = this.#deps;
    await client.eval(RELEASE, 1, `${prefix}:${run}:claims`, worker, ...rows);
  }
}
