import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FleetStore, Grant, NewsListener, Report } from '../fleet/fleet-store.ts';
import type { RedisClient } from '../fleet/redis-client.ts';
import { RedisStore } from '../fleet/redis-store.ts';
import type { SharedLimits } from '../fleet/shared-limits.ts';

const PREFIX = 'tidegate';
const ASSUMED = 2;
const RECONNECT_MS = 500;

/** The first version of ioredis has no export of that name. */
interface Ioredis {
  readonly default: new (
    url: string,
    options: object,
  ) => RedisClient & {
    readonly stream?: { unref?(): void };
    on(event: string, listener: () => void): void;
    once(event: string, listener: () => void): void;
  };
}

interface NodeRedis {
  createClient(options: object): RedisClient & {
    on(event: string, listener: () => void): void;
    connect(): Promise<unknown>;
    unref?(): void;
  };
}

/** Limits shared through a Redis given by URL alone: the application's own driver connects when it is needed. */
export function sharedRedis(url: string): SharedLimits {
  return { store: new LazyRedis(url), processes: ASSUMED, account: undefined };
}

class LazyRedis implements FleetStore {
  readonly #url: string;
  #store: Promise<RedisStore> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async exchange(lane: string, report: Report): Promise<Grant> {
    this.#store ??= connect(this.#url);
    return (await this.#store).exchange(lane, report);
  }

  listen(lane: string, listener: NewsListener): () => void {
    let over = false;
    let unlisten: (() => void) | undefined;
    // Only listeners that asked before are subscribed.
    void this.#store?.then((store) => {
      if (!over) unlisten = store.listen(lane, listener);
    });
    return () => {
      over = true;
      unlisten?.();
    };
  }
}

async function connect(url: string): Promise<RedisStore> {
  // Resolves from the application's packages, not from ours.
  const load = createRequire(join(process.cwd(), 'app.js'));
  const client = await (isInstalled(load, 'ioredis')
    ? ioredis(load('ioredis') as Ioredis, url)
    : nodeRedis(load('redis') as NodeRedis, url));
  return RedisStore.of(client, PREFIX)!;
}

function isInstalled(load: NodeJS.Require, name: string): boolean {
  try {
    load.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Its socket must not keep the process alive: the application cannot close it. */
async function ioredis({ default: Redis }: Ioredis, url: string): Promise<RedisClient> {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => RECONNECT_MS,
  });
  client.on('error', ignore);
  client.on('connect', () => client.stream?.unref?.());
  await new Promise<void>((resolve) => {
    client.once('ready', resolve);
  });
  return client;
}

async function nodeRedis({ createClient }: NodeRedis, url: string): Promise<RedisClient> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: () => RECONNECT_MS },
  });
  client.on('error', ignore);
  client.on('connect', () => client.unref?.());
  await client.connect();
  client.unref?.();
  return client;
}

/** Ignored here: the failure is reported where an answer is awaited. */
function ignore(): void {}
