import { describe, expect, it } from 'vitest';
import { ENTERED, enter } from '../helpers/entrances.ts';
import { hang, json } from '../helpers/fake-fetch.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { withCall } from '../../src/with-call.ts';

describe.each(ENTERED)('$family by $entrance', ({ entrance, sdk }) => {
  it.each([
    [400, 'bad_request'],
    [404, 'bad_request'],
    [422, 'bad_request'],
    [401, 'client_error'],
    [403, 'client_error'],
  ])('ends a call that is refused with %i as %s', async (status, outcome) => {
    const { guard, client } = enter(entrance, sdk, {}, json(sdk.errorBody, status));
    await expect(sdk.create(client)).rejects.toMatchObject({ status });
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome }]);
  });

  it.each(['deadline', 'abort'] as const)('reports a wait that ended by %s without its attempt', async (how) => {
    const { clock, guard, client } = enter(entrance, sdk, { bulkhead: { maxConcurrent: 1 } }, hang);
    const first = new AbortController();
    const second = new AbortController();
    const held = sdk.create(client, { signal: first.signal }).catch(() => undefined);
    await clock.advance(1);
    const deadline = how === 'deadline' ? { deadlineMs: 90_000 } : {};
    const ended = withCall(deadline, () => sdk.create(client, { signal: second.signal })).catch(() => 'ended');
    await clock.advance(80_000);
    expect(guard.snapshot()).toMatchObject([{ queued: 1 }]);
    expect(guard.snapshot()[0]!.oldestWaitMs).toBeGreaterThan(79_000);
    if (how === 'abort') second.abort();
    else await clock.advance(15_000);
    expect(await ended).toBe('ended');
    const [wait, ...more] = eventsOf(guard, 'not_admitted');
    expect(more).toEqual([]);
    expect(wait).toMatchObject({ stage: 'bulkhead', cause: 'concurrency' });
    expect(wait!.waitedMs).toBeGreaterThan(79_000);
    first.abort();
    await held;
    // The attempt that was sent had no wait to report.
    expect(eventsOf(guard, 'not_admitted')).toHaveLength(1);
  });
});
