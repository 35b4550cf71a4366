import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { type Answer, scriptedServer, sendJson } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { CONFIGURABLE, WAYS_IN } from '../helpers/ways.ts';
import { withCall } from '../../src/with-call.ts';
import { pause, SDK_TIMEOUT_MS, socketClock, useSocketClockInSdks } from '../helpers/socket-clock.ts';
import { eventually } from '../helpers/eventually.ts';

/** The head of an answer must arrive within this time, however busy the machine is. */
const ATTEMPT_MS = 800;

/** A body that continues for as long as it is read. */
const endless =
  (status: number, first = '{"error":{"message":"', headers: Record<string, string> = {}, everyMs = 100): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.write(first);
    void drip(response, everyMs);
  };

async function drip(response: ServerResponse, everyMs: number): Promise<void> {
  while (!response.closed) {
    response.write('x');
    await pause(everyMs);
  }
}

const ERRORS: readonly [string, Answer, number][] = [
  ['500', endless(500), 500],
  ['503 without a word', endless(503, ''), 503],
  ['400', endless(400), 400],
  ['429', endless(429, undefined, { 'x-should-retry': 'false' }), 429],
];

describe.each(SDKS)('$name', (sdk) => {
  it('ends with its attempt if the body of an error does not end', async () => {
    // In parallel, so that each has as much time as a busy machine needs.
    const ends = ERRORS.map(async ([, answer, status]) => {
      const server = await scriptedServer(answer);
      const guard = testGuard({}, { clock: socketClock });
      const options = { baseURL: server.url, timeout: ATTEMPT_MS, maxRetries: 0 };
      const client = guardedClient(sdk, guard, globalThis.fetch, options);
      const asks = [sdk.create(client), sdk.stream(client), sdk.create(client).asResponse()];
      await Promise.all(asks.map((ask) => expect(ask).rejects.toMatchObject({ status })));
      await expect.poll(() => server.open()).toBe(0);
      expect(guard.snapshot()).toMatchObject([{ inFlight: 0, queued: 0 }]);
    });
    await Promise.all(ends);
  });

  it("prefers the request's timeout to the client's", async () => {
    const server = await scriptedServer(endless(500));
    const client = guardedClient(sdk, testGuard({}, { clock: socketClock }), globalThis.fetch, {
      baseURL: server.url,
      maxRetries: 0,
    });
    await expect(sdk.create(client, { timeout: ATTEMPT_MS })).rejects.toMatchObject({ status: 500 });
  });

  it("repeats an answer that is not complete within its attempt's timeout", async () => {
    const server = await scriptedServer(endless(200, '{"choices":['), sendJson(sdk.completion));
    const guard = testGuard(FAST, { clock: socketClock });
    const client = guardedClient(sdk, guard, globalThis.fetch, { baseURL: server.url, timeout: ATTEMPT_MS });
    expect(sdk.text(await sdk.create(client))).toBe('answer');
    expect(server.requests).toHaveLength(2);
    await eventually(() => expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success_after_retry' }]));
    expect(eventsOf(guard, 'attempt.end').map(({ outcome }) => outcome)).toEqual(['timeout', 'ok']);
    await expect.poll(() => server.open()).toBe(0);
  });

  it('fails as the SDK does if no attempt gets a whole answer', async () => {
    const server = await scriptedServer(endless(200, '{"choices":['));
    const guard = testGuard(FAST, { clock: socketClock });
    const options = { baseURL: server.url, timeout: ATTEMPT_MS, maxRetries: 1 };
    const client = guardedClient(sdk, guard, globalThis.fetch, options);
    const timeout = (sdk.Client as unknown as Record<string, new () => Error>)['APIConnectionTimeoutError']!;
    await expect(sdk.create(client)).rejects.toBeInstanceOf(timeout);
    expect(server.requests).toHaveLength(2);
    await eventually(() => expect(guard.snapshot()).toMatchObject([{ inFlight: 0, queued: 0 }]));
    await expect.poll(() => server.open()).toBe(0);
  });

  it('does not time out a download', async () => {
    useSocketClockInSdks();
    const slow: Answer = async (response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      for (let part = 0; part < 5; part++) {
        response.write('part');
        await pause(SDK_TIMEOUT_MS / 4);
      }
      response.end();
    };
    const server = await scriptedServer(slow);
    const client = guardedClient(sdk, testGuard({}, { clock: socketClock }), globalThis.fetch, {
      baseURL: server.url,
      timeout: SDK_TIMEOUT_MS,
    });
    const response: Response = await sdk.create(client).asResponse();
    expect(await response.text()).toBe('part'.repeat(5));
  });

  it('makes no message from an endless error', async () => {
    const flood: Answer = (response) => {
      response.writeHead(500, { 'content-type': 'text/plain' });
      const more = (): void => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    };
    const server = await scriptedServer(flood);
    const client = guardedClient(sdk, testGuard({}, { clock: socketClock }), globalThis.fetch, {
      baseURL: server.url,
      maxRetries: 0,
    });
    const error = await sdk.create(client).then(undefined, (thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ status: 500 });
    expect((error as Error).message.length).toBeLessThan(2 * 1_048_576);
    await expect.poll(() => server.open()).toBe(0);
  });
});

describe.each(WAYS_IN)('$name', ({ way, connect }) => {
  it('ends with its deadline if the body of an error does not end', async () => {
    const ends = ERRORS.map(async ([, answer]) => {
      const server = await scriptedServer(answer);
      const connection = connect(server.url);
      const ask = async (): Promise<unknown> => withCall({ deadlineMs: 500 }, () => connection.ask());
      await expect(ask()).rejects.toBeInstanceOf(Error);
      await expect.poll(() => server.open()).toBe(0);
      expect(way === 'register' || connection.guard.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
    });
    await Promise.all(ends);
  });
});

describe.each(CONFIGURABLE.filter(({ way }) => way === 'fetch'))('$name', ({ sdk }) => {
  it('abandons the text of an error after ten minutes without a timeout', async () => {
    const server = await scriptedServer(endless(400, undefined, {}, 20_000));
    const guard = testGuard(FAST, { clock: socketClock });
    const startedAt = socketClock.now();
    const response = await guard.fetch(`${server.url}${sdk.path}`, { method: 'POST', body: '{}' });
    const text = await response.text();
    expect(socketClock.now() - startedAt).toBeGreaterThanOrEqual(600_000);
    expect(socketClock.now() - startedAt).toBeLessThan(604_000);
    expect(text).toMatch(/^\{"error":\{"message":"x+$/);
    await expect.poll(() => server.open()).toBe(0);
  });
});
