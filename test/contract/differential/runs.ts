import type { AnyClient, SdkCase } from '../../helpers/sdk-matrix.ts';
import type { Draw } from './draw.ts';

/** One way in which an application uses an answer. Returns what it observed. */
export interface Run {
  readonly name: string;
  readonly streamed: boolean;
  readonly go: (client: AnyClient, note: (seen: unknown) => void) => Promise<void>;
}

const headersOf = (headers: Headers): [string, string][] => [...headers.entries()];

export function drawRun(draw: Draw, sdk: SdkCase, signal: AbortSignal): Run {
  const extra = draw.pick<Record<string, unknown>>([
    {},
    {},
    { headers: { 'x-own': 'ü'.normalize('NFD').slice(0, 1), 'x-stainless-retry-count': null } },
    { query: { a: '1', b: 'ü&=' } },
    { idempotencyKey: 'same' },
    { maxRetries: 0 },
  ]);
  const body = draw.pick<Record<string, unknown>>([
    {},
    {},
    { temperature: 0.5, seed: 7, user: 'ü€😀' },
    { messages: Array.from({ length: draw.whole(1, 40) }, (_, at) => ({ role: 'user', content: `message ${at}` })) },
    { model: 'other', odd: undefined, nested: { a: null, date: new Date(0) } },
  ]);
  const options = (): Record<string, unknown> => ({ ...extra, signal });
  const stop = draw.whole(0, 3);
  const create = (client: AnyClient) => sdk.create(client, options(), body);
  const stream = (client: AnyClient) => sdk.stream(client, options());
  const runs: readonly Run[] = [
    {
      name: 'create',
      streamed: false,
      go: async (client, note) => {
        const value = (await create(client)) as { _request_id?: unknown } | null;
        note({ value, requestId: Object(value)._request_id });
      },
    },
    {
      name: 'withResponse',
      streamed: false,
      go: async (client, note) => {
        const { data, response } = await create(client).withResponse();
        note({ data, status: response.status, headers: headersOf(response.headers), used: response.bodyUsed });
      },
    },
    {
      name: 'asResponse',
      streamed: false,
      go: async (client, note) => {
        const response: Response = await create(client).asResponse();
        const { status, ok, type, redirected, statusText } = response;
        note({ status, ok, type, redirected, statusText, headers: headersOf(response.headers) });
        note({ hasBody: response.body !== null, text: await response.text() });
      },
    },
    {
      name: 'response.body',
      streamed: false,
      go: async (client, note) => {
        const response: Response = await create(client).asResponse();
        const copy = draw.chance(0.3) ? response.clone() : undefined;
        let length = 0;
        if (response.body) for await (const chunk of response.body) length += chunk.length;
        note({ length, copied: await copy?.text() });
      },
    },
    {
      name: 'get',
      streamed: false,
      go: async (client, note) => note({ value: await client.models.retrieve('some model', options()) }),
    },
    {
      name: 'list',
      streamed: false,
      go: async (client, note) => {
        const page = await client.models.list(options());
        note({ data: page.data, more: typeof page.hasNextPage === 'function' && page.hasNextPage() });
      },
    },
    {
      name: 'stream',
      streamed: true,
      go: async (client, note) => {
        for await (const event of await stream(client)) note(event);
        note('end');
      },
    },
    {
      name: 'stream left early',
      streamed: true,
      go: async (client, note) => {
        let left = stop;
        for await (const event of await stream(client)) {
          note(event);
          if (left-- === 0) break;
        }
        note('left');
      },
    },
    {
      name: 'stream with its response',
      streamed: true,
      go: async (client, note) => {
        const { data, response } = await stream(client).withResponse();
        note({ status: response.status, headers: headersOf(response.headers) });
        for await (const event of data) note(event);
      },
    },
    {
      name: 'raw stream',
      streamed: true,
      go: async (client, note) => note(await (await stream(client).asResponse()).text()),
    },
    {
      name: 'tee',
      streamed: true,
      go: async (client, note) => {
        const [left, right] = (await stream(client)).tee();
        for await (const event of left) note(event);
        for await (const event of right) note(event);
      },
    },
    {
      name: 'toReadableStream',
      streamed: true,
      go: async (client, note) => {
        const lines = await new Response((await stream(client)).toReadableStream()).text();
        for (const line of lines.split('\n')) note(line === '' ? line : JSON.parse(line));
      },
    },
  ];
  return draw.pick(runs);
}
