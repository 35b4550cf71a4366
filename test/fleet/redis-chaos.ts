import { Redis } from 'ioredis';
import type { LimitReading } from '../../src/core/outcome.ts';
import { TokenBucket } from '../../src/simulator/limits/token-bucket.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { callNow, joinFleet } from './real-process.ts';
import { RedisProxy } from './redis-proxy.ts';
import { RedisServer } from './redis-server.ts';
import { reading } from '../pacing/harness.ts';
import { msGiven, pause } from '../helpers/real-time.ts';

export interface ChaosResult {
  readonly made: number;
  /** Calls among them for which the provider's bucket had nothing left. */
  readonly refused: number;
  readonly errors: readonly unknown[];
  readonly longestMs: number;
  /** Calls that the limit allows in the time. */
  readonly allowed: number;
  /** From its end until all processes shared again. */
  readonly backMs: number;
  readonly modes: readonly (readonly string[])[];
}

const PROCESSES = 4;
const RPM = 6_000;
const AT_ONCE = 20;

/** Processes that call continuously while answers of Redis are lost with their connections, late, and reordered. */
export async function chaos(ms: number, seed: number): Promise<ChaosResult> {
  const random = mulberry32(seed);
  const server = await RedisServer.start();
  const proxy = await RedisProxy.start(server.port);
  const clients = Array.from({ length: PROCESSES }, () => {
    const client = new Redis(proxy.port, '127.0.0.1', {
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: () => 50,
    });
    client.on('error', () => undefined);
    return client;
  });
  const processes = clients.map((client) => joinFleet(client, RPM, PROCESSES));
  const errors: unknown[] = [];
  let made = 0;
  let longestMs = 0;
  const startedAt = performance.now();
  const bucket = new TokenBucket(RPM, RPM / 60_000, 1, startedAt);
  let refused = 0;
  const serve = (): LimitReading[] => {
    const now = performance.now();
    if (bucket.available(now) < 1) refused++;
    bucket.spend(1, now);
    return [reading('requests', RPM, Math.max(0, Math.floor(bucket.available(now))))];
  };
  const isOver = (): boolean => performance.now() - startedAt >= ms;
  try {
    proxy.fate = () => {
      const dice = random();
      if (dice < 0.02) return { delayMs: 0, lost: true };
      if (dice < 0.3) return { delayMs: 1_200 * random() ** 2, lost: false };
      return { delayMs: 20 * random(), lost: false };
    };
    const callers = processes.flatMap((process) =>
      Array.from({ length: AT_ONCE }, async () => {
        while (!isOver()) {
          try {
            longestMs = Math.max(longestMs, await callNow(process, serve));
            made++;
          } catch (error) {
            errors.push(error);
          }
        }
      }),
    );
    await Promise.all(callers);
    const allowed = RPM + ((performance.now() - startedAt) / 60_000) * RPM;
    proxy.fate = () => ({ delayMs: 0, lost: false });
    const backMs = await msGiven(async () => {
      for (let look = 0; look < 500 && processes.some(({ share }) => share.mode !== 'shared'); look++) {
        await callNow(processes[0]!);
        await pause(20);
      }
    });
    const modes = processes.map((process) => process.modes);
    return { made, refused, errors, longestMs, allowed, backMs, modes };
  } finally {
    for (const { lane } of processes) lane.lane.close();
    for (const client of clients) client.disconnect();
    await proxy.stop();
    await server.stop();
  }
}
