import { describe, expect, it } from 'vitest';
import { ENTERED, enter } from '../helpers/entrances.ts';
import { json } from '../helpers/fake-fetch.ts';

const SECONDS = 300;
const EVERY_MS = 250;
/** Ten a second, of which five seconds' worth can be saved up. */
const LIMIT = 600;
const CAPACITY = 50;

describe.each(ENTERED.filter(({ family }) => family !== 'anthropic'))('$sdk.name, $entrance', ({ sdk, entrance }) => {
  it.each([
    ['steadily', 2.5, 2.5],
    ['now less, now more', 1.5, 2.5],
  ])('gets hardly any refusal beside a neighbour that takes three quarters, %s', async (_, less, more) => {
    let level = CAPACITY;
    let at = 0;
    const count = { served: 0, refused: 0 };
    const { client, clock, guard } = enter(entrance, sdk, { deadlineMs: 120_000 }, (request) => {
      const now = clock.now();
      const left = Math.floor(now / 20_000) % 2 === 0 ? less : more;
      level = Math.min(CAPACITY, level + ((now - at) / 1_000) * left);
      at = now;
      const isServed = level >= 1;
      if (isServed) level--;
      count[isServed ? 'served' : 'refused']++;
      const headers = {
        'x-ratelimit-limit-requests': String(LIMIT),
        'x-ratelimit-remaining-requests': String(Math.floor(level)),
        'x-ratelimit-reset-requests': `${(60 * (CAPACITY - level)) / LIMIT}s`,
      };
      const error = { message: 'Rate limit reached. Please try again in 100ms.', code: 'rate_limit_exceeded' };
      return (isServed ? json(sdk.completion, 200, headers) : json({ error }, 429, headers))(request);
    });
    const calls: Promise<unknown>[] = [];
    for (let ms = 0; ms < 1_000 * SECONDS; ms += EVERY_MS) {
      calls.push(sdk.create(client).catch((error: unknown) => error));
      await clock.advance(EVERY_MS);
    }
    expect(count.served).toBeGreaterThan(0.95 * SECONDS * ((less + more) / 2));
    expect(count.refused).toBeLessThanOrEqual(0.01 * count.served);
    await clock.advance(120_000);
    await Promise.all(calls);
    await guard.close();
  });
});
