import type { News, NewsListener } from './fleet-store.ts';
import type { RedisClient } from './redis-client.ts';

/** A separate connection that receives what scripts publish. */
interface Subscription {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

interface Heard {
  onReady(): void;
  onLost(): void;
  onMessage(channel: string, text: string): void;
}

interface Events {
  on(event: string, listener: (...values: never[]) => void): unknown;
}

interface IoredisTwin extends Events, Pick<Subscription, 'subscribe' | 'unsubscribe'> {
  readonly stream?: { unref?(): void };
  disconnect(): void;
}

interface NodeRedisTwin extends Events {
  connect(): Promise<unknown>;
  subscribe(channel: string, onMessage: (text: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  unref(): void;
  destroy?(): void;
  disconnect(): unknown;
}

/** Receives news over one extra connection, which is open while there are listeners and keeps no process alive. */
export class RedisNews {
  readonly #connect: (heard: Heard) => Subscription;
  readonly #listeners = new Map<string, Set<NewsListener>>();
  #subscription: Subscription | undefined;
  #isReady = false;

  private constructor(connect: (heard: Heard) => Subscription) {
    this.#connect = connect;
  }

  /** Undefined if the client cannot be duplicated, or would not report a lost connection, as that of a cluster. */
  static of(client: RedisClient): RedisNews | undefined {
    const given = client as { readonly duplicate?: unknown; readonly isCluster?: unknown; readonly unref?: unknown };
    if (typeof given.duplicate !== 'function') return undefined;
    if ('evalsha' in client)
      return given.isCluster === false ? new RedisNews((heard) => ofIoredis(client, heard)) : undefined;
    return typeof given.unref === 'function' ? new RedisNews((heard) => ofNodeRedis(client, heard)) : undefined;
  }

  listen(channel: string, listener: NewsListener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    if (!this.#subscription) this.#open();
    else if (this.#isReady) void this.#subscribe(channel);
    return () => this.#leave(channel, listener);
  }

  #open(): void {
    this.#subscription = this.#connect({
      onReady: () => {
        this.#isReady = true;
        for (const channel of this.#listeners.keys()) void this.#subscribe(channel);
      },
      onLost: () => {
        this.#isReady = false;
        for (const listeners of this.#listeners.values()) tell(listeners, false);
      },
      onMessage: (channel, text) => {
        const news = newsOf(text);
        if (news) for (const { onNews } of this.#listeners.get(channel) ?? []) onNews(news);
      },
    });
  }

  async #subscribe(channel: string): Promise<void> {
    try {
      await this.#subscription?.subscribe(channel);
    } catch {
      // The user may not subscribe: the process asks twice a second, as without news.
      return;
    }
    if (this.#isReady) tell(this.#listeners.get(channel) ?? new Set(), true);
  }

  #leave(channel: string, listener: NewsListener): void {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.#listeners.delete(channel);
    if (this.#listeners.size > 0) {
      this.#subscription?.unsubscribe(channel).catch(ignore);
      return;
    }
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#isReady = false;
  }
}

function tell(listeners: ReadonlySet<NewsListener>, hears: boolean): void {
  for (const { onHears } of listeners) onHears(hears);
}

/** Undefined for a message that none of our scripts has published. */
function newsOf(text: string): News | undefined {
  try {
    const { pauseMs, voids, ends } = JSON.parse(text) as Partial<News>;
    if (typeof pauseMs !== 'number' || typeof voids !== 'boolean') return undefined;
    return { pauseMs, voids, ...(ends === true && { ends }) };
  } catch {
    return undefined;
  }
}

function ofIoredis(client: RedisClient, { onReady, onLost, onMessage }: Heard): Subscription {
  const { duplicate } = client as unknown as { duplicate(options: object): IoredisTwin };
  const twin = duplicate.call(client, { lazyConnect: false, autoResubscribe: false });
  twin.on('error', ignore);
  twin.on('connect', () => twin.stream?.unref?.());
  twin.on('ready', onReady);
  twin.on('close', onLost);
  twin.on('message', onMessage);
  return {
    subscribe: (channel) => twin.subscribe(channel),
    unsubscribe: (channel) => twin.unsubscribe(channel),
    close: () => twin.disconnect(),
  };
}

function ofNodeRedis(client: RedisClient, { onReady, onLost, onMessage }: Heard): Subscription {
  const twin = (client as unknown as { duplicate(): NodeRedisTwin }).duplicate();
  twin.on('error', () => onLost());
  twin.on('connect', () => twin.unref());
  twin.on('ready', onReady);
  twin.on('end', onLost);
  twin.connect().catch(ignore);
  const heard = (text: string, channel: string): void => onMessage(channel, text);
  return {
    subscribe: (channel) => twin.subscribe(channel, heard),
    unsubscribe: (channel) => twin.unsubscribe(channel),
    close: () => (twin.destroy ? twin.destroy() : void twin.disconnect()),
  };
}

/** Ignored here: the failure is reported where an answer is awaited. */
function ignore(): void {}
