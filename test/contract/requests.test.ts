import { describe, expect, it } from 'vitest';
import { fakeFetch, hang, json, refused } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { SDK_TIMEOUT_MS, socketsQuiet, useSocketClockInSdks } from '../helpers/socket-clock.ts';

describe.each(SDKS)('$name', (sdk) => {
  const ok = json(sdk.completion, 200, { [sdk.requestIdHeader]: 'req_1' });
  const error500 = json(sdk.errorBody, 500);
  const limited = json(
    { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } },
    429,
    {
      'retry-after': '0.01',
      'retry-after-ms': '10',
    },
  );

  it('returns the same promise object, parsed body and raw response as the SDK', async () => {
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fakeFetch(ok).fetch);
    const promise = sdk.create(client);
    expect(promise.constructor.name).toBe('APIPromise');
    expect(promise).toBeInstanceOf(Promise);
    expect(sdk.text(await promise)).toBe('answer');
    expect((await promise)._request_id ?? 'req_1').toBe('req_1');
    const { data, response } = await sdk.create(client).withResponse();
    expect(sdk.text(data)).toBe('answer');
    expect(response).toBeInstanceOf(Response);
    const raw = await sdk.create(client).asResponse();
    expect(sdk.text(await raw.json())).toBe('answer');
    expect(await sdk.create(client)._thenUnwrap((body: unknown) => sdk.text(body).length)).toBe(6);
  });

  it('is still an instance of its class, with its own name', async () => {
    const guard = testGuard();
    const fake = fakeFetch(ok);
    const client = guardedClient(sdk, guard, fake.fetch);
    expect(client).toBeInstanceOf(sdk.Client);
    await sdk.create(client);
    const stock = fakeFetch(ok);
    await sdk.create(new sdk.Client({ apiKey: 'k', fetch: stock.fetch }));
    expect(fake.requests[0]!.headers.get('user-agent')).toBe(stock.requests[0]!.headers.get('user-agent'));
  });

  it('sends the same url, body and headers as the SDK', async () => {
    const guarded = fakeFetch(ok);
    const stock = fakeFetch(ok);
    await sdk.create(guardedClient(sdk, testGuard(), guarded.fetch, { apiKey: 'same' }));
    await sdk.create(new sdk.Client({ apiKey: 'same', fetch: stock.fetch }));
    expect(guarded.requests[0]!.url).toBe(stock.requests[0]!.url);
    expect(guarded.requests[0]!.body).toBe(stock.requests[0]!.body);
    const entries = (headers: Headers): [string, string][] => [...headers.entries()].sort();
    expect(entries(guarded.requests[0]!.headers)).toEqual(entries(stock.requests[0]!.headers));
  });

  it('retries server errors and sends the true retry count', async () => {
    const guard = testGuard();
    const fake = fakeFetch(error500, error500, ok);
    expect(sdk.text(await sdk.create(guardedClient(sdk, guard, fake.fetch)))).toBe('answer');
    expect(fake.requests.map(({ headers }) => headers.get('x-stainless-retry-count'))).toEqual(['0', '1', '2']);
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 3 }]);
    expect(eventsOf(guard, 'retry').map(({ reason }) => reason)).toEqual(['server_error', 'server_error']);
  });

  it('makes six attempts by default and throws the SDK’s own error with details', async () => {
    const guard = testGuard();
    const fake = fakeFetch(error500);
    const error = await sdk.create(guardedClient(sdk, guard, fake.fetch)).catch((thrown: unknown) => thrown);
    expect(fake.requests).toHaveLength(6);
    const { InternalServerError } = sdk.Client as unknown as Record<string, new () => Error>;
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 500, tidegate: { outcome: 'server_error', attempts: 6 } });
    expect(Object.keys(error as object)).not.toContain('tidegate');
    expect((error as { error: object }).error).toBeDefined();
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'retries_exhausted', attempts: 6 }]);
  });

  it.each([
    ['client', { maxRetries: 1 }, undefined],
    ['request', {}, { maxRetries: 1 }],
  ])('honours an explicit maxRetries of the %s', async (_where, clientOptions, requestOptions) => {
    const fake = fakeFetch(error500);
    const client = guardedClient(sdk, testGuard(), fake.fetch, clientOptions);
    await expect(sdk.create(client, requestOptions)).rejects.toMatchObject({ status: 500 });
    expect(fake.requests).toHaveLength(2);
  });

  it('sends once when retries are off, rate limits included', async () => {
    const fake = fakeFetch(limited);
    const client = guardedClient(sdk, testGuard(), fake.fetch, { maxRetries: 0 });
    await expect(sdk.create(client)).rejects.toMatchObject({ status: 429 });
    expect(fake.requests).toHaveLength(1);
  });

  it('waits out a rate limit without using up attempts', async () => {
    const guard = testGuard();
    const fake = fakeFetch(...Array.from({ length: 9 }, () => limited), ok);
    const client = guardedClient(sdk, guard, fake.fetch, { maxRetries: 1 });
    expect(sdk.text(await sdk.create(client))).toBe('answer');
    expect(fake.requests).toHaveLength(10);
    expect(fake.requests.at(-1)!.headers.get('x-stainless-retry-count')).toBe('9');
  });

  it('reports the delays that it waits', async () => {
    const clock = new VirtualClock();
    let drawn = 0;
    const random = (): number => (drawn++ % 7) / 7;
    const sentAt: number[] = [];
    const replies = [limited, error500, ok].map((reply) => (request: Parameters<typeof reply>[0]) => {
      sentAt.push(clock.now());
      return reply(request);
    });
    const guard = testGuard(FAST, { clock, random });
    const answer = sdk.create(guardedClient(sdk, guard, fakeFetch(...replies).fetch));
    await clock.runAll();
    expect(sdk.text(await answer)).toBe('answer');
    const waited = [sentAt[1]! - sentAt[0]!, sentAt[2]! - sentAt[1]!];
    expect(eventsOf(guard, 'retry').map(({ delayMs }) => delayMs)).toEqual(waited.map((ms) => expect.closeTo(ms, 6)));
    expect(waited[0]).toBeGreaterThanOrEqual(10);
  });

  it('leaves no body locked that the application reads itself, whether it stops early or reads to the end', async () => {
    const bodies: ReadableStream[] = [];
    const fake = fakeFetch((request) => {
      const response = ok(request) as Response;
      bodies.push(response.body!);
      return response;
    });
    const client = guardedClient(sdk, testGuard(), fake.fetch);
    const raw = await sdk.create(client).asResponse();
    const reader = (raw as Response).body!.getReader();
    await reader.read();
    await reader.cancel();
    await new Response((await sdk.create(client).asResponse()).body).text();
    await (await sdk.create(client).asResponse()).body.cancel();
    expect(bodies.map(({ locked }) => locked)).toEqual([false, false, false]);
  });

  it('never retries an exhausted quota', async () => {
    const quota = json(
      {
        error: {
          message: 'You exceeded your current quota, please check your plan and billing details.',
          type: 'insufficient_quota',
          code: 'insufficient_quota',
        },
      },
      429,
    );
    const spend = json(
      {
        type: 'error',
        error: {
          type: 'rate_limit_error',
          message:
            'You have reached your API usage limits: your organization has crossed its monthly API usage threshold.',
          details: { error_code: 'enforced_spend_limit_reached' },
        },
      },
      429,
    );
    const fake = fakeFetch(sdk.family === 'anthropic' ? spend : quota);
    const guard = testGuard();
    const error = await sdk.create(guardedClient(sdk, guard, fake.fetch)).catch((thrown: unknown) => thrown);
    expect(fake.requests).toHaveLength(1);
    expect(error).toMatchObject({ status: 429, tidegate: { outcome: 'quota_exhausted', attempts: 1 } });
  });

  it('retries failed connections, and throws the SDK’s connection error with its cause', async () => {
    const guard = testGuard();
    const fake = fakeFetch(refused, ok);
    const client = guardedClient(sdk, guard, fake.fetch);
    expect(sdk.text(await sdk.create(client))).toBe('answer');
    expect(eventsOf(guard, 'retry')).toMatchObject([{ reason: 'connection' }]);
    const failing = guardedClient(sdk, testGuard(), fakeFetch(refused).fetch, { maxRetries: 1 });
    const error = await sdk.create(failing).catch((thrown: unknown) => thrown);
    const { APIConnectionError } = sdk.Client as unknown as Record<string, new () => Error>;
    expect(error).toBeInstanceOf(APIConnectionError);
    expect(error).toMatchObject({ tidegate: { outcome: 'connection', attempts: 2 } });
    expect((error as Error).cause).toBeInstanceOf(TypeError);
  });

  it('applies the timeout to each attempt', async () => {
    useSocketClockInSdks();
    const fake = fakeFetch(hang);
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fake.fetch, { timeout: SDK_TIMEOUT_MS, maxRetries: 1 });
    const error = await sdk.create(client).catch((thrown: unknown) => thrown);
    const { APIConnectionTimeoutError } = sdk.Client as unknown as Record<string, new () => Error>;
    expect(error).toBeInstanceOf(APIConnectionTimeoutError);
    expect(error).toMatchObject({ tidegate: { outcome: 'timeout', attempts: 2 } });
    expect(fake.requests).toHaveLength(2);
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'timeout' }]);
  });

  it('aborts at once while it waits for a rate limit, and sends nothing more', async () => {
    const longLimit = json({ error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 429, {
      'retry-after': '30',
    });
    const fake = fakeFetch(longLimit);
    // Its clock is stopped, so that only the abort can end the wait.
    const guard = testGuard(FAST, { clock: new VirtualClock() });
    const client = guardedClient(sdk, guard, fake.fetch);
    const controller = new AbortController();
    const promise = sdk.create(client, { signal: controller.signal }).catch((thrown: unknown) => thrown);
    await socketsQuiet();
    controller.abort();
    const error = await promise;
    const { APIUserAbortError } = sdk.Client as unknown as Record<string, new () => Error>;
    expect(error).toBeInstanceOf(APIUserAbortError);
    expect(fake.requests).toHaveLength(1);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'cancelled' }]);
  });

  it('aborts at once during backoff and while the request is in flight', async () => {
    const { APIUserAbortError } = sdk.Client as unknown as Record<string, new () => Error>;
    const slow = testGuard({ retry: { initialDelayMs: 30_000 } }, { clock: new VirtualClock() });
    for (const reply of [error500, hang]) {
      const fake = fakeFetch(reply);
      const controller = new AbortController();
      const client = guardedClient(sdk, slow, fake.fetch);
      const promise = sdk.create(client, { signal: controller.signal }).catch((thrown: unknown) => thrown);
      await socketsQuiet();
      controller.abort();
      expect(await promise).toBeInstanceOf(APIUserAbortError);
      expect(fake.requests).toHaveLength(1);
    }
  });

  it('keeps clones guarded, in the same lane, with the retries of the guard', async () => {
    const guard = testGuard();
    const fake = fakeFetch(error500, error500, error500, error500, error500, ok);
    const client = guardedClient(sdk, guard, fake.fetch);
    const clone = client.withOptions({ timeout: 1_000 });
    expect(clone).toBeInstanceOf(sdk.Client);
    expect(clone.withOptions({ timeout: 2_000 }).maxRetries).toBe(2);
    expect(sdk.text(await sdk.create(clone))).toBe('answer');
    expect(fake.requests).toHaveLength(6);
    await sdk.create(client);
    expect(guard.snapshot()).toMatchObject([{ counts: { calls: 2, attempts: 7 } }]);
    const failing = fakeFetch(error500);
    const fewer = guardedClient(sdk, guard, failing.fetch).withOptions({ maxRetries: 1 });
    await expect(sdk.create(fewer)).rejects.toMatchObject({ status: 500 });
    expect(failing.requests).toHaveLength(2);
  });

  it('shares the lane of another client with the same key', async () => {
    const guard = testGuard();
    const { fetch } = fakeFetch(ok);
    for (const apiKey of ['one', 'one', 'two']) await sdk.create(guardedClient(sdk, guard, fetch, { apiKey }));
    expect(guard.snapshot().map(({ counts }) => counts.calls)).toEqual([2, 1]);
  });

  it('shows the SDK’s own maxRetries, and honours one that is set later', async () => {
    const fake = fakeFetch(error500);
    const client = guardedClient(sdk, testGuard(), fake.fetch);
    expect(client.maxRetries).toBe(2);
    client.maxRetries = 3;
    await expect(sdk.create(client)).rejects.toMatchObject({ status: 500 });
    expect(fake.requests).toHaveLength(4);
  });

  it('never sends a streaming request body twice', async () => {
    const fake = fakeFetch(error500);
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fake.fetch);
    const body = new ReadableStream({ start: (controller) => controller.close() });
    await expect(client.post('/upload', { body })).rejects.toMatchObject({ status: 500 });
    expect(fake.requests).toHaveLength(1);
    expect(eventsOf(guard, 'give_up')).toMatchObject([{ reason: 'streaming_body' }]);
  });

  it('leaves no slot taken, whatever happened', async () => {
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fakeFetch(ok, error500, limited, refused, ok).fetch);
    await sdk.create(client);
    await sdk.create(client);
    await callsEnded(guard);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0, queued: 0, counts: { calls: 2, succeeded: 2, failed: 0 } }]);
  });
});
