import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { type Answer, scriptedServer, sendEvents, sendPart } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { every, until } from '../helpers/real-time.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ATTEMPT_MS = 500;
const guardOptions = { retry: { maxAttempts: 2, initialDelayMs: 1, maxDelayMs: 5 } };

/** A whole answer that goes on for as long as somebody takes it. */
const endless: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"choices":[');
  response.on(
    'close',
    every(5, () => response.write('x')),
  );
};

let collections = 0;
let stopCollecting: () => void;
beforeEach(() => {
  stopCollecting = every(40, () => {
    collectGarbage();
    collections++;
  });
});
afterEach(() => stopCollecting());

/** Enough for an object that only weak references reach. */
async function collected(): Promise<void> {
  const enough = collections + 5;
  await until('garbage is collected five times', () => collections >= enough);
}

// An SDK drops what closes a connection once it has the response; under load it is collected within seconds.
describe.each(SDKS)('$name, whose controllers are collected,', (sdk) => {
  it('closes the connection of an answer that does not come in time', async () => {
    const server = await scriptedServer(endless);
    const guard = testGuard(guardOptions);
    const options = { baseURL: server.url, timeout: ATTEMPT_MS, maxRetries: 1 };
    const client = guardedClient(sdk, guard, globalThis.fetch, options);
    await expect(sdk.create(client)).rejects.toBeInstanceOf(Error);
    await expect.poll(() => server.open()).toBe(0);
  });

  it('closes that of a stream which has replaced another, when its caller aborts', async () => {
    const [first, ...rest] = sdk.chunks;
    const server = await scriptedServer(
      sendEvents([first!], 'destroy'),
      sendEvents([first!, ...rest.slice(0, -3)], 'stall'),
    );
    const client = guardedClient(sdk, testGuard(guardOptions), globalThis.fetch, { baseURL: server.url });
    const controller = new AbortController();
    const stream: AsyncIterable<unknown> = await sdk.stream(client, { signal: controller.signal });
    const read = (async () => {
      for await (const _ of stream);
    })().catch(() => undefined);
    await expect.poll(() => server.requests.length).toBe(2);
    await collected();
    controller.abort();
    await read;
    await expect.poll(() => server.open()).toBe(0);
  });

  it('closes that of an answer which has replaced another, when its caller aborts', async () => {
    const length = JSON.stringify(sdk.completion).length / 2;
    const server = await scriptedServer(
      sendPart(sdk.completion, length, 'destroy'),
      sendPart(sdk.completion, length, 'stall'),
    );
    const client = guardedClient(sdk, testGuard(guardOptions), globalThis.fetch, { baseURL: server.url });
    const controller = new AbortController();
    const asked = sdk.create(client, { signal: controller.signal }).catch(() => undefined);
    await expect.poll(() => server.requests.length).toBe(2);
    await collected();
    controller.abort();
    await asked;
    await expect.poll(() => server.open()).toBe(0);
  });
});
