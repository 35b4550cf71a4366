import { Effect, type Layer, Option, Schedule } from 'effect';
import { HttpClient, HttpClientRequest, HttpClientResponse } from 'effect/http';
import { RateLimiter } from 'effect/persistence';
import { type Account, createAsk } from '../client.ts';
import type { Open } from './contestant.ts';

const RETRIES = 10;

/** A response of Effect's client carries the one from `fetch`. */
const transport = HttpClient.make((request, url, signal) =>
  Effect.promise(async () => {
    const { headers, method, body } = request;
    const bytes = body._tag === 'Uint8Array' ? Buffer.from(body.body) : null;
    return HttpClientResponse.fromWeb(
      request,
      await fetch(url, { method, headers: { ...headers }, body: bytes, signal }),
    );
  }),
);

/**
 * Effect's adaptive rate limiter as the SDK's `fetch`: told the RPM, it learns from `limit` and `remaining` and from
 * `retry-after`. Resets are removed, which favours it: it reads `20ms` as twenty seconds, and a date as a year. Groq's
 * request headers are per day.
 */
export const effect: Open = (account) => {
  const opened = limitedFetch(account, RateLimiter.layerStoreMemory);
  const ask = createAsk(account, { maxRetries: 0, fetch: async (input, init) => (await opened)(input, init) });
  return (job) => ask(job);
};

/** `fetch` behind its limiter, with counts in a store. */
export async function limitedFetch(
  { provider, requestsPerMinute }: Account,
  store: Layer.Layer<RateLimiter.RateLimiterStore>,
): Promise<typeof fetch> {
  const limiter = await Effect.runPromise(Effect.provide(RateLimiter.make, store));
  const names =
    provider === 'anthropic'
      ? { limit: 'anthropic-ratelimit-requests-limit', remaining: 'anthropic-ratelimit-requests-remaining' }
      : { limit: 'x-ratelimit-limit-requests', remaining: 'x-ratelimit-remaining-requests' };
  const client = transport.pipe(
    HttpClient.withRateLimiter({
      limiter,
      key: provider,
      limit: requestsPerMinute,
      window: '1 minute',
      algorithm: 'token-bucket',
      ...(provider === 'groq' ? {} : { responseHeaders: names }),
    }),
    HttpClient.retryTransient({ times: RETRIES, schedule: Schedule.exponential('500 millis') }),
  );
  return async (input, init = {}) => {
    const request = HttpClientRequest.make('POST')(String(input)).pipe(
      HttpClientRequest.setHeaders(Object.fromEntries(new Headers(init.headers))),
      HttpClientRequest.bodyText(String(init.body), 'application/json'),
    );
    return Option.getOrThrow(HttpClientResponse.toWeb(await Effect.runPromise(client.execute(request))));
  };
}
