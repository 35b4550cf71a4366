import { describe, expect, it } from 'vitest';
import { fakeFetch, json, type Reply } from '../helpers/fake-fetch.ts';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { socketClock } from '../helpers/socket-clock.ts';
import { type AnyClient, SDKS } from '../helpers/sdk-matrix.ts';

/** The head of an error and the beginning of its body, and then nothing. */
const stalls =
  (status: number, headers: Record<string, string>): Reply =>
  () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"error":')),
    });
    return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
  };

/** Far below tidegate's own delays. */
const SOON_MS = 300;

describe.each(SDKS)('$name beside the bare SDK', (sdk) => {
  const ok = json(sdk.completion);

  /** The same answers for the bare SDK and a guarded client with default options. */
  async function both(
    replies: readonly Reply[],
    run: (client: AnyClient) => Promise<unknown>,
    options: object = {},
  ): Promise<{ sent: number; ms: number; result: unknown }[]> {
    const results: { sent: number; ms: number; result: unknown }[] = [];
    for (const guarded of [false, true]) {
      const fake = fakeFetch(...replies);
      const client = guarded
        ? guardedClient(sdk, testGuard({}, { random: () => 0.99, clock: socketClock }), fake.fetch, { ...options })
        : new sdk.Client({ apiKey: 'bare', fetch: fake.fetch, ...options });
      const startedAt = socketClock.now();
      const result: unknown = await run(client).then(
        () => 'answer',
        (error: { status?: number }) => error.status,
      );
      results.push({ sent: fake.requests.length, ms: socketClock.now() - startedAt, result });
    }
    return results;
  }

  it.each([
    [503, 'whose body stalls', stalls(503, { 'retry-after-ms': '1' })],
    [500, 'with a wait shorter than ours', json(sdk.errorBody, 500, { 'retry-after-ms': '1' })],
    [409, 'with a wait shorter than ours', json(sdk.errorBody, 409, { 'retry-after-ms': '1' })],
  ])('retries a %i %s at once', async (_status, _what, reply) => {
    for (const { sent, ms, result } of await both([reply, ok], (client) => sdk.create(client))) {
      expect({ sent, result }).toEqual({ sent: 2, result: 'answer' });
      expect(ms).toBeLessThan(SOON_MS);
    }
  });

  it('does not wait two seconds for the body of a rate limit', async () => {
    const [, guarded] = await both([stalls(429, { 'retry-after': '0.01', 'retry-after-ms': '10' }), ok], (client) =>
      sdk.create(client),
    );
    expect(guarded).toMatchObject({ sent: 2, result: 'answer' });
    expect(guarded!.ms).toBeLessThan(1_800);
  });

  it.each([400, 401, 403, 404, 413, 422])('follows x-should-retry: true on a %i', async (status) => {
    const asks = json(sdk.errorBody, status, { 'x-should-retry': 'true', 'retry-after-ms': '1' });
    const [bare, guarded] = await both([asks], (client) => sdk.create(client), { maxRetries: 2 });
    expect(bare).toMatchObject({ sent: 3, result: status });
    expect(guarded).toMatchObject({ sent: 3, result: status });
  });

  it('sends the next call at once after a rate limit without a time, if retries are off', async () => {
    const refused = json({ error: { message: 'Too many requests', type: 'rate_limit_error' } }, 429);
    const twice = async (client: AnyClient): Promise<void> => {
      await sdk.create(client).catch(() => undefined);
      await sdk.create(client);
    };
    for (const { sent, ms, result } of await both([refused, ok], twice, { maxRetries: 0 })) {
      expect({ sent, result }).toEqual({ sent: 2, result: 'answer' });
      expect(ms).toBeLessThan(SOON_MS);
    }
  });
});
