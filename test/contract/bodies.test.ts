import { FormData as OtherForm } from 'formdata-node';
import NpmForm from 'form-data';
import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { describeRequest } from '../../src/providers/request/describe-request.ts';
import { hasStreamingBody } from '../../src/providers/seam/sdk-client.ts';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { type AnyClient, SDKS } from '../helpers/sdk-matrix.ts';

/** A value that records every operation on it, and on everything reached through it. */
function watched<T extends object>(target: T, seen: string[]): T {
  return new Proxy(target, {
    get(object, key, receiver) {
      seen.push(`get ${String(key)}`);
      const value: unknown = Reflect.get(object, key, receiver);
      return typeof value === 'object' && value !== null ? watched(value, seen) : value;
    },
    has: (object, key) => (seen.push(`has ${String(key)}`), Reflect.has(object, key)),
    ownKeys: (object) => (seen.push('keys'), Reflect.ownKeys(object)),
    getOwnPropertyDescriptor(object, key) {
      seen.push(`descriptor ${String(key)}`);
      return Reflect.getOwnPropertyDescriptor(object, key);
    },
  });
}

const message = (): object => ({ role: 'user', content: [{ type: 'text', text: 'hello' }] });

describe.each(SDKS)('$name', (sdk) => {
  const send = (client: AnyClient, body: object): Promise<unknown> => client.post(sdk.path, { body, maxRetries: 1 });
  const replies = [json(sdk.errorBody, 500, { 'retry-after-ms': '1' }), json(sdk.completion)] as const;

  /** Makes the call through the bare SDK and through the guard; returns what each did to the body, and sent. */
  async function both(make: (seen: string[]) => object): Promise<{ seen: string[]; sent: unknown[] }[]> {
    const results: { seen: string[]; sent: unknown[] }[] = [];
    for (const guard of [undefined, testGuard()]) {
      const fake = fakeFetch(...replies);
      const client = guard
        ? guardedClient(sdk, guard, fake.fetch)
        : new sdk.Client({ apiKey: 'bare', fetch: fake.fetch });
      const seen: string[] = [];
      await send(client, make(seen));
      results.push({ seen, sent: fake.requests.map(({ body }) => body) });
    }
    return results;
  }

  it('reads a Proxy in the body as often as the bare SDK', async () => {
    for (const make of [
      (seen: string[]) => watched({ model: 'm', messages: [message()], stream: false }, seen),
      (seen: string[]) => ({ model: 'm', messages: watched([message()], seen) }),
      (seen: string[]) => ({ model: 'm', messages: [watched(message(), seen)] }),
    ]) {
      const [bare, guarded] = await both(make);
      expect(bare!.seen.length).toBeGreaterThan(0);
      expect(guarded).toEqual(bare);
    }
  });

  it('gives a body that supports BYOB readers, as fetch does', async () => {
    const client = guardedClient(sdk, testGuard(), native);
    for (const [call, expected] of [
      [() => sdk.stream(client), sdk.chunks.join('')],
      [() => sdk.create(client), JSON.stringify(sdk.completion)],
    ] as const) {
      const response: Response = await call().asResponse();
      const reader = response.body!.getReader({ mode: 'byob' });
      let text = '';
      for (;;) {
        const { done, value } = await reader.read(new Uint8Array(16));
        if (done) break;
        expect(value.byteLength).toBeLessThanOrEqual(16);
        text += Buffer.from(value).toString();
      }
      expect(text).toBe(expected);
      const [left, right] = ((await call().asResponse()) as Response).body!.tee();
      expect(await Promise.all([new Response(left).text(), new Response(right).text()])).toEqual([expected, expected]);
    }
    const copied: Response = await sdk.create(client).asResponse();
    expect(copied.body).toBeInstanceOf(ReadableStream);
    const copy = copied.clone();
    expect(await copied.json()).toEqual(await copy.json());
  });

  it('sends nothing again for a second reader, and lets fetch report the error', async () => {
    const fake = fakeFetch(json(sdk.completion));
    const guard = testGuard();
    const client = guardedClient(sdk, guard, fake.fetch);
    const ask = async (): Promise<Response> => sdk.create(client).asResponse();
    const readers: readonly ((response: Response) => Promise<unknown>)[] = [
      (response) => response.text(),
      (response) => response.json(),
      async (response) => response.body!.getReader().read(),
    ];
    for (const first of readers) {
      for (const second of readers.slice(0, 2)) {
        const before = fake.requests.length;
        const read = await ask();
        await first(read);
        await expect(second(read)).rejects.toThrow(TypeError);
        expect(fake.requests.length - before).toBe(1);
      }
    }
    const beingRead = await ask();
    const both = [beingRead.text(), beingRead.json()];
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(eventsOf(guard, 'attempt.end').every(({ outcome }) => outcome === 'ok')).toBe(true);
  });

  /** The shape of an undici answer: its body is a byte stream. */
  const native: typeof fetch = (_input, init) => {
    const streamed = JSON.parse(init!.body as string).stream === true;
    const type = streamed ? 'text/event-stream' : 'application/json';
    const body = streamed ? sdk.chunks.join('') : JSON.stringify(sdk.completion);
    return Promise.resolve(new Response(body, { headers: { 'content-type': type } }));
  };

  it('calls a getter in the body as often as the bare SDK, so that the estimate describes what is sent', async () => {
    const [bare, guarded] = await both((seen) => {
      let reads = 0;
      const count = (name: string): number => (seen.push(name), ++reads);
      return {
        get model() {
          return `model-${count('model')}`;
        },
        get max_tokens() {
          return count('max_tokens');
        },
        messages: [
          {
            role: 'user',
            get content() {
              return `read ${count('content')}`;
            },
            source: {
              get type() {
                return count('type');
              },
            },
          },
        ],
      };
    });
    expect(bare!.seen.length).toBeGreaterThanOrEqual(8);
    expect(guarded).toEqual(bare);
  });
});

it('reads plain data beside other values', () => {
  const describeBody = (body: object) => describeRequest({ method: 'post', path: '/chat/completions', body });
  const text = 'a text that counts';
  expect(
    describeBody({
      model: 'm',
      get temperature(): number {
        throw new Error('read');
      },
      messages: [{ content: text }],
    }),
  ).toMatchObject({ model: 'm', inputBytes: 'content'.length + text.length, attributes: {} });
  class Message {
    content = text;
    get hidden(): string {
      throw new Error('read');
    }
  }
  expect(describeBody({ model: 'm', messages: [new Message()] }).inputBytes).toBe('content'.length + text.length);
});

describe('form-data of other libraries', () => {
  it('has readable fields, whoever made it', () => {
    const form = new OtherForm();
    form.set('model', 'whisper-1');
    const described = describeRequest({ method: 'post', path: '/audio/transcriptions', body: form });
    expect(described).toMatchObject({ operation: 'audio', model: 'whisper-1' });
  });

  it('is sent again only if it can be', () => {
    const form = new NpmForm();
    form.append('model', 'whisper-1');
    expect(hasStreamingBody({ body: form })).toBe(true);
    expect(hasStreamingBody({ body: Readable.from(['x']) })).toBe(true);
    expect(hasStreamingBody({ body: new OtherForm() })).toBe(false);
    expect(hasStreamingBody({ body: new FormData() })).toBe(false);
    expect(hasStreamingBody({ body: new URLSearchParams('a=b') })).toBe(false);
    expect(hasStreamingBody({ body: { pipe: 'a word of the model' } })).toBe(false);
  });
});
