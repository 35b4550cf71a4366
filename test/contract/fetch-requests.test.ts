import { describe, expect, it } from 'vitest';
import { FAST, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { scriptedServer, sendEvents, sendJson } from '../helpers/scripted-server.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const openai = SDKS[0]!;
const busy = sendJson({ error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 429, {
  'retry-after-ms': '5',
});
const headers = { authorization: 'Bearer fetch-requests', 'content-type': 'application/json' };
const form = (): FormData => {
  const fields = new FormData();
  fields.append('model', 'whisper-1');
  fields.append('file', new Blob(['sound']), 'speech.mp3');
  return fields;
};

type Call = (url: string, init: RequestInit) => [RequestInfo | URL, RequestInit?];

const SPELLINGS: readonly (readonly [string, Call])[] = [
  ['(url, init)', (url, init) => [url, init]],
  ['(URL, init)', (url, init) => [new URL(url), init]],
  ['(request)', (url, init) => [new Request(url, init)]],
  ['(request, init)', (url, { body, ...rest }) => [new Request(url, rest), { body: body! }]],
];

describe('a body that is read twice', () => {
  it('is not requested again: fetch reports the second read', async () => {
    const server = await scriptedServer(sendJson(openai.completion), sendEvents(openai.chunks));
    const body = JSON.stringify({ model: 'test-model', messages: [] });
    const ask = async (): Promise<Response> =>
      testGuard().fetch(`${server.url}/v1/chat/completions`, { method: 'POST', headers, body });
    for (const read of ['json', 'text'] as const) {
      const response = await ask();
      await response[read]();
      await expect(response.text()).rejects.toThrow(TypeError);
    }
    expect(server.requests).toHaveLength(2);
  });

  it('is refused in the words of fetch, a stream like a whole answer', async () => {
    const server = await scriptedServer(sendEvents(openai.chunks));
    const body = JSON.stringify({ model: 'test-model', messages: [], stream: true });
    const refusal = async (fetched: typeof fetch, read: 'text' | 'body'): Promise<unknown> => {
      const response = await fetched(`${server.url}/v1/chat/completions`, { method: 'POST', headers, body });
      await (read === 'text' ? response.text() : response.body!.getReader().read());
      return response.text().catch(String);
    };
    for (const read of ['text', 'body'] as const) {
      expect(await refusal(testGuard().fetch, read)).toBe(await refusal(fetch, read));
    }
  });
});

describe('a URL that leads to no server', () => {
  it('is fetched without a call: SDKs ask one for the class of its response, and leave it unread', async () => {
    const guard = testGuard();
    const events = eventsOf(guard, 'call.start');
    for (const input of ['data:,', new URL('data:text/plain,picture'), new Request('DATA:,')]) {
      expect((await guard.fetch(input)).status).toBe(200);
    }
    expect(guard.snapshot()).toEqual([]);
    expect(events).toEqual([]);
  });
});

describe.each(SPELLINGS)('guarded fetch%s', (_name, spell) => {
  it('reads the model, and sends the same body again', async () => {
    const server = await scriptedServer(busy, busy, sendJson(openai.completion));
    const guard = testGuard();
    const body = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Grüße' }] });
    const response = await guard.fetch(
      ...spell(`${server.url}/v1/chat/completions`, { method: 'POST', headers, body }),
    );
    expect(response.status).toBe(200);
    expect(openai.text(await response.json())).toBe('answer');
    expect(server.requests.map((request) => Buffer.from(request.body, 'latin1').toString())).toEqual([
      body,
      body,
      body,
    ]);
    expect(server.requests[2]!.headers).toMatchObject(headers);
    expect(guard.snapshot().map(({ lane }) => lane)).toEqual(['openai/test-model']);
  });

  it('does so with bytes and with a form', async () => {
    const server = await scriptedServer(busy, sendJson({ text: 'hello' }));
    const guard = testGuard();
    const init = { method: 'POST', headers: { authorization: headers.authorization }, body: form() };
    const response = await guard.fetch(...spell(`${server.url}/v1/audio/transcriptions`, init));
    expect(await response.json()).toEqual({ text: 'hello' });
    expect(server.requests[1]!.body).toContain('sound');
    expect(server.requests[1]!.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(guard.snapshot().map(({ lane }) => lane)).toEqual(['openai/whisper-1']);

    const bytes = new TextEncoder().encode(JSON.stringify({ model: 'bytes-model', input: 'x' }));
    await guard.fetch(...spell(`${server.url}/v1/embeddings`, { method: 'POST', headers, body: bytes }));
    expect(guard.snapshot().map(({ lane }) => lane)).toContain('openai/bytes-model');
  });

  it('recognizes a stream, and that it failed before its first content', async () => {
    const failing = sendEvents(['data: {"error":{"message":"down","type":"server_error"}}\n\n']);
    const server = await scriptedServer(failing, sendEvents(openai.chunks));
    const guard = testGuard();
    const body = JSON.stringify({ model: 'm', messages: [], stream: true });
    const response = await guard.fetch(
      ...spell(`${server.url}/v1/chat/completions`, { method: 'POST', headers, body }),
    );
    expect(await response.text()).toBe(openai.chunks.join(''));
    expect(eventsOf(guard, 'stream.end')).toMatchObject([{ call: { stream: true }, outcome: 'completed' }]);
  });
});

describe('a Request object', () => {
  it('is used up, as by fetch', async () => {
    const server = await scriptedServer(sendJson(openai.completion));
    const request = new Request(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: '{"model":"m"}',
    });
    const guard = testGuard();
    await guard.fetch(request);
    expect(request.bodyUsed).toBe(true);
    await expect(guard.fetch(request)).rejects.toThrow(TypeError);
  });

  it('with a stream of any length as its body is not read, and not sent again', async () => {
    const server = await scriptedServer(sendJson({}, 500), sendJson({}));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('bytes'));
        controller.close();
      },
    });
    const type = { 'content-type': 'application/octet-stream' };
    const init = { method: 'POST', headers: type, body, duplex: 'half' as const };
    const request = new Request(`${server.url}/v1/files`, init);
    expect((await testGuard(FAST).fetch(request)).status).toBe(500);
    expect(server.requests.map((each) => each.body)).toEqual(['bytes']);
  });

  it('brings its signal, while its body is read and later', async () => {
    const server = await scriptedServer(sendJson({}, 503, { 'retry-after': '30' }));
    const url = `${server.url}/v1/chat/completions`;
    const controller = new AbortController();
    const init = { method: 'POST', headers, duplex: 'half' as const, signal: controller.signal };
    const endless = new Request(url, { ...init, body: new ReadableStream() });
    const waiting = new Request(url, { ...init, body: '{}' });
    const guard = testGuard();
    const ends = [guard.fetch(endless), guard.fetch(waiting)].map((each) => each.catch((error: unknown) => error));
    await expect.poll(() => server.requests.length).toBe(1);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await Promise.all(ends)).toEqual([reason, reason]);
  });
});
