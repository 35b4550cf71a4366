import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { classifyError } from '../../src/providers/errors/classify-error.ts';
import { fakeFetch, json, refused, type Reply, sse } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { type AnyClient, SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const collect = async (sdk: SdkCase, stream: AsyncIterable<unknown>): Promise<string> => {
  let text = '';
  for await (const chunk of stream) text += sdk.chunkText(chunk);
  return text;
};

/** An error in a stream, as each provider sends it. */
function errorEvent(sdk: SdkCase): string {
  if (sdk.family === 'anthropic') {
    return 'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n';
  }
  const data =
    'data: {"error":{"message":"The server had an error processing your request.","type":"server_error","param":null,"code":null}}\n\n';
  return sdk.family === 'groq' ? `event: error\n${data}` : data;
}

describe.each(SDKS)('$name', (sdk) => {
  const preamble = sdk.chunks.slice(0, 1);
  const lastIndex = sdk.chunks.length - 1;

  it('streams every chunk, reports usage and ends the call with the body', async () => {
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fakeFetch(sse(sdk.chunks)).fetch);
    const stream = await sdk.stream(client);
    expect(guard.snapshot()[0]!.inFlight).toBe(1);
    expect(eventsOf(guard, 'call.end')).toHaveLength(0);
    expect(await collect(sdk, stream)).toBe('answer');
    await callsEnded(guard);
    expect(guard.snapshot()[0]!.inFlight).toBe(0);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success' }]);
    expect(eventsOf(guard, 'stream.end')).toMatchObject([{ outcome: 'completed' }]);
    expect(eventsOf(guard, 'stream.first_chunk')).toHaveLength(1);
    if (sdk.family === 'anthropic') {
      expect(eventsOf(guard, 'call.end')).toMatchObject([{ usage: { inputTokens: 5, outputTokens: 7 } }]);
    }
  });

  it('passes on bytes unchanged, however they are cut', async () => {
    const bytes = sdk.chunks.join('');
    const cut = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
      bytes.slice(index * 7, index * 7 + 7),
    );
    const client = guardedClient(sdk, testGuard(), fakeFetch(sse(cut)).fetch);
    const response = await sdk.stream(client).asResponse();
    expect(await new Response(response.body).text()).toBe(bytes);
    expect(await collect(sdk, await sdk.stream(client))).toBe('answer');
  });

  it('unlocks the body of its fetch when the application stops reading, and at its end', async () => {
    const bodies: ReadableStream[] = [];
    const streams: Reply = async (request) => {
      const response = await sse(sdk.chunks)(request);
      bodies.push(response.body!);
      return response;
    };
    const client = guardedClient(sdk, testGuard(), fakeFetch(streams).fetch);
    for await (const _ of await sdk.stream(client)) break;
    expect(await collect(sdk, await sdk.stream(client))).toBe('answer');
    await expect.poll(() => bodies.map(({ locked }) => locked)).toEqual([false, false]);
  });

  it('retries a stream that fails before its first content, invisibly to the application', async () => {
    const guard = testGuard();
    const fake = fakeFetch(
      sse([errorEvent(sdk)]),
      sse([...preamble, errorEvent(sdk)]),
      refused,
      json(sdk.errorBody, 500),
      sse(sdk.chunks),
    );
    const client = guardedClient(sdk, guard, fake.fetch);
    expect(await collect(sdk, await sdk.stream(client))).toBe('answer');
    expect(fake.requests).toHaveLength(5);
    expect(fake.requests.at(-1)!.headers.get('x-stainless-retry-count')).toBe('4');
    await callsEnded(guard);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 5 }]);
  });

  it('gives the SDK’s own error when every attempt fails before its first content', async () => {
    const guard = testGuard();
    const fake = fakeFetch(sse([errorEvent(sdk)]));
    const client = guardedClient(sdk, guard, fake.fetch, { maxRetries: 1 });
    const error = await sdk
      .stream(client)
      .then((stream: AsyncIterable<unknown>) => collect(sdk, stream))
      .catch((thrown: unknown) => thrown);
    const { APIError } = sdk.Client as unknown as Record<string, new () => Error>;
    expect(error).toBeInstanceOf(APIError);
    expect(fake.requests).toHaveLength(2);
    await callsEnded(guard);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    expect(eventsOf(guard, 'call.end')).toHaveLength(1);
    expect(eventsOf(guard, 'call.end')[0]!.outcome).toBe('retries_exhausted');
  });

  it('passes on the first events after a second, with or without content', async () => {
    const clock = new VirtualClock();
    const guard = testGuard(FAST, { clock });
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const slow = () => {
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const chunk = sdk.chunks[sent++];
          if (sent === 2) await released;
          if (chunk === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(chunk));
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
    const client = guardedClient(sdk, guard, fakeFetch(slow).fetch);
    const iterator = (await sdk.stream(client))[Symbol.asyncIterator]();
    const first = iterator.next();
    await clock.hasTimerIn(1_000);
    await clock.advance(1_000);
    let text = sdk.chunkText((await first).value);
    release();
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) text += sdk.chunkText(next.value);
    expect(text).toBe('answer');
    expect(eventsOf(guard, 'stream.first_chunk')).toHaveLength(1);
  });

  it('passes on the first events of a connection that breaks before content', async () => {
    const broken: Reply = () => {
      let sent = false;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (sent) controller.error(new TypeError('terminated'));
          else controller.enqueue(new TextEncoder().encode(preamble[0]));
          sent = true;
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
    const seen = async (client: AnyClient): Promise<unknown[]> => {
      const events: unknown[] = [];
      const error = await (async () => {
        for await (const event of await sdk.stream(client)) events.push(event);
      })().catch((thrown: unknown) => thrown);
      return [...events, String(error)];
    };
    const options = { maxRetries: 0 };
    const bare = await seen(new sdk.Client({ apiKey: 'bare', fetch: fakeFetch(broken).fetch, ...options }));
    expect(bare).toHaveLength(2);
    expect(await seen(guardedClient(sdk, testGuard(), fakeFetch(broken).fetch, options))).toEqual(bare);
  });

  it('passes on the first events when no further attempt replaces the stream', async () => {
    const fake = fakeFetch(sse([...preamble, errorEvent(sdk)]), json(sdk.errorBody, 400));
    const client = guardedClient(sdk, testGuard(), fake.fetch);
    const events: unknown[] = [];
    const error = await (async () => {
      for await (const event of await sdk.stream(client)) events.push(event);
    })().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 400 });
    expect(events).toHaveLength(1);
  });

  it.each([
    ['before the first content', 0],
    ['after it', -3],
    ['in a stream that took another’s place', 'replaced'],
  ] as const)('tells what it knows with an error event %s', async (_name, where) => {
    const failing = sse([...sdk.chunks.slice(0, where === 'replaced' ? -3 : where), errorEvent(sdk)]);
    const early = sse([errorEvent(sdk)]);
    const fake = where === 'replaced' ? fakeFetch(early, failing) : fakeFetch(failing);
    const client = guardedClient(sdk, testGuard(), fake.fetch, where === 0 ? { maxRetries: 0 } : {});
    const error = await sdk
      .stream(client)
      .then((stream: AsyncIterable<unknown>) => collect(sdk, stream))
      .catch((thrown: unknown) => thrown);
    const outcome = sdk.family === 'anthropic' ? 'overloaded' : 'server_error';
    expect(error).toMatchObject({ tidegate: { outcome, attempts: where === 'replaced' ? 2 : 1 } });
    expect(Object.keys(error as object)).not.toContain('tidegate');
    expect(classifyError(error)).toBe((error as { tidegate: unknown }).tidegate);
  });

  it.each([
    ['nested', { error: { message: 'Named and nested.', type: 'server_error', code: null } }],
    ['flat', { type: 'error', code: 'server_error', message: 'Named and flat.', param: null }],
  ] as const)('tells what it knows with a named error event, %s', async (_name, body) => {
    const named = `event: error\ndata: ${JSON.stringify(body)}\n\n`;
    const failing = async (client: AnyClient): Promise<unknown> =>
      sdk
        .stream(client)
        .then((stream: AsyncIterable<unknown>) => collect(sdk, stream))
        .then(
          () => 'no error',
          (thrown: unknown) => thrown,
        );
    const answer = (): typeof fetch => fakeFetch(sse([...sdk.chunks.slice(0, -3), named])).fetch;
    const bare = (): Promise<unknown> => failing(new sdk.Client({ apiKey: 'bare', fetch: answer() }) as AnyClient);
    // Some versions treat a flat one like any other event.
    if ((await bare()) === 'no error') return;
    const errors = await Promise.all([1, 2].map(() => failing(guardedClient(sdk, testGuard(), answer()))));
    for (const error of errors) {
      const told = (error as { tidegate?: unknown }).tidegate;
      expect(told).toMatchObject({ attempts: 1, advice: expect.any(String) });
      expect((error as { tidegate?: unknown }).tidegate).toBe(told);
    }
    expect(errors[0]).not.toBe(errors[1]);
    // These warnings must not be mistaken for those of another error.
    expect(((await bare()) as { tidegate?: unknown }).tidegate).toBeUndefined();
  });

  it('leaves errors of unguarded clients alone', async () => {
    guardedClient(sdk, testGuard(), fakeFetch(sse(sdk.chunks)).fetch);
    const failing = fakeFetch(sse([...sdk.chunks.slice(0, -3), errorEvent(sdk)]));
    const bare = new sdk.Client({ apiKey: 'bare', fetch: failing.fetch });
    const error = await sdk
      .stream(bare)
      .then((stream: AsyncIterable<unknown>) => collect(sdk, stream))
      .catch((thrown: unknown) => thrown);
    expect((error as { tidegate?: unknown }).tidegate).toBeUndefined();
    (error as { tidegate?: unknown }).tidegate = 'mine';
    expect((error as { tidegate?: unknown }).tidegate).toBe('mine');
  });

  it('never retries after the first content', async () => {
    const guard = testGuard();
    const fake = fakeFetch(sse([...sdk.chunks.slice(0, -3), errorEvent(sdk)]), sse(sdk.chunks));
    const client = guardedClient(sdk, guard, fake.fetch);
    const stream = await sdk.stream(client);
    let seen = '';
    const error = await (async () => {
      for await (const chunk of stream) seen += sdk.chunkText(chunk);
    })().catch((thrown: unknown) => thrown);
    const { APIError } = sdk.Client as unknown as Record<string, new () => Error>;
    expect(error).toBeInstanceOf(APIError);
    expect(seen.startsWith('an')).toBe(true);
    expect(fake.requests).toHaveLength(1);
    await callsEnded(guard);
    expect(eventsOf(guard, 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });

  it('frees the slot on break, on abort of the controller and on abort of the signal', async () => {
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fakeFetch(sse(sdk.chunks)).fetch);
    for await (const chunk of await sdk.stream(client)) {
      if (sdk.chunkText(chunk)) break;
    }
    const aborted = await sdk.stream(client);
    aborted.controller.abort();
    const controller = new AbortController();
    const unread = await sdk.stream(client, { signal: controller.signal });
    controller.abort();
    await callsEnded(guard);
    expect(unread).toBeDefined();
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    expect(eventsOf(guard, 'stream.end').map(({ outcome }) => outcome)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
  });

  it('frees the slot of a stream that is never read: idle', async () => {
    const guard = testGuard({ ...FAST, body: { idleTimeoutMs: 20 } });
    const client = guardedClient(sdk, guard, fakeFetch(sse(sdk.chunks)).fetch);
    const stream = await sdk.stream(client);
    await expect.poll(() => guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    expect(eventsOf(guard, 'stream.end')).toMatchObject([{ outcome: 'unread' }]);
    expect(await collect(sdk, stream)).toBe('answer');
  });

  it('keeps tee() and toReadableStream()', async () => {
    const client = guardedClient(sdk, testGuard(), fakeFetch(sse(sdk.chunks)).fetch);
    const [left, right] = (await sdk.stream(client)).tee();
    expect(await Promise.all([collect(sdk, left), collect(sdk, right)])).toEqual(['answer', 'answer']);
    const readable = (await sdk.stream(client)).toReadableStream() as ReadableStream;
    const lines = (await new Response(readable).text()).trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(lastIndex - 2);
  });

  it('retries before the head like any other request', async () => {
    const fake = fakeFetch(json(sdk.errorBody, 500), sse(sdk.chunks));
    const client = guardedClient(sdk, testGuard(), fake.fetch);
    expect(await collect(sdk, await sdk.stream(client))).toBe('answer');
    expect(fake.requests).toHaveLength(2);
  });

  it('reports a connection that breaks in the middle', async () => {
    const guard = testGuard();
    const broken = () => {
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const chunk = sdk.chunks[sent++];
          if (sent > 3 || chunk === undefined) controller.error(new TypeError('terminated'));
          else controller.enqueue(new TextEncoder().encode(chunk));
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
    const client = guardedClient(sdk, guard, fakeFetch(broken).fetch);
    const error = await collect(sdk, await sdk.stream(client)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'terminated', tidegate: { outcome: 'connection', attempts: 1 } });
    await callsEnded(guard);
    expect(eventsOf(guard, 'stream.end')).toMatchObject([{ outcome: 'interrupted' }]);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });
});

it('takes the id of a background response for content: it is passed on at once and never repeated', async () => {
  const created = { type: 'response.created', response: { id: 'resp_1', object: 'response', background: true } };
  const failure = { type: 'error', code: 'server_error', message: 'down' };
  const events = [created, failure].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  const fake = fakeFetch(sse(events));
  const client = testGuard().wrap(new OpenAI({ apiKey: 'background', fetch: fake.fetch }));
  const stream = await client.responses.create({ model: 'm', input: 'hi', background: true, stream: true });
  const iterator = stream[Symbol.asyncIterator]();
  expect((await iterator.next()).value).toEqual(created);
  await iterator.next().catch(() => undefined);
  expect(fake.requests).toHaveLength(1);
});
