import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FleetStore, Grant, NewsListener, Report } from '../fleet/protocol.ts';
import type { RedisClient } from '../fleet/redis-client.ts';
import { RedisStore } from '../fleet/redis-store.ts';
import type { SharedLimits } from '../fleet/shared-limits.ts';

const PREFIX = 'tidegate';
const ASSUMED = 2;
const RECONNECT_MS = 500;

/** Its first version has no export of that name. */
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

/** Limits shared through a Redis that is named by its URL alone: the application's own driver connects when it is needed. */
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
    // Only those that asked before are listening.
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
  // The application's packages, not those beside this one.
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

/** What it means for calls is reported by those that wait for an answer. */
function ignore(): void {}
