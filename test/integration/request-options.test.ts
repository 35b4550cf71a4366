import { describe, expect, it } from 'vitest';
import { SDK_TIMEOUT_MS, socketClock, useSocketClockInSdks } from '../helpers/socket-clock.ts';
import { ask, connect, failureOf, MODELS, type Provider, WAYS } from './connect.ts';

const CASES = WAYS.flatMap((way) =>
  (['openai', 'anthropic', 'groq'] as const).map((provider) => ({ ...way, provider })),
);
const ID_HEADERS = { openai: 'x-request-id', anthropic: 'request-id', groq: 'x-request-id', azure: 'x-request-id' };

/** The part that the three SDKs have in common. */
interface AnyPromise extends Promise<{ _request_id?: string | null }> {
  withResponse(): Promise<{ data: { id: string }; response: Response; request_id?: string | null }>;
  asResponse(): Promise<Response>;
}

/** One call with options of its own, in any SDK. */
function call(provider: Provider, client: object, options: object): AnyPromise {
  const messages = [{ role: 'user', content: 'Hello there' }];
  const { create } = pathOf(provider, client);
  return create({ model: MODELS[provider], max_tokens: 50, messages }, options) as AnyPromise;
}

function pathOf(provider: Provider, client: object): { create(body: object, options: object): unknown } {
  type Create = { create(body: object, options: object): unknown };
  const { messages, chat } = client as { messages: Create; chat: { completions: Create } };
  const resource = provider === 'anthropic' ? messages : chat.completions;
  return { create: (body, options) => resource.create(body, options) };
}

function recording(): { fetch: typeof fetch; headers: Headers[] } {
  const headers: Headers[] = [];
  return {
    headers,
    fetch: (input, init) => {
      headers.push(new Headers(init?.headers));
      return fetch(input, init);
    },
  };
}

describe.each(CASES)('$provider, $way', ({ provider, ...way }) => {
  it('sends and removes headers of the request, at every attempt', async () => {
    const seen = recording();
    const faults = { script: ['server_error'] as const };
    const { client } = await connect(
      provider,
      way,
      { faults },
      { fetch: seen.fetch, defaultHeaders: { 'x-default': 'd' } },
    );
    await call(provider, client, { headers: { 'x-mine': 'm', 'x-default': null } });
    expect(seen.headers.map((headers) => [headers.get('x-mine'), headers.has('x-default')])).toEqual([
      ['m', false],
      ['m', false],
    ]);
  });

  // Anthropic's SDK has no idempotency keys.
  it.skipIf(provider === 'anthropic')('repeats an idempotency key', async () => {
    const seen = recording();
    const faults = { script: ['server_error', 'conflict'] as const };
    const { client } = await connect(provider, way, { faults }, { fetch: seen.fetch });
    (client as unknown as { idempotencyHeader: string }).idempotencyHeader = 'Idempotency-Key';
    await call(provider, client, { idempotencyKey: 'key-of-mine' });
    expect(seen.headers.map((headers) => headers.get('idempotency-key'))).toEqual([
      'key-of-mine',
      'key-of-mine',
      'key-of-mine',
    ]);
    await call(provider, client, {});
    expect(seen.headers[3]!.get('idempotency-key')).toMatch(/^stainless-node-retry-/);
  });

  it('gives each attempt the timeout of the request', async () => {
    useSocketClockInSdks();
    const { client, server, drained } = await connect(provider, way, { faults: { script: ['hang'] } });
    expect(await call(provider, client, { timeout: SDK_TIMEOUT_MS })).toBeTruthy();
    expect(server.stats()).toMatchObject({ requests: 2, completed: 1 });
    server.update({ faults: { script: ['hang', 'hang'] } });
    const error = await failureOf(call(provider, client, { timeout: SDK_TIMEOUT_MS, maxRetries: 1 }));
    expect(error.constructor.name).toBe('APIConnectionTimeoutError');
    expect(error.tidegate).toMatchObject({ outcome: 'timeout', attempts: 2 });
    await drained();
  });

  it('honours maxRetries of the request', async () => {
    const script = ['server_error', 'server_error', 'server_error'] as const;
    const { client, server } = await connect(provider, way, { faults: { script } });
    const error = await failureOf(call(provider, client, { maxRetries: 1 }));
    expect(error).toMatchObject({ status: 500, tidegate: { outcome: 'server_error', attempts: 2 } });
    expect(server.stats().requests).toBe(2);
    expect((await failureOf(call(provider, client, { maxRetries: 0 }))).tidegate.attempts).toBe(1);
    expect(await ask(provider, client)).not.toBe('');
  });

  it('aborts in flight, and sends nothing more', async () => {
    const { client, server, drained } = await connect(provider, way, { latency: { baseMs: 3_000 } });
    const controller = new AbortController();
    const startedAt = socketClock.now();
    socketClock.after(500, () => controller.abort());
    const error = await failureOf(call(provider, client, { signal: controller.signal }));
    expect(socketClock.now() - startedAt).toBeCloseTo(500);
    server.update({ latency: {} });
    expect(error.constructor.name).toBe('APIUserAbortError');
    expect(error.tidegate.outcome).toBe('cancelled');
    await expect.poll(() => server.stats()).toMatchObject({ requests: 1, aborted: 1, inFlight: 0 });
    await drained();
  });

  it('shows the response and its request id', async () => {
    const { client, drained } = await connect(provider, way, { faults: { script: ['server_error'] } });
    const { data, response, request_id } = await call(provider, client, {}).withResponse();
    const id = response.headers.get(ID_HEADERS[provider]);
    expect(id).toMatch(/^req_/);
    expect(request_id ?? id).toBe(id);
    expect(data.id).toBeTruthy();
    expect((await call(provider, client, {}))._request_id ?? 'req_').toMatch(/^req_/);
    const raw = await call(provider, client, {}).asResponse();
    expect(raw.headers.get(ID_HEADERS[provider])).toMatch(/^req_/);
    expect(await raw.json()).toHaveProperty('id');
    await drained();
  });
});
