import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Bullmq from 'bullmq';
import type * as Ioredis from 'ioredis';
import { contentKey } from '../../../batch/item-key.ts';
import type { SavedError } from '../../../batch/saved-error.ts';
import { redisStore } from '../../../redis.ts';
import type { RowResponse } from '../send-row.ts';
import type { Target } from '../target.ts';
import { RowClaims } from './row-claims.ts';

/** A row for a worker, without any API key. */
export interface ChunkRow {
  /** Its key in the journal. */
  readonly key: string;
  readonly url: string;
  /** As JSON text: the queue would round its long numbers. */
  readonly body: string;
}

/** Rows that a worker takes at once. */
export interface Chunk {
  readonly run: string;
  readonly rows: readonly ChunkRow[];
}

export type RowAnswer =
  | { readonly status: 'ok'; readonly value: RowResponse }
  | { readonly status: 'error'; readonly error: SavedError };

interface IoredisModule {
  readonly default: typeof Ioredis.Redis;
}

/** One slot of a cluster. */
const PREFIX = '{tidegate-batch}';
/** Expiry of the data that an abandoned run leaves behind. */
const KEPT_SECONDS = 7 * 86_400;

/**
 * KEYS: the keys to look for. A script, since thousands of jobs may be open, and EXISTS with several keys only counts
 * them.
 */
const EXIST = `
local there = {}
for index, key in ipairs(KEYS) do there[index] = redis.call('EXISTS', key) end
return there`;

/** The queue of rows for one account's endpoint, and the answers of runs, on the user's Redis. */
export class QueueLink {
  readonly bullmq: typeof Bullmq;
  readonly client: Ioredis.Redis;
  readonly queue: Bullmq.Queue<Chunk>;
  readonly #limits: Ioredis.Redis;

  private constructor(bullmq: typeof Bullmq, { default: Redis }: IoredisModule, url: string, target: Target) {
    this.bullmq = bullmq;
    this.client = new Redis(url, { maxRetriesPerRequest: null, reconnectOnError: isReplica });
    this.#limits = new Redis(url, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
    this.queue = new bullmq.Queue(nameOf(target), { connection: this.client, prefix: PREFIX });
    // Waiting calls report errors: the queue recovers by itself when Redis is back.
    for (const each of [this.client, this.#limits, this.queue]) each.on('error', () => undefined);
  }

  /** @throws Error if a package or the Redis is missing. */
  static async open(url: string | undefined, target: Target): Promise<QueueLink> {
    if (!url) throw new Error('TIDEGATE_REDIS_URL is not set: --fleet works through the queue there.');
    const link = new QueueLink(load('bullmq') as typeof Bullmq, load('ioredis') as IoredisModule, url, target);
    try {
      await Promise.race([link.queue.waitUntilReady(), refused(link.client)]);
      return link;
    } catch (error) {
      link.client.disconnect();
      link.#limits.disconnect();
      throw error;
    }
  }

  /** The store that divides the limits among the workers. */
  get shared(): ReturnType<typeof redisStore> {
    return redisStore(this.#limits);
  }

  /** Answers of rows, as text: null if there is none, empty if the answer was fetched long ago. */
  answersOf(run: string, keys: readonly string[]): Promise<(string | null)[]> {
    return keys.length === 0 ? Promise.resolve([]) : this.client.hmget(`${PREFIX}:${run}:rows`, ...keys);
  }

  /** @throws Error if Redis does not accept it. */
  async answered(run: string, key: string, answer: RowAnswer): Promise<void> {
    const replies = await this.client
      .multi()
      .hsetnx(`${PREFIX}:${run}:rows`, key, JSON.stringify(answer))
      .rpush(`${PREFIX}:${run}:done`, key)
      .expire(`${PREFIX}:${run}:rows`, KEPT_SECONDS)
      .expire(`${PREFIX}:${run}:done`, KEPT_SECONDS)
      .exec();
    for (const [error] of replies ?? []) if (error) throw error;
  }

  /** Keys of rows that were answered since the last call. */
  async done(run: string, most: number): Promise<string[]> {
    return (await this.client.lpop(`${PREFIX}:${run}:done`, most)) ?? [];
  }

  /** Claims of one worker on rows. */
  claims(takeoverMs: number): RowClaims {
    const { client } = this;
    return new RowClaims({ client, prefix: PREFIX, worker: randomUUID(), keptSeconds: KEPT_SECONDS, takeoverMs });
  }

  /** @returns The id of its job. */
  async add(run: string, rows: readonly ChunkRow[]): Promise<string> {
    // Not the queue's own numbers: a Redis that has lost its state restarts them.
    const jobId = randomUUID();
    await this.queue.add('rows', { run, rows }, { jobId, removeOnComplete: true });
    return jobId;
  }

  /** Jobs that no longer exist: done, or lost with the state of Redis. */
  async gone(jobIds: readonly string[]): Promise<string[]> {
    if (jobIds.length === 0) return [];
    const there = (await this.client.eval(
      EXIST,
      jobIds.length,
      ...jobIds.map((id) => this.queue.toKey(id)),
    )) as number[];
    return jobIds.filter((_, index) => there[index] === 0);
  }

  /** Drops answers that are in the journal. */
  async fetched(run: string, keys: readonly string[]): Promise<void> {
    if (keys.length > 0)
      await this.client.hset(`${PREFIX}:${run}:rows`, Object.fromEntries(keys.map((key) => [key, ''])));
  }

  /** Marks answered rows to be sent again: the answers are lost. */
  async again(run: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.client.hdel(`${PREFIX}:${run}:rows`, ...keys);
    await this.client.hdel(`${PREFIX}:${run}:claims`, ...keys);
  }

  async begin(run: string): Promise<void> {
    await this.client.del(`${PREFIX}:${run}:ended`);
  }

  /** Marks a run as complete, so that a chunk that returns from a dead worker is ignored. */
  async end(run: string): Promise<void> {
    await this.client.set(`${PREFIX}:${run}:ended`, '1', 'EX', KEPT_SECONDS);
    await this.client.del(`${PREFIX}:${run}:rows`, `${PREFIX}:${run}:claims`, `${PREFIX}:${run}:done`);
  }

  async close(): Promise<void> {
    await this.queue.close();
    this.client.disconnect();
    this.#limits.disconnect();
  }
}

export const PREFIX_OF_QUEUES: string = PREFIX;

/** Workers of another version of tidegate, whose rows look different, have a queue of their own. */
const ROW_FORMAT = 2;

/** Workers send their own key, so only to the endpoint that they were started with. */
function nameOf({ provider, baseURL }: Target): string {
  const { host, pathname } = new URL(baseURL);
  return `rows-${contentKey([ROW_FORMAT, provider, host, pathname])}`;
}

/** After a failover: connect again, to the new master, and send the command again. */
const isReplica = ({ message }: Error): 2 | false => (message.startsWith('READONLY') ? 2 : false);

/** Installed beside tidegate, or where `npx` was run. */
function load(name: string): unknown {
  for (const from of [import.meta.url, join(process.cwd(), 'any.js')]) {
    try {
      return createRequire(from)(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(`--fleet needs ${name}: npm install bullmq ioredis`);
}

/** The error's text may contain the URL's password. */
function refused(client: Ioredis.Redis): Promise<never> {
  return new Promise((_resolve, reject) => {
    client.once('error', ({ message }: Error) => {
      const code = /^[A-Z]+/.exec(message)?.[0] ?? '';
      reject(new Error(`The Redis of TIDEGATE_REDIS_URL is unavailable (${code || 'no connection'}).`));
    });
  });
}
