import type { Redis } from 'ioredis';
import { DIVIDE_SCRIPT } from '../../src/fleet/divide-script.ts';
import type { RedisClient } from '../../src/fleet/redis-client.ts';

/** The script at a time that the test sets. */
export function atTime(client: Redis, now: () => number): RedisClient {
  const script = DIVIDE_SCRIPT.replace("call('TIME')", '{ 0, tonumber(ARGV[2]) * 1000 }');
  return {
    evalsha: () => Promise.reject(new Error('NOSCRIPT')),
    eval: (_script: string, keys: number, ...rest: string[]) => client.eval(script, keys, ...rest, String(now())),
  };
}
