import { Redis } from 'ioredis';
import { redisStore } from 'tidegate/redis';
import { RedisServer } from '../fleet/redis-server.ts';
import { type Fault, ordinary, ROOMY, type Staged, type StageSet } from './fault.ts';
import type { Service } from './service.ts';

/** Faults of reporting, of sharing, and requests that bypass the guard. */
export const TELEMETRY_FAULTS: readonly Fault[] = [
  {
    id: 'vanished',
    what: 'the job disappears from service discovery',
    expected: ['TidegateJobVanished'],
    severity: 'critical',
    says: /has no process left that reports/,
    stage: (set) =>
      pods(set, 2, (services, targets) => {
        targets.length = 0;
        void services;
      }),
  },
  {
    id: 'dead',
    what: 'no process of the job answers a scrape',
    expected: ['TidegateTelemetryDown'],
    severity: 'warning',
    says: /^No instance of/,
    stage: (set) =>
      pods(set, 2, (services) => {
        for (const service of services) service.scraped = false;
      }),
  },
  {
    id: 'one-dead',
    what: 'one process of three does not answer scrapes',
    expected: ['TidegateTelemetryDown'],
    severity: 'warning',
    says: /has not answered scrapes/,
    stage: (set) =>
      pods(set, 3, ([first]) => {
        first!.scraped = false;
      }),
  },
  {
    id: 'overflow',
    what: 'a metric has more label sets than the SDK keeps',
    expected: ['TidegateTelemetryCardinalityOverflow'],
    severity: 'warning',
    says: /series without labels/,
    stage: async (set) => {
      const simulator = await set.simulator({ provider: 'openai', limits: ROOMY });
      const views = [{ instrumentName: '*', aggregationCardinalityLimit: 120 }];
      const service = await set.service({ provider: 'openai', url: simulator.url, maxModels: 1_000, views });
      let models = 1;
      let turn = 0;
      service.steady(2, () => ({ model: `model-${turn++ % models}` }));
      return {
        targets: () => [service.target],
        begin: () => {
          models = 200;
        },
        close: () => set.close(),
      };
    },
  },
  {
    id: 'unguarded',
    what: 'requests to the provider bypass the guard',
    expected: ['TidegateUnguardedRequests'],
    severity: 'warning',
    says: /past tidegate/,
    stage: ordinary({
      provider: 'openai',
      guard: { unguardedNotice: true },
      begin: ({ service, set }) => {
        const timer = setInterval(() => void service.bare().catch(() => {}), 2_000);
        set.keep(() => clearInterval(timer));
      },
    }),
  },
  {
    id: 'store-down',
    what: 'the Redis of a fleet is killed',
    expected: ['TidegateFleetStoreDown'],
    severity: 'warning',
    says: /because it cannot be reached/,
    stage: async (set) => {
      const redis = await RedisServer.start();
      set.keep(() => redis.stop());
      const simulator = await set.simulator({ provider: 'openai', limits: ROOMY });
      const services: Service[] = [];
      for (let pod = 0; pod < 2; pod++) {
        const client = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: 0, enableOfflineQueue: false });
        client.on('error', () => {
          // The store is stopped on purpose.
        });
        set.keep(() => client.disconnect());
        const shared = redisStore(client, { prefix: 'faults', processes: 2 });
        services.push(await set.service({ provider: 'openai', url: simulator.url, guard: { shared } }));
      }
      for (const service of services) service.steady(1);
      return {
        targets: () => services.map(({ target }) => target),
        begin: () => redis.kill(),
        close: () => set.close(),
      };
    },
  },
];

/** A job of several healthy processes. */
export async function pods(
  set: StageSet,
  count: number,
  begin: (services: Service[], targets: string[]) => void | Promise<void>,
): Promise<Staged> {
  const simulator = await set.simulator({ provider: 'openai', limits: ROOMY });
  const services: Service[] = [];
  for (let pod = 0; pod < count; pod++) services.push(await set.service({ provider: 'openai', url: simulator.url }));
  for (const service of services) service.steady(1);
  const targets = services.map(({ target }) => target);
  return { targets: () => targets, begin: () => begin(services, targets), close: () => set.close() };
}
