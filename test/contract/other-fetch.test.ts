import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import crossFetch from 'cross-fetch';
import nodeFetch3 from 'node-fetch';
// @ts-expect-error: it has no declarations.
import nodeFetch2 from 'node-fetch-2';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { dropIn } from '../../src/drop-in.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { destroyLater } from '../helpers/scripted-server.ts';
import { type AnyClient, SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';
import { socketClock } from '../helpers/socket-clock.ts';

/** The n-th request gets the n-th answer, later ones the last. */
type Answer = (response: ServerResponse, request: IncomingMessage) => void;

let server: Server;
let answers: Answer[] = [];
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    // Node's agents keep connections for the next test, which this server may have closed.
    response.setHeader('connection', 'close');
    const answer = answers[Math.min(requests++, answers.length - 1)]!;
    request.resume().on('end', () => answer(response, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

afterEach(() => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
});

function answering(...next: Answer[]): string {
  answers = next;
  requests = 0;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const text =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };

const sse =
  (chunks: readonly string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const chunk of chunks) response.write(chunk);
    response.end();
  };

/** The head and the beginning of a body, and then nothing. */
const stalls =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).write('{"error":');
  };

const breaks =
  (status: number): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).write('{"error":');
    void destroyLater(response);
  };

type Make = typeof fetch;
const native = globalThis.fetch;
const MAKES: readonly (readonly [string, Make])[] = [
  ['node-fetch 2', nodeFetch2 as unknown as Make],
  ['node-fetch 3', nodeFetch3 as unknown as Make],
  ['cross-fetch', crossFetch],
  ['undici', globalThis.fetch],
  // The response of a polyfill without streams: the documented readers, and no body.
  [
    'a fetch without bodies',
    async (input, init) => {
      const response = await native(input, init);
      return Object.defineProperties(response, {
        body: { value: undefined },
        clone: {
          value: () => Object.defineProperty(Response.prototype.clone.call(response), 'body', { value: undefined }),
        },
      });
    },
  ],
];

const collect = async (sdk: SdkCase, stream: AsyncIterable<unknown>): Promise<string> => {
  let all = '';
  for await (const chunk of stream) all += sdk.chunkText(chunk);
  return all;
};

const NEWEST_AND_OLDEST = SDKS.filter(({ name }) => name !== 'openai 6.49');

