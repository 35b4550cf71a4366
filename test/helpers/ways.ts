import { configure, defaultGuard } from '../../src/default-guard.ts';
import type { Guard } from '../../src/guard.ts';
import type { GuardEvent } from '../../src/core/events.ts';
import type { GuardOptions } from '../../src/options.ts';
import { patchModule } from '../../src/register/patch-module.ts';
import { guardClass } from '../../src/providers/seam/guarded-class.ts';
import { SseScanner } from '../../src/providers/apis/sse-scanner.ts';
import { FAST, testGuard } from './guarded.ts';
import { recordEvents } from './record-events.ts';
import { type AnyClient, SDKS, type SdkCase } from './sdk-matrix.ts';
import { socketClock, useSocketClock } from './socket-clock.ts';

/** One SDK guarded in one of the four ways. */
export interface WayIn {
  readonly name: string;
  readonly sdk: SdkCase;
  readonly way: 'wrap' | 'drop-in' | 'register' | 'fetch';
  /** Calls sent to `url`. `options` are the guard's; those of `register` are the process's. */
  connect(url: string, options?: GuardOptions): Connection;
}

export interface Connection {
  readonly guard: Guard;
  /** Of this connection's calls only. */
  events(): readonly GuardEvent[];
  /** The text of a whole answer. */
  ask(): Promise<string>;
  /** The stream of an answer, as the guard passes it on. */
  open(): Promise<Opened>;
  /** A stream read to its end, or to the error that ends it. */
  read(): Promise<Read>;
  /** The response itself, of a whole answer or of a stream. */
  respond(stream?: boolean): Promise<Response>;
}

export interface Opened extends AsyncIterable<unknown> {}

export interface Read {
  readonly text: string;
  readonly error?: unknown;
}

let nextKey = 1;

// `register` has one guard for the process, on the process's clock, set up once.
let registered: GuardEvent[] | undefined;
function registerEvents(): GuardEvent[] {
  if (!registered) {
    useSocketClock();
    configure(FAST);
    registered = recordEvents(defaultGuard);
  }
  return registered;
}

function clientOf(sdk: SdkCase, way: WayIn['way'], url: string, guard: () => Guard): AnyClient {
  const options = { apiKey: `way-${nextKey++}`, baseURL: url };
  switch (way) {
    case 'wrap':
      return guard().wrap(new sdk.Client(options) as object);
    case 'drop-in':
      return new (guardClass(sdk.Client, (client) => void guard().wrap(client)))(options);
    case 'register': {
      // A class of the test's own, so that the SDK's stays unchanged for the other ways.
      class Registered extends (sdk.Client as unknown as new (options: object) => Record<string, Method>) {}
      const makeRequest = (sdk.Client.prototype as Record<string, Method>)['makeRequest']!;
      Object.defineProperty(Registered.prototype, 'makeRequest', { value: makeRequest, configurable: true });
      patchModule({ Registered });
      return new Registered(options);
    }
    case 'fetch':
      throw new Error('No client');
  }
}

type Method = (...args: unknown[]) => unknown;

function connectClient(sdk: SdkCase, way: WayIn['way'], url: string, options: GuardOptions): Connection {
  const own = way === 'register' ? undefined : testGuard(options, { clock: socketClock });
  const guard: Guard = own ?? defaultGuard;
  const events = own?.events ?? registerEvents();
  const since = events.length;
  const client = clientOf(sdk, way, url, () => guard);
  const open = (): Promise<Opened> => sdk.stream(client) as Promise<Opened>;
  return {
    guard,
    events: () => events.slice(since),
    ask: async () => sdk.text(await sdk.create(client)),
    open,
    read: () => readAll(sdk, open),
    respond: (stream) => (stream ? sdk.stream(client) : sdk.create(client)).asResponse() as Promise<Response>,
  };
}

/** The request of the SDK's client, sent through guarded fetch. */
export function postTo(
  guard: Pick<Guard, 'fetch'>,
  sdk: SdkCase,
  url: string,
  key: string,
  body: object,
): Promise<Response> {
  return guard.fetch(`${url}${sdk.path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(sdk.family === 'anthropic'
        ? { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
        : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ model: 'test-model', max_tokens: 64, messages: [], ...body }),
  });
}

function connectFetch(sdk: SdkCase, url: string, options: GuardOptions): Connection {
  const guard = testGuard(options, { clock: socketClock });
  const key = `way-${nextKey++}`;
  const post = (body: object): Promise<Response> => postTo(guard, sdk, url, key, body);
  const open = async (): Promise<Opened> => eventsOfBody(await post({ stream: true }));
  return {
    guard,
    events: () => guard.events,
    ask: async () => sdk.text(await (await post({})).json()),
    open,
    read: () => readAll(sdk, open),
    respond: (stream) => post(stream ? { stream } : {}),
  };
}

/** What an SDK without our seam would make of a body: one object per event. */
async function* eventsOfBody(response: Response): AsyncGenerator {
  const found: string[] = [];
  const scanner = new SseScanner((_event, data) => found.push(data));
  for await (const chunk of response.body!) {
    scanner.push(chunk);
    for (const data of found.splice(0)) {
      if (data === '[DONE]') return;
      yield JSON.parse(data) as unknown;
    }
  }
}

async function readAll(sdk: SdkCase, open: () => Promise<Opened>): Promise<Read> {
  let text = '';
  try {
    for await (const chunk of await open()) text += sdk.chunkText(chunk);
  } catch (error) {
    return { text, error };
  }
  return { text };
}

const way = (sdk: SdkCase, name: WayIn['way']): WayIn => ({
  name: `${sdk.name} by ${name}`,
  sdk,
  way: name,
  connect: (url, options = FAST) =>
    name === 'fetch' ? connectFetch(sdk, url, options) : connectClient(sdk, name, url, options),
});

/** Every SDK of the matrix in every way; guarded fetch once per API. */
export const WAYS_IN: readonly WayIn[] = SDKS.flatMap((sdk, index) => {
  const first = SDKS.findIndex(({ family }) => family === sdk.family) === index;
  const names = ['wrap', 'drop-in', 'register', ...(first ? (['fetch'] as const) : [])] as const;
  return names.map((name) => way(sdk, name));
});

/** The same without those whose options cannot be set per test. */
export const CONFIGURABLE: readonly WayIn[] = WAYS_IN.filter(({ way: name }) => name !== 'register');
