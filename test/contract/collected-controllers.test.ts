import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../helpers/garbage.ts';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { type Answer, scriptedServer, sendEvents, sendPart } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { every } from '../helpers/real-time.ts';
import { looks } from '../helpers/socket-clock.ts';

const ATTEMPT_MS = 500;
const guardOptions = { retry: { maxAttempts: 2, initialDelayMs: 1, maxDelayMs: 5 } };

/** A complete answer that continues for as long as it is read. */
const endless: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"choices":[');
  response.on(
    'close',
    every(5, () => response.write('x')),
  );
};

/** Collects what is only weakly referenced; a dereferenced WeakRef keeps its target until the end of the turn. */
async function collected(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await looks(5);
    collectGarbage();
  }
}

// An SDK drops what closes a connection once it has the response; under load it is collected within seconds.
describe.each(SDKS)('$name, when its controllers are garbage collected,', (sdk) => {
  it('closes the connection of an answer that times out', async () => {
    const server = await scriptedServer(endless);
    const guard = testGuard(guardOptions);
    const options = { baseURL: server.url, timeout: ATTEMPT_MS, maxRetries: 1 };
    const client = guardedClient(sdk, guard, globalThis.fetch, options);
    const asked = sdk.create(client).then(undefined, (error: unknown) => error);
    for (const attempt of [1, 2]) {
      await expect.poll(() => server.requests.length).toBeGreaterThanOrEqual(attempt);
      await collected();
    }
    expect(await asked).toBeInstanceOf(Error);
    await expect.poll(() => server.open()).toBe(0);
  });

  it('closes the connection of a replacement stream when the caller aborts', async () => {
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

  it('closes the connection of a replacement answer when the caller aborts', async () => {
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
