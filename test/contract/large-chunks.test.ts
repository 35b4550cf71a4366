import { Buffer } from 'node:buffer';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SLICE, SseScanner } from '../../src/providers/apis/sse-scanner.ts';
import { fakeFetch, json, type Reply } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { eventually } from '../helpers/eventually.ts';

/** Over a hundred slices, and far more than the text kept of an event. */
const LARGE = 8_000_000;

// Raw responses, so that nothing is the SDK's own work.
const openai = SDKS[0]!;

/** Everything is available at once. */
const stream =
  (...chunks: Uint8Array[]): Reply =>
  () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };

const filled = (event: string, bytes: number): Buffer =>
  Buffer.from(event.repeat(Math.floor(bytes / Buffer.byteLength(event))));

const CONTENT = 'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n';
const END = Buffer.from(
  'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]\n\n',
);

/** The most bytes that are parsed between two turns of the event loop. */
function mostLookedAt(): () => number {
  let [most, looked, running] = [0, 0, true];
  const turn = (): void => {
    looked = 0;
    if (running) setImmediate(turn);
  };
  turn();
  const { pushSlice } = SseScanner.prototype;
  vi.spyOn(SseScanner.prototype, 'pushSlice').mockImplementation(function (this: SseScanner, chunk, from) {
    const to = pushSlice.call(this, chunk, from);
    looked += to - from;
    most = Math.max(most, looked);
    return to;
  });
  return () => {
    running = false;
    return most;
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a chunk of 8 MB', () => {
  it.each([
    ['events', CONTENT],
    ['events that are parsed', 'data: {"usage":{}}\n\n'],
    ['events with CR', 'data: {}\r\r'],
    ['lines of one event', 'data: x\n'],
    ['comments', ': p\n\n'],
    ['blank lines', '\n'],
    ['a line', 'x'],
  ])('full of %s is parsed across turns of the event loop, and passed on unchanged', async (_name, event) => {
    const chunk = filled(event, LARGE);
    const guard = testGuard();
    const client = guardedClient(openai, guard, fakeFetch(stream(chunk, END)).fetch);
    const most = mostLookedAt();
    const response: Response = await openai.stream(client).asResponse();
    let bytes = 0;
    for await (const part of response.body!) bytes += part.byteLength;
    expect(most()).toBeLessThanOrEqual(SLICE);
    expect(bytes).toBe(chunk.length + END.length);
    await eventually(() => expect(eventsOf(guard, 'call.end')).toHaveLength(1));
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });

  it('is limited in total, not only in one piece', async () => {
    const part = filled(CONTENT, 16_384);
    const client = guardedClient(openai, testGuard(), fakeFetch(stream(...Array(600).fill(part), END)).fetch);
    const most = mostLookedAt();
    const response: Response = await openai.stream(client).asResponse();
    const text = await new Response(response.body).text();
    expect(most()).toBeLessThanOrEqual(SLICE);
    expect(text.length).toBe(600 * part.length + END.length);
  });

  it('is not parsed further when its reader has left', async () => {
    const client = guardedClient(openai, testGuard(), fakeFetch(stream(filled(CONTENT, LARGE), END)).fetch);
    const most = mostLookedAt();
    const response: Response = await openai.stream(client).asResponse();
    const reader = response.body!.getReader();
    void reader.read();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    await reader.cancel();
    const looks = vi.mocked(SseScanner.prototype.pushSlice).mock.calls.length;
    expect(looks).toBeGreaterThan(0);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(vi.mocked(SseScanner.prototype.pushSlice).mock.calls.length).toBeLessThanOrEqual(looks + 1);
    expect(most()).toBeLessThanOrEqual(SLICE);
  });
});

describe.each(SDKS)('$name', (sdk) => {
  it('reads an answer of a thousand events in one chunk, and its usage', async () => {
    const at = sdk.chunks.findIndex((chunk) => chunk.includes('"an"'));
    const text = sdk.chunks.map((chunk, index) => (index === at ? chunk.repeat(1_000) : chunk)).join('');
    expect(text.length).toBeGreaterThan(SLICE);
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fakeFetch(stream(Buffer.from(text))).fetch);
    let read = '';
    for await (const chunk of await sdk.stream(client)) read += sdk.chunkText(chunk);
    expect(read).toBe(`${'an'.repeat(1_000)}swer`);
    await eventually(() => expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success' }]));
  });
});

describe('what precedes the first content', () => {
  const role = 'data: {"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n';

  /** Never ends by itself. */
  const endless =
    (chunk: Uint8Array): Reply =>
    () => {
      let left = false;
      const body = new ReadableStream<Uint8Array>({
        cancel: () => void (left = true),
        pull: (controller) =>
          new Promise((resolve) => {
            setImmediate(() => {
              if (!left) controller.enqueue(chunk);
              resolve();
            });
          }),
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };

  it.each([
    ['events', role, {}],
    ['events, where its time is limited', role, { firstContentTimeoutMs: 60_000 }],
    ['an event without end', 'data: x\n', {}],
    ['bytes one by one', 'x', {}],
  ])('is held back up to a maximum size: %s', async (_name, event, options) => {
    const guard = testGuard({ ...FAST, ...options }, { clock: new VirtualClock() });
    const chunk = filled(event, event.length === 1 ? 1 : 65_536);
    const client = guardedClient(openai, guard, fakeFetch(endless(chunk)).fetch);
    const response: Response = await openai.stream(client).asResponse();
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    expect(value!.length).toBeGreaterThan(0);
    await reader.cancel();
  });

  it('keeps its order if a keep-alive stands between it and a part of an event', async () => {
    const cut = CONTENT.length - 20;
    const chunks = [role, ': keep-alive\n\n', CONTENT + CONTENT.slice(0, cut), CONTENT.slice(cut)];
    const guard = testGuard();
    const reply = stream(...chunks.map((each) => Buffer.from(each)), END);
    const client = guardedClient(openai, guard, fakeFetch(reply).fetch);
    const response: Response = await openai.stream(client).asResponse();
    expect(await new Response(response.body).text()).toBe(chunks.join('') + END.toString());
  });
});

describe('the text of an error', () => {
  it.each(SDKS)('is truncated if it comes in one chunk: $name', async (sdk) => {
    const flood = (): Response => {
      const response = stream(Buffer.alloc(5_000_000, 'x'))({} as never) as Response;
      return new Response(response.body, { status: 500, headers: { 'content-type': 'text/plain' } });
    };
    const client = guardedClient(sdk, testGuard(), fakeFetch(flood).fetch, { maxRetries: 0 });
    const error: Error = await sdk.create(client).then(undefined, (thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 500 });
    expect(error.message.length).toBeLessThan(1_200_000);
  });

  it('is read only as far as its meaning may need', async () => {
    const { parse } = JSON;
    let longest = 0;
    vi.spyOn(JSON, 'parse').mockImplementation((text: string) => {
      longest = Math.max(longest, text.length);
      return parse(text) as unknown;
    });
    const flood = json({ error: { message: 'x'.repeat(5_000_000), type: 'server_error' } }, 500);
    const client = guardedClient(openai, testGuard(), fakeFetch(flood).fetch, { maxRetries: 0 });
    await expect(openai.create(client)).rejects.toMatchObject({ status: 500 });
    expect(longest).toBeLessThan(1_200_000);
  });
});
