import { describe, expect, it } from 'vitest';
import { ENTERED, enter } from '../helpers/entrances.ts';
import { json, type Reply } from '../helpers/fake-fetch.ts';
import type { SdkCase } from '../helpers/sdk-matrix.ts';

const PACED = [
  { pacing: {}, words: 'paced' },
  { pacing: false as const, words: 'not paced' },
];
const CASES = ENTERED.flatMap((each) => PACED.map((paced) => ({ ...each, ...paced })));

/** Refuses once, with a wait in whole seconds, and answers afterwards. */
function refusal({ family }: SdkCase, seconds: number): Reply {
  const message = 'Rate limit reached on requests per min (RPM): Limit 3, Used 3, Requested 1.';
  const error = {
    message,
    type: family === 'anthropic' ? 'rate_limit_error' : 'requests',
    code: 'rate_limit_exceeded',
  };
  return json({ type: 'error', error }, 429, { 'retry-after': String(seconds) });
}

describe.each(CASES)('$sdk.name, $entrance, $words', ({ sdk, entrance, pacing }) => {
  it('waits as long as retry.maxHintMs allows, in the call and in the queue', async () => {
    const options = { pacing, retry: { maxHintMs: 3_600_000 } };
    const { client, clock, requests } = enter(entrance, sdk, options, refusal(sdk, 1_800), json(sdk.completion));
    const done: number[] = [];
    const first = sdk.create(client).then(() => done.push(clock.now()));
    await clock.advance(1_000);
    const second = sdk.create(client).then(() => done.push(clock.now()));
    const startedAt = clock.now();
    await clock.advance(1_790_000);
    expect([requests.length, done]).toEqual([1, []]);
    await clock.advance(300_000);
    await Promise.all([first, second]);
    expect(done.every((at) => at - startedAt >= 1_799_000 - 1)).toBe(true);
    expect(requests).toHaveLength(3);
  });

  it.each([
    { maxHintMs: undefined, seconds: 121 },
    { maxHintMs: 5_000, seconds: 6 },
  ])('refuses at once what takes longer than $maxHintMs ms', async ({ maxHintMs, seconds }) => {
    const retry = maxHintMs === undefined ? {} : { maxHintMs };
    const { client, clock, requests } = enter(
      entrance,
      sdk,
      { pacing, retry },
      refusal(sdk, seconds),
      refusal(sdk, seconds),
      json(sdk.completion),
    );
    // One refusal may be wrong: a second call tries.
    for (const _ of [1, 2]) {
      await Promise.all([expect(sdk.create(client)).rejects.toMatchObject({ status: 429 }), clock.advance(1_000)]);
    }
    const unsent = expect.objectContaining({ attempts: 0 });
    const refused =
      entrance === 'wrap'
        ? expect.objectContaining({ code: 'deadline_exceeded', tidegate: unsent })
        : expect.any(Error);
    await Promise.all([expect(sdk.create(client)).rejects.toEqual(refused), clock.advance(1)]);
    expect(requests).toHaveLength(2);
    await clock.advance(seconds * 1_000);
    // The pace of three requests a minute continues.
    await Promise.all([sdk.create(client), clock.advance(30_000)]);
  });
});
