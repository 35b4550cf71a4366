import { Effect, Layer } from 'effect';
import { RateLimiter, Redis } from 'effect/persistence';
import type { Redis as Client } from 'ioredis';

/** Effect's own store for its limiter, on a client of ioredis. */
export function redisLayer(client: Client): Layer.Layer<RateLimiter.RateLimiterStore> {
  const send = <A>(command: string, ...args: readonly string[]): Effect.Effect<A, Redis.RedisError> =>
    Effect.tryPromise({
      try: () => client.call(command, ...args) as Promise<A>,
      catch: (cause) => new Redis.RedisError({ cause }),
    });
  const service = Redis.make({
    send,
    subscribe: () => Effect.never,
    connect: Effect.succeed({ send, close: Effect.void }),
  });
  return Layer.provide(RateLimiter.layerStoreRedis({ prefix: 'effect' }), Layer.effect(Redis.Redis, service));
}