describe.each(MAKES)('%s', (makeName, fetch) => {
  const hasBodies = makeName !== 'a fetch without bodies';

  describe.each(NEWEST_AND_OLDEST)('$name', (sdk) => {
    const prefix = sdk.family === 'openai' ? '/v1' : '';
    const guarded = (url: string, options: Record<string, unknown> = {}, guard = testGuard()): AnyClient =>
      guardedClient(sdk, guard, fetch, { baseURL: url + prefix, ...options });
    const bare = (url: string, options: object = {}): AnyClient =>
      new sdk.Client({ apiKey: 'k', fetch, baseURL: url + prefix, ...options });
    const thrown = (promise: Promise<unknown>): Promise<Error & { status?: number; error?: unknown }> =>
      promise.then(
        () => {
          throw new Error('Expected the call to fail');
        },
        (error: Error) => error,
      );
    const completion = text(200, JSON.stringify(sdk.completion));
    const error = JSON.stringify(sdk.errorBody);

    it("throws the bare SDK's error", async () => {
      for (const [status, body, headers] of [
        [400, error, {}],
        [401, error, {}],
        [404, '<html>not here</html>', { 'content-type': 'text/html' }],
        [429, error, {}],
        [500, '', {}],
        [500, error, {}],
        [400, JSON.stringify({ error: { message: 'x'.repeat(200_000) } }), {}],
        [422, gzipSync(error), { 'content-encoding': 'gzip' }],
      ] as const) {
        const url = answering(text(status, body, headers));
        const facts = ({ constructor, message, status: code, error: inner }: Awaited<ReturnType<typeof thrown>>) => ({
          class: constructor,
          message,
          status: code,
          inner,
        });
        const expected = await thrown(sdk.create(bare(url, { maxRetries: 0 })));
        const got = await thrown(sdk.create(guarded(url, { maxRetries: 0 })));
        expect(facts(got)).toEqual(facts(expected));
        expect(got).toHaveProperty('tidegate.attempts', 1);
      }
    });

    it('retries after a rate limit, a server error and a stall, as a drop-in too', async () => {
      const limited = text(429, '{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}', {
        'retry-after': '0.01',
        'retry-after-ms': '10',
      });
      const failures = [limited, text(500, error), text(503, '<html>down</html>')];
      // An old SDK reads the body before it decides, and so does the guard, which cannot tell otherwise.
      if (!/5\.0|0\.50/.test(sdk.name)) failures.push(stalls(503, { 'retry-after-ms': '1' }));
      const url = answering(...failures, completion);
      const guard = testGuard(FAST, { clock: socketClock });
      const started = socketClock.now();
      expect(sdk.text(await sdk.create(guarded(url, {}, guard)))).toBe('answer');
      expect(socketClock.now() - started).toBeLessThan(1_500);
      expect(requests).toBe(failures.length + 1);
      await callsEnded(guard);
      expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
      const Guarded = dropIn(sdk.Client as never) as unknown as SdkCase['Client'];
      answering(limited, text(500, error), completion);
      const client = new Guarded({ apiKey: `drop-in-${Math.random()}`, fetch, baseURL: url + prefix, tidegate: FAST });
      expect(sdk.text(await sdk.create(client))).toBe('answer');
    });

    it('recognizes an exhausted quota by its text', async () => {
      const quota =
        sdk.family === 'anthropic'
          ? { type: 'error', error: { type: 'billing_error', message: 'Your credit balance is too low' } }
          : { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } };
      const url = answering(text(429, JSON.stringify(quota)));
      const got = await thrown(sdk.create(guarded(url)));
      expect(got).toMatchObject({ status: 429, tidegate: { outcome: 'quota_exhausted', attempts: 1 } });
    });

    it('ends the call if an error body breaks off', async () => {
      const guard = testGuard();
      const url = answering(breaks(400));
      const got = await thrown(sdk.create(guarded(url, {}, guard)));
      expect(got).toHaveProperty('tidegate');
      await callsEnded(guard);
      expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    });

    it.runIf(hasBodies)('streams, and replaces a stream that fails before its first content', async () => {
      const early =
        sdk.family === 'anthropic'
          ? 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
          : 'data: {"error":{"message":"The server had an error","type":"server_error"}}\n\n';
      const url = answering(sse([early]), sse(sdk.chunks));
      const guard = testGuard();
      expect(await collect(sdk, await sdk.stream(guarded(url, {}, guard)))).toBe('answer');
      expect(requests).toBe(2);
      await callsEnded(guard);
      expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
      expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 2 }]);
    });

    it.runIf(hasBodies)('gives the body the type of its own fetch, and notices its end', async () => {
      const guard = testGuard();
      const url = answering(sse(sdk.chunks), completion);
      const streamed = await sdk.stream(guarded(url, {}, guard)).asResponse();
      const expected = await bare(answering(sse(sdk.chunks), completion)).withOptions({});
      const plain = await sdk.stream(expected).asResponse();
      expect('pipe' in streamed.body).toBe('pipe' in plain.body);
      const seen: Buffer[] = [];
      for await (const chunk of streamed.body) seen.push(Buffer.from(chunk as Uint8Array));
      expect(Buffer.concat(seen).toString()).toBe(sdk.chunks.join(''));
      const whole = await sdk.create(guarded(answering(completion), {}, guard)).asResponse();
      let json = '';
      for await (const chunk of whole.body) json += Buffer.from(chunk as Uint8Array).toString();
      expect(JSON.parse(json)).toEqual(sdk.completion);
      const read = await sdk.stream(guarded(answering(sse(sdk.chunks)), {}, guard)).asResponse();
      expect(await read.text()).toBe(sdk.chunks.join(''));
      await callsEnded(guard);
      expect(guard.snapshot().map(({ inFlight }) => inFlight)).toEqual(guard.snapshot().map(() => 0));
      expect(eventsOf(guard, 'call.end').map(({ outcome }) => outcome)).toEqual(['success', 'success', 'success']);
    });

    it.runIf(hasBodies)('releases a stream that is left early', async () => {
      const guard = testGuard();
      const client = guarded(answering(sse([...sdk.chunks, ...sdk.chunks])), {}, guard);
      for await (const chunk of await sdk.stream(client)) if (sdk.chunkText(chunk)) break;
      await callsEnded(guard);
      expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
    });
  });

  it('is guarded like the global fetch', async () => {
    vi.stubGlobal('fetch', fetch);
    const guard = testGuard();
    const body = JSON.stringify({ model: 'm', messages: [] });
    const post = (url: string) => guard.fetch(`${url}/v1/chat/completions`, { method: 'POST', body });
    const url = answering(text(500, '{"error":{"message":"down"}}'), text(200, '{"id":"1"}'));
    expect(await (await post(url)).json()).toEqual({ id: '1' });
    expect(requests).toBe(2);
    answering(text(400, '{"error":{"message":"no"}}', { 'x-request-id': 'r' }));
    const refused = await post(url);
    expect([refused.status, refused.headers.get('x-request-id')]).toEqual([400, 'r']);
    expect(await refused.json()).toEqual({ error: { message: 'no' } });
    if (!hasBodies) return;
    const long = JSON.stringify({ error: { message: 'x'.repeat(200_000) } });
    answering(text(422, long));
    let read = '';
    for await (const chunk of (await post(url)).body!) read += Buffer.from(chunk).toString();
    expect(read).toBe(long);
  });
});
