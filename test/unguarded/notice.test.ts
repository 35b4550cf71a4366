import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GuardCore } from '../../src/guard.ts';
import { watchRequests } from '../../src/unguarded/watch-requests.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const NOTICE = { ...FAST, unguardedNotice: true };
const CHANNELS = ['undici:request:create', 'http.client.request.start'];
const openai = SDKS.find(({ family }) => family === 'openai')!;
const hostOf = (url: string) => new URL(url).host;

/** A fetch of another make, over `node:http`. */
const httpFetch: typeof fetch = (input, init) =>
  new Promise((resolve, reject) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    const sent = httpRequest(String(input), { method: init?.method ?? 'GET', headers }, (response) => {
      void text(response).then((body) =>
        resolve(new Response(body, { status: response.statusCode!, headers: { 'content-type': 'application/json' } })),
      );
    });
    sent.on('error', reject).end(init?.body);
  });

let warnings: string[];
beforeEach(() => {
  warnings = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
});
afterEach(() => vi.restoreAllMocks());

describe.each(SDKS)('$name', (sdk) => {
  const bare = (url: string, options = {}) => new sdk.Client({ apiKey: 'secret-key', baseURL: url, ...options });

  it.each([
    ['fetch', globalThis.fetch],
    ['node:http', httpFetch],
  ] as const)('its bare client is told, over %s', async (_way, fetch) => {
    const guard = testGuard(NOTICE);
    const server = await scriptedServer(sendJson(sdk.completion));
    await sdk.create(bare(server.url, { fetch }));
    await sdk.create(bare(server.url, { fetch }));
    const event = { type: 'unguarded', provider: sdk.family, via: 'sdk', host: hostOf(server.url) };
    expect(eventsOf(guard, 'unguarded')).toEqual([event, event]);
    // The guard's warnings are listened to, so that Node prints none; the second request causes none.
    const [warning, ...others] = eventsOf(guard, 'warning');
    expect(others).toEqual([]);
    expect(warning!.message).toMatch(
      /^A request to 127\.0\.0\.1:\d+ \(\w+\) went past tidegate.* external .* wrap\(\)/s,
    );
    expect(warning!.message).not.toContain('secret-key');
  });

  it.each([
    ['fetch', globalThis.fetch],
    ['node:http', httpFetch],
  ] as const)('its guarded client is not, retries and streams included, over %s', async (_way, fetch) => {
    const guard = testGuard(NOTICE);
    const server = await scriptedServer(sendJson(sdk.errorBody, 500), sendJson(sdk.completion));
    const streaming = await scriptedServer(sendEvents(sdk.chunks));
    await sdk.create(guard.wrap(bare(server.url, { fetch })));
    await chunksOf(await sdk.stream(guard.wrap(bare(streaming.url, { fetch }))));
    expect(server.requests).toHaveLength(2);
    expect(streaming.requests).toHaveLength(1);
    expect(eventsOf(guard, 'unguarded')).toEqual([]);
  });
});

it('a plain fetch is reported with advice, a guarded one is not', async () => {
  const guard = testGuard(NOTICE);
  const server = await scriptedServer(sendJson({}));
  const body = JSON.stringify({ model: 'm', messages: [] });
  await guard.fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
  expect(eventsOf(guard, 'unguarded')).toEqual([]);
  // Nothing may be sent to the real host here.
  publish('https://api.openai.com', '/v1/chat/completions?key=secret', ['authorization', 'secret']);
  expect(eventsOf(guard, 'unguarded')).toMatchObject([{ provider: 'openai', via: 'fetch', host: 'api.openai.com' }]);
  const [warning] = eventsOf(guard, 'warning');
  expect(warning!.message).toMatch(/^A request to api\.openai\.com \(openai\).* guardedFetch of tidegate\/fetch/s);
  expect(warning!.message).not.toContain('secret');
});

it('a guarded request that had to wait for a connection is not reported, and the next bare one is', async () => {
  const guard = testGuard(NOTICE);
  const server = await scriptedServer(sendJson(openai.completion));
  const outside = AsyncLocalStorage.snapshot();
  // As a connection pool does: the request is created in the context of another one.
  const pooled: typeof fetch = async (input) => {
    const { origin, pathname } = new URL(String(input));
    outside(() => publish(origin, pathname, ['x-stainless-lang', 'js', 'user-agent', 'OpenAI/JS 7.0.0']));
    return new Response(JSON.stringify(openai.completion), { headers: { 'content-type': 'application/json' } });
  };
  const client = new OpenAI({ apiKey: 'k', baseURL: server.url, fetch: pooled });
  await openai.create(guard.wrap(client));
  expect(eventsOf(guard, 'unguarded')).toEqual([]);
  await openai.create(new OpenAI({ apiKey: 'k', baseURL: server.url, fetch: pooled }));
  expect(eventsOf(guard, 'unguarded')).toHaveLength(1);
});

it('Node warns once if no listener does, and an older undici is supported', async () => {
  const guard = new GuardCore(NOTICE);
  const seen: string[] = [];
  guard.on('unguarded', ({ host }) => seen.push(host));
  diagnostics.channel('undici:request:create').publish({
    request: {
      origin: 'http://gateway.test',
      path: '/',
      headers: 'User-Agent: Groq/JS 1.0.0\r\nX-Stainless-Lang: js\r\n',
    },
  });
  publish('https://api.groq.com', '/openai/v1/models', ['x-stainless-lang', 'js']);
  expect(seen).toEqual(['gateway.test', 'api.groq.com']);
  expect(warnings).toEqual([expect.stringMatching(/^A request to gateway\.test \(groq\) went past tidegate/)]);
  await guard.close();
});

it('no property of a request can make it fail', () => {
  const guard = testGuard(NOTICE);
  expect(() => diagnostics.channel('undici:request:create').publish({ request: undefined })).not.toThrow();
  expect(eventsOf(guard, 'unguarded')).toEqual([]);
});

it('is off by default, and ends with the guard', async () => {
  const subscribed = () => CHANNELS.filter((name) => diagnostics.hasSubscribers(name));
  expect(subscribed()).toEqual([]);
  const quiet = testGuard();
  expect(subscribed()).toEqual([]);
  const guard = testGuard(NOTICE);
  expect(subscribed()).toEqual(CHANNELS);
  await guard.close();
  expect(subscribed()).toEqual([]);
  expect(eventsOf(quiet, 'unguarded')).toEqual([]);
});

it('only the first interested listener is informed', () => {
  const told: string[] = [];
  const ends = [undefined, 'second', 'third'].map((name) =>
    watchRequests(() => (name === undefined ? undefined : () => told.push(name))),
  );
  publish('https://api.groq.com', '/openai/v1/models', []);
  expect(told).toEqual(['second']);
  for (const end of ends) end();
});

async function chunksOf(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

function publish(origin: string, path: string, headers: string[]): void {
  diagnostics.channel('undici:request:create').publish({ request: { origin, path, headers } });
}
