import Bottleneck from 'bottleneck';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import pRetry from 'p-retry';
import { RateLimiterQueue, RateLimiterRedis } from 'rate-limiter-flexible';
import { createGuard } from '../../src/index.ts';
import { redisStore } from '../../src/redis.ts';
import { type Account, createAsk } from '../pacing/client.ts';
import { limitedFetch } from '../pacing/contestants/effect.ts';
import { hintMs, type Send, WORKERS } from '../pacing/contestants/contestant.ts';
import { redisLayer } from './effect-redis.ts';
import type { WorkerSetup } from './messages.ts';

export interface Opened {
  readonly send: Send;
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

const RETRIES = 10;

/** Ways to share the account among processes. All but tidegate are given the limits. */
export const FLEETS: Readonly<Record<string, (setup: WorkerSetup) => Promise<Opened>>> = {
  tidegate: (setup) => tidegate(setup, true),
  'without-redis': (setup) => tidegate(setup, false),
  bottleneck,
  'rate-limiter-flexible': rateLimiterFlexible,
  effect,
};

function accountOf({ url, requestsPerMinute, tokensPerMinute }: WorkerSetup): Account {
  return { provider: 'openai', baseURL: url, requestsPerMinute, tokensPerMinute };
}

function connect({ redisPorts, master }: WorkerSetup): Redis {
  const common = { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => 100 } as const;
  const client =
    master === undefined
      ? new Redis(redisPorts[0]!, '127.0.0.1', common)
      : new Redis({
          ...common,
          sentinels: redisPorts.map((port) => ({ host: '127.0.0.1', port })),
          name: master,
          sentinelRetryStrategy: () => 100,
        });
  client.on('error', () => {
    // Its intended use is measured.
  });
  return client;
}

async function connected(client: Redis): Promise<Redis> {
  if (client.status !== 'ready') await new Promise((resolve) => client.once('ready', resolve));
  return client;
}

async function tidegate(setup: WorkerSetup, shares: boolean): Promise<Opened> {
  const client = shares ? await connected(connect(setup)) : undefined;
  const warnings: string[] = [];
  const guard = createGuard(client ? { shared: redisStore(client) } : {});
  guard.on('warning', ({ message }) => warnings.push(message));
  const ask = createAsk(accountOf(setup), { guard: (sdk) => guard.wrap(sdk) });
  const close = async (): Promise<void> => {
    await guard.close();
    await client?.quit();
  };
  return { send: (job) => ask(job), warnings, close };
}

/** Its clustering, which spaces calls by the RPM across all processes. */
async function bottleneck(setup: WorkerSetup): Promise<Opened> {
  const ask = createAsk(accountOf(setup), { maxRetries: 0 });
  const limiter = new Bottleneck({
    id: 'account',
    datastore: 'ioredis',
    clearDatastore: false,
    clientOptions: { host: '127.0.0.1', port: setup.redisPorts[0] },
    minTime: 60_000 / setup.requestsPerMinute,
    maxConcurrent: WORKERS,
    Redis,
  } as Bottleneck.ConstructorOptions);
  limiter.on('failed', async (error: unknown, { retryCount }) =>
    retryCount < RETRIES ? (hintMs(error) ?? 1_000 * 2 ** retryCount) : undefined,
  );
  await limiter.ready();
  return { send: (job) => limiter.schedule(() => ask(job)), warnings: [], close: () => limiter.disconnect() };
}

/** Two of its queues over Redis, with windows of a second: one of a minute would let all of it through at once. */
async function rateLimiterFlexible(setup: WorkerSetup): Promise<Opened> {
  const ask = createAsk(accountOf(setup), { maxRetries: 0 });
  const client = await connected(connect(setup));
  const perSecond = (perMinute: number): number => Math.max(1, Math.floor(perMinute / 60));
  const queue = (keyPrefix: string, perMinute: number): RateLimiterQueue =>
    new RateLimiterQueue(
      new RateLimiterRedis({ storeClient: client, points: perSecond(perMinute), duration: 1, keyPrefix }),
    );
  const requests = queue('requests', setup.requestsPerMinute);
  const tokens = queue('tokens', setup.tokensPerMinute);
  const most = perSecond(setup.tokensPerMinute);
  const limit = pLimit(WORKERS);
  const send: Send = (job) =>
    limit(() =>
      pRetry(
        async () => {
          await requests.removeTokens(1);
          await tokens.removeTokens(Math.min(most, Math.max(job.cost.inputTokens, job.maxOutputTokens)));
          return ask(job);
        },
        { retries: RETRIES },
      ),
    );
  return { send, warnings: [], close: async () => void (await client.quit()) };
}

async function effect(setup: WorkerSetup): Promise<Opened> {
  const client = await connected(connect(setup));
  const limited = await limitedFetch(accountOf(setup), redisLayer(client));
  const ask = createAsk(accountOf(setup), { maxRetries: 0, fetch: limited });
  return { send: (job) => ask(job), warnings: [], close: async () => void (await client.quit()) };
}
