import OpenAI from 'openai';
import { describe, expect, it, vi } from 'vitest';
import { wrap } from '../src/default-guard.ts';
import { createGuard } from '../src/create-guard.ts';
import type { GuardCore } from '../src/guard.ts';
import { createGuardedFetch } from '../src/fetch.ts';
import { withCall } from '../src/with-call.ts';
import { fakeFetch, json, sse } from './helpers/fake-fetch.ts';
import { FAST, guardedClient, settle, testGuard } from './helpers/guarded.ts';
import { eventsOf } from './helpers/record-events.ts';
import { socketClock } from './helpers/socket-clock.ts';
import { SDKS } from './helpers/sdk-matrix.ts';

const openai = SDKS[0]!;
const ok = json(openai.completion);
const error500 = json(openai.errorBody, 500);

describe('createGuard', () => {
  it('throws at once for a bad option', () => {
    expect(() => createGuard({ retry: { maxAttempts: -1 } })).toThrow('Expected `retry.maxAttempts`');
    expect(() => wrap(new OpenAI({ apiKey: 'k' }), { deadlineMs: 0 })).toThrow('Expected `deadlineMs`');
  });

  it('ignores exceptions of listeners', async () => {
    const guard = testGuard();
    const stop = guard.on('attempt.end', () => {
      throw new Error('listener');
    });
    const client = guardedClient(openai, guard, fakeFetch(error500, ok).fetch);
    expect(openai.text(await openai.create(client))).toBe('answer');
    stop();
    expect(openai.text(await openai.create(client))).toBe('answer');
  });

  it('groups limits by the given function, and survives one that throws', async () => {
    const guard = testGuard({ ...FAST, limitGroup: (model) => (model === 'bad' ? JSON.parse('{') : 'pool') as string });
    const client = guardedClient(openai, guard, fakeFetch(ok).fetch);
    await openai.create(client, undefined, { model: 'a' });
    await openai.create(client, undefined, { model: 'b' });
    await openai.create(client, undefined, { model: 'bad' });
    expect(guard.snapshot().map(({ group, counts }) => [group, counts.calls])).toEqual([
      ['pool', 2],
      ['bad', 1],
    ]);
    expect(eventsOf(guard, 'warning')).toHaveLength(1);
  });

  it('reports how far the estimate of a call was off, unless pacing is off', async () => {
    const [paced, unpaced] = [testGuard(), testGuard({ ...FAST, pacing: false })];
    for (const guard of [paced, unpaced]) await openai.create(guardedClient(openai, guard, fakeFetch(ok).fetch));
    const { prompt_tokens: input, completion_tokens: output } = (openai.completion as { usage: Record<string, number> })
      .usage;
    expect(eventsOf(paced, 'settled')).toMatchObject([
      { attempt: 1, dimension: 'input_tokens', estimated: expect.any(Number) as number, actual: input },
      { attempt: 1, dimension: 'output_tokens', estimated: expect.any(Number) as number, actual: output },
    ]);
    expect(eventsOf(unpaced, 'settled')).toEqual([]);
  });

  it('emits a warning without a listener through Node, once', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const guard = createGuard({ ...FAST, limitGroup: () => JSON.parse('{') as string });
    const client = guardedClient(openai, guard as GuardCore, fakeFetch(ok).fetch);
    await openai.create(client);
    await openai.create(client);
    await guard.close();
    expect(emitWarning.mock.calls).toEqual([[expect.stringContaining('limitGroup threw'), 'TidegateWarning']]);
    emitWarning.mockRestore();
  });

  it('shares lanes with guards of equal lane options only', async () => {
    const { fetch } = fakeFetch(ok);
    const apiKey = 'shared-by-guards';
    const [one, two] = [testGuard(), testGuard()];
    const other = testGuard({ ...FAST, bulkhead: { maxConcurrent: 7 } });
    for (const guard of [one, two, other]) await openai.create(guardedClient(openai, guard, fetch, { apiKey }));
    expect(one.snapshot()[0]!.counts.calls).toBe(2);
    expect(other.snapshot()[0]!.counts.calls).toBe(1);
    await one.close();
    await openai.create(guardedClient(openai, two, fetch, { apiKey }));
    expect(two.snapshot()[0]!.counts.calls).toBe(3);
  });
});

