import { describe, expect, it } from 'vitest';
import { ENTERED, enter } from '../helpers/entrances.ts';
import { json, refused, type Reply } from '../helpers/fake-fetch.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';

const SECONDS = 40;
const EVERY_MS = 250;
/** How long after the end of the fault, if it has one. */
const WELL_WITHIN_MS = 10_000;
const DISTURBED_MS = 5_000;

const refuse = (message: string, status = 429, error: object = {}, headers: Record<string, string> = {}): Reply =>
  json({ type: 'error', error: { type: 'rate_limit_error', message, ...error } }, status, headers);

/** An answer to the call, by its index and time. */
type Provider = (sdk: SdkCase, place: number, atMs: number) => Reply;

const once =
  (reply: Reply): Provider =>
  ({ completion }, place) =>
    place === 3 ? reply : json(completion);

const first =
  (reply: Reply): Provider =>
  ({ completion }, _place, atMs) =>
    atMs < DISTURBED_MS ? reply : json(completion);

/** Succeeds always, and states these limits: `limit`, `remaining` and `resetMs` of each dimension. */
const shows =
  (limits: Readonly<Record<string, readonly [limit: number, remaining: number, resetMs: number]>>): Provider =>
  ({ completion, family }, _place, atMs) => {
    const headers: Record<string, string> = {};
    for (const [dimension, [limit, remaining, resetMs]] of Object.entries(limits)) {
      const anthropic = `anthropic-ratelimit-${dimension === 'tokens' ? 'input-tokens' : dimension}`;
      if (family === 'anthropic') {
        headers[`${anthropic}-limit`] = String(limit);
        headers[`${anthropic}-remaining`] = String(remaining);
        headers[`${anthropic}-reset`] = new Date(atMs + resetMs).toISOString();
      } else {
        headers[`x-ratelimit-limit-${dimension}`] = String(limit);
        headers[`x-ratelimit-remaining-${dimension}`] = String(remaining);
        headers[`x-ratelimit-reset-${dimension}`] = `${resetMs / 1_000}s`;
      }
    }
    return json(completion, 200, headers);
  };

const HOUR = 3_600_000;

const WRONG: readonly (readonly [string, Provider])[] = [
  ['one refusal asks to wait for an hour', once(refuse('Too many requests', 429, {}, { 'retry-after': '3600' }))],
  ['one refusal asks to wait until tomorrow', once(refuse('Rate limit reached. Please try again in 23h59m.'))],
  [
    'one refusal names a limit of the day',
    once(
      refuse(
        'Rate limit reached for m on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.',
      ),
    ),
  ],
  [
    'one refusal says that the quota is exhausted',
    once(refuse('You exceeded your current quota', 429, { type: 'insufficient_quota', code: 'insufficient_quota' })),
  ],
  ['one refusal says that there is no credit', once(refuse('Your credit balance is too low', 402))],
  [
    'one refusal says that the call is too large',
    once(refuse('Request too large for m on tokens per min (TPM): Limit 1, Requested 20.', 429, { type: 'tokens' })),
  ],
  ['one refusal names a limit of zero', once(refuse('Rate limit exceeded. Limit: 0/1min. Current: 1/1min.'))],
  ['one key is refused', once(refuse('Incorrect API key provided', 401, { code: 'invalid_api_key' }))],
  ['all are told to slow down for a while', first(refuse('slow down'))],
  ['all are told so by its code', first(refuse('Slow down.', 429, { code: 'slow_down' }))],
  ['all grow too fast for a while', first(refuse('This would exceed your maximum usage increase rate.'))],
  ['all are refused for a while', first(refuse('Too many requests'))],
  ['all are too many at once for a while', first(refuse('Too many concurrent requests'))],
  ['all meet an overloaded provider for a while', first(refuse('Overloaded', 529, { type: 'overloaded_error' }))],
  ['all meet a gateway without a provider for a while', first(refuse('Bad gateway', 502))],
  ['no connection is made for a while', first(refused)],
  ['headers show a day as spent', shows({ requests: [500, 0, HOUR] })],
  ['headers show no tokens, of a full tier', shows({ requests: [6_000, 5_999, 10], tokens: [300_000, 0, 60_000] })],
  ['headers show the same few tokens', shows({ requests: [6_000, 5_999, 10], tokens: [300_000, 100, 60_000] })],
  ['headers show nothing at all', shows({ requests: [6_000, 0, 1_000], tokens: [300_000, 0, 60_000] })],
  ['headers show less than nothing', shows({ requests: [6_000, -1, -1] })],
];

describe.each(ENTERED)('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it.each(WRONG)('completes all of four calls a second soon after %s', async (_, provider) => {
    let place = 0;
    const { client, clock, guard } = enter(entrance, sdk, { deadlineMs: 10_000 }, (request) =>
      provider(sdk, place++, clock.now())(request),
    );
    const lost: string[] = [];
    let late = 0;
    const calls: Promise<void>[] = [];
    for (let atMs = 0; atMs < 1_000 * SECONDS; atMs += EVERY_MS) {
      const startedAt = clock.now();
      const isWatched = atMs >= DISTURBED_MS + WELL_WITHIN_MS;
      const ended = (error?: unknown): void => {
        if (!isWatched) return;
        if (error !== undefined) lost.push(`${atMs}: ${(error as Error).message}`);
        else if (clock.now() - startedAt > 1_500) late++;
      };
      calls.push(sdk.create(client).then(() => ended(), ended));
      await clock.advance(EVERY_MS);
    }
    await clock.advance(20_000);
    await Promise.all(calls);
    expect(lost.slice(0, 5)).toEqual([]);
    expect(late).toBe(0);
    await guard.close();
  });

  it.each(WRONG.filter(([what]) => what.startsWith('one ')))(
    'loses none of the waiting calls when %s',
    async (_, provider) => {
      let place = 0;
      const options = { bulkhead: { maxConcurrent: 4 } };
      const { client, clock, guard } = enter(entrance, sdk, options, (request) =>
        provider(sdk, place++, clock.now())(request),
      );
      let lost = 0;
      const calls = Array.from({ length: 200 }, () => sdk.create(client).catch(() => lost++));
      for (let second = 0; second < 20; second++) await clock.advance(1_000);
      await Promise.all(calls);
      expect(lost).toBeLessThanOrEqual(1);
      await guard.close();
    },
  );
});
