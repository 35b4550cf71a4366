import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { GuardCore } from '../../src/guard.ts';
import { afterTest } from '../helpers/after-test.ts';
import { fakeFetch, json, type Reply, sse } from '../helpers/fake-fetch.ts';
import { collectGarbage } from '../helpers/garbage.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type AnyClient, SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';
import { socketsQuiet } from '../helpers/socket-clock.ts';

const newest = SDKS.filter(({ name }) => /7\.59|1\.14|groq 1\.6/.test(name));

async function collected(done: () => boolean): Promise<void> {
  for (let round = 0; round < 50 && !done(); round++) {
    // A dereferenced WeakRef keeps its target until the end of the turn.
    await socketsQuiet();
    collectGarbage();
    await socketsQuiet();
  }
}

/** A fetch that keeps no reference to its responses. */
const forgetful =
  (reply: Reply): typeof fetch =>
  (input, init) =>
    Promise.resolve(reply({ url: String(input), init: {}, headers: new Headers(init?.headers), attempt: 1 }));

describe.each(newest)('$name', (sdk: SdkCase) => {
  it('retains nothing of 1,000 streams that were never read', async () => {
    const guard = testGuard({ bulkhead: { maxConcurrent: 2_000 } });
    const client = guardedClient(sdk, guard, forgetful(sse(sdk.chunks)));
    for (let index = 0; index < 1_000; index++) await sdk.stream(client);
    await collected(() => guard.snapshot()[0]!.inFlight === 0);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0, queued: 0 }]);
    expect(guard.watch.size).toBe(0);
    expect(eventsOf(guard, 'call.end')).toHaveLength(1_000);
    expect(eventsOf(guard, 'stream.end').every(({ outcome }) => outcome === 'unread')).toBe(true);
  });

  it('retains nothing of raw responses that were never read', async () => {
    const guard = testGuard({ bulkhead: { maxConcurrent: 2_000 } });
    const client = guardedClient(sdk, guard, forgetful(json(sdk.completion)));
    for (let index = 0; index < 100; index++) await sdk.create(client).asResponse();
    await collected(() => guard.snapshot()[0]!.inFlight === 0);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    expect(guard.watch.size).toBe(0);
  });

  it('releases the calls whose responses are kept', async () => {
    const guard = testGuard();
    const client = guardedClient(sdk, guard, forgetful(json(sdk.completion)));
    const prompts: WeakRef<object>[] = [];
    const kept: Response[] = [];
    for (let index = 0; index < 20; index++) {
      const messages = [{ role: 'user', content: `question ${index}` }];
      prompts.push(new WeakRef(messages));
      const response: Response = await client
        .post(sdk.path, { body: { model: 'test-model', max_tokens: 10, messages } })
        .asResponse();
      await response.text();
      kept.push(response);
    }
    const left = (): number => prompts.filter((each) => each.deref()).length;
    // The engine keeps the latest ones for a while.
    await collected(() => left() <= 3);
    expect(left()).toBeLessThanOrEqual(3);
    expect(kept.every(({ bodyUsed }) => bodyUsed)).toBe(true);
  });

  it.each([
    ['answers', (client: AnyClient) => sdk.create(client)],
    ['streams', (client: AnyClient) => sdk.stream(client)],
  ] as const)('releases the calls whose %s are kept with the promise of them', async (kind, send) => {
    const guard = new GuardCore(FAST);
    afterTest(() => guard.close());
    const calls: WeakRef<object>[] = [];
    guard.on('call.end', ({ call }) => calls.push(new WeakRef(call)));
    const client = guardedClient(sdk, guard, forgetful(kind === 'streams' ? sse(sdk.chunks) : json(sdk.completion)));
    const kept: unknown[] = [];
    for (let index = 0; index < 20; index++) {
      const promise = send(client);
      const answer = await promise;
      if (kind === 'streams') for await (const _ of answer);
      kept.push(promise, answer);
    }
    const left = (): number => calls.filter((each) => each.deref()).length;
    await collected(() => calls.length === 20 && left() <= 3);
    expect(calls).toHaveLength(20);
    expect(left()).toBeLessThanOrEqual(3);
    expect(kept).toHaveLength(40);
  });

  it('retains nothing of 1,000 aborted streams, and no listener on the caller’s signal', async () => {
    const guard = testGuard({ bulkhead: { maxConcurrent: 2_000 } });
    const client = guardedClient(sdk, guard, fakeFetch(sse(sdk.chunks)).fetch);
    for (let index = 0; index < 1_000; index++) {
      const controller = new AbortController();
      const stream = await sdk.stream(client, { signal: controller.signal });
      const reading = (async () => {
        for await (const _ of stream) controller.abort();
      })();
      await reading.catch(() => undefined);
    }
    await callsEnded(guard);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0, queued: 0 }]);
    expect(guard.watch.size).toBe(0);
    expect(eventsOf(guard, 'call.end')).toHaveLength(1_000);
  });

  it('adds no listener to a signal that many calls share', async () => {
    const { signal } = new AbortController();
    const guard = testGuard();
    const stockFetch = fakeFetch(json(sdk.completion)).fetch;
    const stock = new sdk.Client({ apiKey: 'k', fetch: stockFetch });
    for (let index = 0; index < 50; index++) await sdk.create(stock, { signal });
    const before = getEventListeners(signal, 'abort').length;
    const client = guardedClient(sdk, guard, fakeFetch(json(sdk.errorBody, 500), json(sdk.completion)).fetch);
    for (let index = 0; index < 50; index++) await sdk.create(client, { signal });
    // fakeFetch and old SDKs add listeners of their own; the guard adds none to those.
    expect(getEventListeners(signal, 'abort').length - before).toBeLessThanOrEqual(before + 2);
  });
});