describe('withCall', () => {
  it('ends a wait at the deadline, and names it', async () => {
    const guard = testGuard(FAST, { clock: socketClock });
    const busy = json({ error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 429, {
      'retry-after': '30',
    });
    const fake = fakeFetch(busy);
    const client = guardedClient(openai, guard, fake.fetch);
    const startedAt = socketClock.now();
    const first = await withCall({ deadlineMs: 100 }, () => openai.create(client)).catch((thrown: unknown) => thrown);
    expect(first).toMatchObject({ status: 429, tidegate: { outcome: 'throttled', attempts: 1 } });
    // No call waits for the lane longer than this call's deadline.
    const second = await withCall({ deadlineMs: 100 }, () => openai.create(client)).catch((thrown: unknown) => thrown);
    expect(socketClock.now() - startedAt).toBeLessThanOrEqual(200);
    expect(second).toBeInstanceOf(OpenAI.APIError);
    expect(second).toMatchObject({ code: 'deadline_exceeded' });
  });

  it('ends an attempt in flight at the deadline', async () => {
    const fake = fakeFetch(() => new Promise<Response>(() => undefined));
    const guard = testGuard(FAST, { clock: socketClock });
    const client = guardedClient(openai, guard, fake.fetch);
    const startedAt = socketClock.now();
    const error = await withCall({ deadlineMs: 50 }, () => openai.create(client)).catch((thrown: unknown) => thrown);
    expect(socketClock.now() - startedAt).toBeCloseTo(50, -1);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'deadline_exceeded', tidegate: { attempts: 1 } });
    await settle();
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'timeout' }]);
  });

  it('refuses a bad option at once', () => {
    expect(() => withCall({ priority: 'high' as never }, () => 1)).toThrow('Expected `priority`');
  });
});

describe('guarded fetch', () => {
  const url = 'https://api.openai.com/v1/chat/completions';
  const init = {
    method: 'POST',
    headers: { authorization: 'Bearer k' },
    body: JSON.stringify({ model: 'm', messages: [] }),
  };

  const withGlobalFetch = async (fake: typeof fetch, run: () => Promise<void>): Promise<void> => {
    const original = globalThis.fetch;
    globalThis.fetch = fake;
    try {
      await run();
    } finally {
      globalThis.fetch = original;
    }
  };

  it('retries, and returns the final response', async () => {
    const fake = fakeFetch(error500, ok);
    await withGlobalFetch(fake.fetch, async () => {
      const guarded = createGuardedFetch(FAST);
      expect(await (await guarded(url, init)).json()).toEqual(openai.completion);
      expect(fake.requests).toHaveLength(2);
    });
  });

  it('uses no attempt for waiting out a limit', async () => {
    const busy = json({ error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 429, {
      'retry-after-ms': '1',
    });
    const fake = fakeFetch(busy, busy, busy, error500, ok);
    await withGlobalFetch(fake.fetch, async () => {
      const guarded = createGuardedFetch({ retry: { ...FAST.retry, maxAttempts: 2 } });
      expect((await guarded(url, { ...init, headers: { authorization: 'Bearer waits' } })).status).toBe(200);
    });
    expect(fake.requests).toHaveLength(5);
  });

  it('returns a failed response as fetch does', async () => {
    const fake = fakeFetch(json({ error: { message: 'no', code: 'invalid_api_key' } }, 401));
    await withGlobalFetch(fake.fetch, async () => {
      const response = await createGuardedFetch(FAST)(url, init);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
    });
    expect(fake.requests).toHaveLength(1);
  });

  it('replaces a stream that fails before its first content', async () => {
    const failing = sse(['data: {"error":{"message":"down","type":"server_error"}}\n\n']);
    const fake = fakeFetch(failing, sse(openai.chunks));
    await withGlobalFetch(fake.fetch, async () => {
      const body = JSON.stringify({ model: 'm', messages: [], stream: true });
      const response = await createGuardedFetch(FAST)(url, { ...init, body });
      expect(await response.text()).toBe(openai.chunks.join(''));
    });
  });
});
