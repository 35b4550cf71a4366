import { describe, expect, it } from 'vitest';
import type { GuardCore } from '../../src/guard.ts';
import { collectGarbage } from '../helpers/garbage.ts';
import { testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { scriptedServer, sendEvents } from '../helpers/scripted-server.ts';
import { type AnyClient, SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { socketsQuiet } from '../helpers/socket-clock.ts';

const COUNT = 10;

/** Collects garbage, and lets ten seconds pass between the rounds. */
async function passTime(clock: VirtualClock, done: () => boolean, rounds = 30): Promise<void> {
  for (let round = 0; round < rounds && !done(); round++) {
    collectGarbage();
    await socketsQuiet();
    await clock.advance(10_000);
  }
}

function started(): { clock: VirtualClock; guard: ReturnType<typeof testGuard> } {
  const clock = new VirtualClock();
  return { clock, guard: testGuard({ pacing: false, bulkhead: { maxConcurrent: 100 } }, { clock }) };
}

const idle = (guard: GuardCore): boolean => guard.snapshot().every(({ inFlight }) => inFlight === 0);

/** Streams over a real connection, which keeps everything reachable that the request's signal references. */
const half = (sdk: SdkCase) => scriptedServer(sendEvents(sdk.chunks.slice(0, -3), 'stall'));

describe.each(SDKS)('$name', (sdk) => {
  it('holds no slot for streams that were half read and dropped', async () => {
    const { clock, guard } = started();
    const { url } = await half(sdk);
    const client = guard.wrap(new sdk.Client({ apiKey: 'left', baseURL: url }) as object) as AnyClient;
    for (let index = 0; index < COUNT; index++) await readOne(await sdk.stream(client));
    expect(guard.snapshot()).toMatchObject([{ inFlight: COUNT }]);
    await passTime(clock, () => idle(guard));
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0, queued: 0 }]);
    expect(guard.watch.size).toBe(0);
    const outcomes = eventsOf(guard, 'stream.end').map(({ outcome }) => outcome);
    // Newer SDKs of Anthropic cancel streams that they see collected.
    expect(outcomes).toEqual(Array<string>(COUNT).fill(sdk.name === 'anthropic 1.14' ? 'cancelled' : 'unread'));
  });

  it('keeps the slot of a stream that is still referenced', async () => {
    const { clock, guard } = started();
    const { url } = await half(sdk);
    const client = guard.wrap(new sdk.Client({ apiKey: 'held', baseURL: url }) as object) as AnyClient;
    const stream = (await sdk.stream(client)) as AsyncIterable<unknown>;
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await passTime(clock, () => idle(guard), 10);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 1 }]);
    await iterator.return!();
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });
});

async function readOne(stream: AsyncIterable<unknown>): Promise<void> {
  await stream[Symbol.asyncIterator]().next();
}

describe.each(SDKS.filter(({ name }) => /7\.59|1\.14|groq 1\.6/.test(name)))('a guarded fetch to $family', (sdk) => {
  const body = JSON.stringify({ model: 'test-model', max_tokens: 64, messages: [], stream: true });
  const post = (guard: GuardCore, url: string): Promise<Response> =>
    guard.fetch(`${url}${sdk.path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

  it('holds no slot for streams that were half read and dropped', async () => {
    const { clock, guard } = started();
    const { url } = await half(sdk);
    for (let index = 0; index < COUNT; index++) await (await post(guard, url)).body!.getReader().read();
    expect(guard.snapshot()).toMatchObject([{ inFlight: COUNT }]);
    await passTime(clock, () => idle(guard));
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });

  it('keeps the slot while a read is pending, though the response is gone', async () => {
    const { clock, guard } = started();
    const { url } = await half(sdk);
    const reader = (await post(guard, url)).body!.getReader();
    const reading = (async () => {
      while (!(await reader.read()).done);
    })().catch(() => undefined);
    await socketsQuiet();
    await passTime(clock, () => idle(guard), 10);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 1 }]);
    await reader.cancel();
    await reading;
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });
});
