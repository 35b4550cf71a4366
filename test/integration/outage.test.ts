import { describe, expect, it } from 'vitest';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const openai = SDKS[0]!;

describe('an outage on a busy lane', () => {
  it('loses nothing with default options, and adds at most a fifth to the traffic', async () => {
    const clock = new VirtualClock();
    const guard = testGuard({}, { clock, random: () => 0.5 });
    let down = false;
    let sentWhileDown = 0;
    const fake = fakeFetch((request) => {
      if (!down) return json(openai.completion)(request);
      sentWhileDown++;
      return json(
        { error: { message: 'overloaded', type: 'service_unavailable_error', code: 'server_is_overloaded' } },
        503,
      )(request);
    });
    const client = guardedClient(openai, guard, fake.fetch);
    const calls: Promise<unknown>[] = [];
    let begun = 0;
    for (let tick = 0; tick < 600; tick++) {
      down = tick >= 200 && tick < 500;
      calls.push(openai.create(client).catch((error: unknown) => error));
      begun++;
      await clock.advance(100);
    }
    await clock.runAll();
    const results = await Promise.all(calls);
    expect(results.filter((result) => result instanceof Error)).toEqual([]);
    expect(begun).toBe(600);
    // Each of the 300 calls begun during the outage could have been one attempt; retries add a fifth, and ten.
    expect(sentWhileDown).toBeLessThanOrEqual(300 * 1.2 + 10);
    expect(eventsOf(guard, 'circuit').map(({ state }) => state)).toContain('open');
    expect(guard.snapshot()).toMatchObject([{ circuit: 'closed', inFlight: 0, queued: 0 }]);
  });
});
