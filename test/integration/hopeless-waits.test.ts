import { describe, expect, it } from 'vitest';
import { ENTERED, enter } from '../helpers/entrances.ts';
import { json, type Reply } from '../helpers/fake-fetch.ts';
import { eventsOf } from '../helpers/record-events.ts';

const refuse = (message: string, headers: Record<string, string> = {}): Reply =>
  json({ type: 'error', error: { type: 'tokens', code: 'rate_limit_exceeded', message } }, 429, headers);

/** Refuses the calls that say "big", and answers all others. */
const picky =
  (refusal: Reply, completion: object): Reply =>
  (request) =>
    (String(request.init.body).includes('big') ? refusal : json(completion))(request);

const big = { messages: [{ role: 'user', content: 'big' }] };

// Groq's answer, every time (reported 2026-11).
const NEVER_FITS =
  'Rate limit reached for model `qwen/qwen3.8-27b` in organization `org_01` service tier `on_demand` on input tokens per minute (ITPM): Limit 7000, Used 0, Requested ~12903. Please try again in 150ms.';

const ENDLESS = [
  ['a wait in words', refuse('Rate limit reached. Please try again in 150ms.')],
  [
    'a wait and a limit',
    refuse('Rate limit reached on tokens per min (TPM): Limit 7000, Used 0, Requested 5. Please try again in 150ms.'),
  ],
  ['a wait in a header', refuse('Rate limit reached.', { 'retry-after-ms': '150' })],
] as const;

describe.each(ENTERED)('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it('sends a call larger than the whole limit once, even if a wait is named', async () => {
    const { client, clock, requests, guard } = enter(entrance, sdk, {}, picky(refuse(NEVER_FITS), sdk.completion));
    await Promise.all([
      expect(sdk.create(client, undefined, big)).rejects.toMatchObject({ status: 429 }),
      clock.advance(1_000),
    ]);
    expect(requests).toHaveLength(1);
    expect(eventsOf(guard, 'pause')).toEqual([]);
    expect(eventsOf(guard, 'attempt.end').map(({ outcome }) => outcome)).toEqual(['too_large']);
  });

  it.each(ENDLESS)('stops waiting with a lone call that is always refused with %s', async (_words, refusal) => {
    const { client, clock, requests, guard } = enter(entrance, sdk, {}, refusal);
    await Promise.all([expect(sdk.create(client)).rejects.toMatchObject({ status: 429 }), clock.advance(600_000)]);
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.length).toBeLessThanOrEqual(12);
    expect(eventsOf(guard, 'give_up')).toMatchObject([{ reason: 'max_wait' }]);
  });

  it.each(ENDLESS)('lets others proceed beside a call that is always refused with %s', async (_words, refusal) => {
    const options = { pacing: false as const, deadlineMs: 120_000 };
    const { client, clock, requests, guard } = enter(entrance, sdk, options, picky(refusal, sdk.completion));
    const failed = sdk.create(client, undefined, big).then(
      () => false,
      () => true,
    );
    const waits: number[] = [];
    for (let second = 0; second < 100; second++) {
      const startedAt = clock.now();
      const done = sdk.create(client).then(() => waits.push(clock.now() - startedAt));
      await clock.advance(1_000);
      await done;
    }
    await clock.advance(60_000);
    expect(await failed).toBe(true);
    expect(eventsOf(guard, 'pause').length).toBeLessThanOrEqual(3);
    expect(waits.filter((ms) => ms > 1)).toHaveLength(waits.filter((ms) => ms > 1 && ms < 500).length);
    expect(waits.filter((ms) => ms > 1).length).toBeLessThanOrEqual(3);
    // It is tried ever more rarely, until its deadline.
    expect(requests.length - 100).toBeLessThanOrEqual(25);
  });

  it('waits out a limit for as long as it lets others through', async () => {
    let sent = 0;
    const busy = picky((request) => (++sent <= 25 ? ENDLESS[0][1] : json(sdk.completion))(request), sdk.completion);
    const { client, clock } = enter(
      entrance,
      sdk,
      { pacing: false, retry: { maxDelayMs: 1_000, maxAttempts: 2 } },
      busy,
    );
    const done = sdk.create(client, undefined, big);
    for (let second = 0; second < 60; second++) {
      await Promise.all([sdk.create(client), clock.advance(1_000)]);
    }
    await done;
    expect(sent).toBe(26);
  });
});
