import { AsyncLocalStorage } from 'node:async_hooks';
import Anthropic, { RetryableError } from '@anthropic-ai/sdk';
import AnthropicAws from '@anthropic-ai/aws-sdk';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { AnthropicFoundry } from '@anthropic-ai/foundry-sdk';
import AnthropicGoogleCloud from '@anthropic-ai/google-cloud-sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import Groq from 'groq-sdk';
import OpenAI, { AzureOpenAI, BedrockOpenAI } from 'openai';
import { bedrock as bedrockProvider } from 'openai/providers/bedrock';
import { describe, expect, it, vi } from 'vitest';
import { dropIn } from '../../src/drop-in.ts';
import { TidegateSetupError } from '../../src/errors.ts';
import { fakeFetch, json, type Reply, sse } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { callsEnded, eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { SDK_TIMEOUT_MS, useSocketClockInSdks } from '../helpers/socket-clock.ts';

const openai = SDKS.find(({ name }) => name === 'openai 7.59')!;
const anthropic = SDKS.find(({ name }) => name === 'anthropic 1.14')!;
const ok = json(openai.completion);
const error500 = json(openai.errorBody, 500);

describe('options stay live', () => {
  it('passes the caller’s options object itself to the SDK, unread getters included', async () => {
    const client = guardedClient(openai, testGuard(), fakeFetch(ok).fetch);
    const seen: unknown[] = [];
    const reads: string[] = [];
    client.prepareOptions = (options: object) => {
      seen.push(options);
      return Promise.resolve();
    };
    const options = {
      method: 'post',
      body: { model: 'm', messages: [] },
      get path() {
        reads.push('path');
        return '/chat/completions';
      },
    };
    await client.request(options);
    expect(seen).toEqual([options]);
    expect(seen[0]).toBe(options);
    const stockReads: string[] = [];
    await new OpenAI({ apiKey: 'k', fetch: fakeFetch(ok).fetch }).request({
      method: 'post',
      get path() {
        stockReads.push('path');
        return '/chat/completions';
      },
    } as never);
    expect(reads).toEqual(stockReads);
  });

  it('keeps the retries of later pages', async () => {
    const page = (id: string, more: boolean): Reply => json({ object: 'list', data: [{ id }], has_more: more });
    const fake = fakeFetch(page('a', true), error500, page('b', false));
    const client = guardedClient(openai, testGuard(), fake.fetch);
    const ids: string[] = [];
    for await (const file of client.files.list({ limit: 1 })) ids.push(file.id as string);
    expect(ids).toEqual(['a', 'b']);
    expect(fake.requests).toHaveLength(3);
  });

  it('repeats an idempotency key on every attempt', async () => {
    class Keyed extends OpenAI {
      constructor(options: object) {
        super(options);
        (this as unknown as { idempotencyHeader: string }).idempotencyHeader = 'Idempotency-Key';
      }
    }
    const fake = fakeFetch(error500, ok);
    const client = testGuard().wrap(new Keyed({ apiKey: 'keyed', fetch: fake.fetch }));
    await client.chat.completions.create({ model: 'm', messages: [] });
    const keys = fake.requests.map(({ headers }) => headers.get('idempotency-key'));
    expect(keys[0]).toBeTruthy();
    expect(keys[0]).toBe(keys[1]);
  });

  it('leaves the retry count header to a caller that sets or removes it', async () => {
    const fake = fakeFetch(error500, ok);
    const client = guardedClient(openai, testGuard(), fake.fetch);
    await openai.create(client, { headers: { 'X-Stainless-Retry-Count': '42' } });
    expect(fake.requests[1]!.headers.get('x-stainless-retry-count')).toBe('42');
    await openai.create(client, { headers: { 'X-Stainless-Retry-Count': null } });
    expect(fake.requests[2]!.headers.has('x-stainless-retry-count')).toBe(false);
  });

  it('honours retries passed to request()', async () => {
    const fake = fakeFetch(error500);
    const client = guardedClient(openai, testGuard(), fake.fetch);
    await expect(client.request({ method: 'get', path: '/models' }, 1)).rejects.toMatchObject({ status: 500 });
    expect(fake.requests).toHaveLength(2);
  });
});

describe('retries that the SDK owns', () => {
  it('repeats a request whose body stalled (openai >= 7.5)', async () => {
    useSocketClockInSdks();
    const stalled: Reply = () =>
      new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{"id":')) }),
        {
          headers: { 'content-type': 'application/json' },
        },
      );
    const guard = testGuard();
    const fake = fakeFetch(stalled, ok);
    const client = guardedClient(openai, guard, fake.fetch, { timeout: SDK_TIMEOUT_MS });
    expect(openai.text(await openai.create(client))).toBe('answer');
    expect(fake.requests).toHaveLength(2);
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success_after_retry', attempts: 2 }]);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });

  it('ends a call whose body stalls for good', async () => {
    useSocketClockInSdks();
    const stalled: Reply = () =>
      new Response(new ReadableStream({}), { headers: { 'content-type': 'application/json' } });
    const guard = testGuard();
    const client = guardedClient(openai, guard, fakeFetch(stalled).fetch, { timeout: SDK_TIMEOUT_MS, maxRetries: 1 });
    await expect(openai.create(client)).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'timeout' }]);
    expect(guard.snapshot()).toMatchObject([{ inFlight: 0 }]);
  });

  it('renews an expired workload token within the attempt (openai)', async () => {
    let tokens = 0;
    const fake = fakeFetch(({ url, headers }) => {
      if (url.includes('token')) {
        tokens++;
        return new Response(
          JSON.stringify({
            access_token: `token-${tokens}`,
            expires_in: 3600,
            token_type: 'Bearer',
            issued_token_type: 'x',
          }),
          { headers: { 'content-type': 'application/json' } },
        );
      }
      return headers.get('authorization') === 'Bearer token-1'
        ? new Response('{}', { status: 401 })
        : new Response(JSON.stringify(openai.completion), { headers: { 'content-type': 'application/json' } });
    });
    const guard = testGuard();
    const client = guard.wrap(
      new OpenAI({
        fetch: fake.fetch,
        workloadIdentity: {
          identityProviderId: 'idp',
          serviceAccountId: 'sa',
          provider: { tokenType: 'jwt', getToken: () => Promise.resolve('subject') },
        },
      } as never),
    );
    expect(openai.text(await openai.create(client))).toBe('answer');
    expect(tokens).toBe(2);
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end')).toMatchObject([{ outcome: 'success', attempts: 1 }]);
  });

  it('renews an expired token once per call (anthropic)', async () => {
    let minted = 0;
    const fake = fakeFetch(({ headers }) =>
      headers.get('authorization') === 'Bearer t1'
        ? new Response('{"type":"error","error":{"type":"authentication_error","message":"expired"}}', { status: 401 })
        : new Response(JSON.stringify(anthropic.completion), { headers: { 'content-type': 'application/json' } }),
    );
    const guard = testGuard();
    const client = guard.wrap(
      new Anthropic({
        apiKey: null,
        authToken: null,
        fetch: fake.fetch,
        credentials: () => Promise.resolve({ token: `t${++minted}`, expiresAt: Math.floor(Date.now() / 1000) + 3600 }),
      } as never),
    );
    expect(anthropic.text(await anthropic.create(client))).toBe('answer');
    expect(minted).toBe(2);
    expect(fake.requests).toHaveLength(2);
  });

  it('retries a RetryableError of middleware and finally throws it unchanged (anthropic)', async () => {
    const fake = fakeFetch(json(anthropic.completion));
    let runs = 0;
    const thrown = new RetryableError('again');
    const make = (failures: number) =>
      testGuard().wrap(
        new Anthropic({
          apiKey: 'k',
          fetch: fake.fetch,
          maxRetries: 2,
          middleware: [
            (request, next) => {
              if (++runs <= failures) throw thrown;
              return next(request);
            },
          ],
        }),
      );
    expect(anthropic.text(await anthropic.create(make(2)))).toBe('answer');
    runs = 0;
    await expect(anthropic.create(make(99))).rejects.toBe(thrown);
    expect(runs).toBe(3);
    runs = 0;
    const plain = new Error('not for retry');
    const client = testGuard().wrap(
      new Anthropic({ apiKey: 'k', fetch: fake.fetch, middleware: [() => Promise.reject(plain)] }),
    );
    await expect(anthropic.create(client)).rejects.toBe(plain);
    const before = fake.requests.length;
    const replacing = testGuard().wrap(
      new Anthropic({
        apiKey: 'k',
        fetch: fake.fetch,
        middleware: [
          async (request, next) => {
            await next(request);
            throw plain;
          },
        ],
      }),
    );
    await expect(anthropic.create(replacing)).rejects.toBe(plain);
    expect(fake.requests).toHaveLength(before + 1);
  });
});

describe('context, classes and clones', () => {
  it('runs every attempt in the caller’s async context', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const fake = fakeFetch(
      () => {
        seen.push(storage.getStore());
        return new Response('{}', { status: 500 });
      },
      () => {
        seen.push(storage.getStore());
        return sse([`data: {"error":{"message":"down","type":"server_error"}}\n\n`])({
          url: '',
          init: {},
          headers: new Headers(),
          attempt: 2,
        });
      },
      (request) => {
        seen.push(storage.getStore());
        return sse(openai.chunks)(request);
      },
    );
    const client = guardedClient(openai, testGuard(), fake.fetch);
    const stream = await storage.run('caller', () => openai.stream(client));
    await storage.run('reader', async () => {
      for await (const _ of stream);
    });
    expect(seen).toEqual(['caller', 'caller', 'caller']);
  });

  it('treats a call made inside an attempt as a separate call', async () => {
    const guard = testGuard();
    const inner = guardedClient(openai, guard, fakeFetch(error500, ok).fetch);
    let nested: Promise<unknown> | undefined;
    const outer = guardedClient(
      openai,
      guard,
      fakeFetch(async () => {
        nested = openai.create(inner);
        await nested;
        return new Response(JSON.stringify(openai.completion), { headers: { 'content-type': 'application/json' } });
      }).fetch,
    );
    expect(openai.text(await openai.create(outer))).toBe('answer');
    await callsEnded(guard);
    expect(eventsOf(guard, 'call.end').map(({ attempts }) => attempts)).toEqual([2, 1]);
  });

  it('does not wrap fetch twice in clones, and follows a fetch that is set later', async () => {
    const guard = testGuard();
    const Guarded = dropIn(OpenAI);
    const first = fakeFetch(ok);
    const client = new Guarded({ apiKey: 'clone', fetch: first.fetch, tidegate: FAST } as never);
    const clone = client.withOptions({ maxRetries: 1 });
    expect(clone).toBeInstanceOf(Guarded);
    await openai.create(clone);
    expect(first.requests).toHaveLength(1);
    const second = fakeFetch(error500, ok);
    (clone as unknown as { fetch: typeof fetch }).fetch = second.fetch;
    await openai.create(clone);
    expect(second.requests).toHaveLength(2);
    expect(guard.snapshot()).toEqual([]);
  });

  it('exposes the classes that a custom fetch brings along', async () => {
    const fake = fakeFetch(ok);
    const client = guardedClient(openai, testGuard(), Object.assign(fake.fetch, { Response }));
    expect((client.fetch as unknown as { Response: unknown }).Response).toBe(Response);
  });

  it('is indistinguishable as a class', () => {
    const Guarded = dropIn(OpenAI);
    const GuardedAzure = dropIn(AzureOpenAI);
    expect(Guarded.name).toBe('OpenAI');
    expect((Guarded as unknown as { OpenAI: unknown }).OpenAI).toBe(Guarded);
    expect(Guarded.APIError).toBe(OpenAI.APIError);
    const client = new Guarded({ apiKey: 'k' });
    expect(client).toBeInstanceOf(OpenAI);
    expect(new OpenAI({ apiKey: 'k' })).toBeInstanceOf(Guarded);
    const azure = new GuardedAzure({ apiKey: 'k', endpoint: 'https://x.openai.azure.com', apiVersion: '2024-10-21' });
    expect(azure).toBeInstanceOf(Guarded);
    class Mine extends Guarded {}
    expect(new Mine({ apiKey: 'k' })).toBeInstanceOf(Mine);
    expect(client).not.toBeInstanceOf(Mine);
  });

  it('shares a lane between clients of one account and keeps others apart', async () => {
    const guard = testGuard();
    const { fetch } = fakeFetch(ok);
    const make = (apiKey: string, baseURL?: string) =>
      guardedClient(openai, guard, fetch, { apiKey, ...(baseURL ? { baseURL } : {}) });
    await openai.create(make('account-a'));
    await openai.create(make('account-a'));
    await openai.create(make('account-b'));
    await openai.create(make('account-a', 'https://other.example/v1'));
    expect(guard.snapshot().map(({ counts }) => counts.calls)).toEqual([2, 1, 1]);
    expect(JSON.stringify(guard.snapshot())).not.toContain('account-');
  });

  it('uses global timers at call time, so that a user’s fake timers apply', async () => {
    vi.useFakeTimers();
    try {
      const fake = fakeFetch(error500, ok);
      const client = guardedClient(openai, testGuard({ retry: { initialDelayMs: 5_000 } }), fake.fetch);
      const promise = openai.create(client);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(openai.text(await promise)).toBe('answer');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('other clients', () => {
  it('guards AzureOpenAI', async () => {
    const guard = testGuard();
    const fake = fakeFetch(error500, ok);
    const client = guard.wrap(
      new AzureOpenAI({
        apiKey: 'azure',
        endpoint: 'https://x.openai.azure.com',
        apiVersion: '2024-10-21',
        fetch: fake.fetch,
      }),
    );
    expect(openai.text(await openai.create(client))).toBe('answer');
    expect(fake.requests[1]!.url).toContain('/openai/deployments/test-model/chat/completions');
    expect(guard.snapshot()).toMatchObject([{ provider: 'azure.ai.openai', group: 'test-model' }]);
  });

  it('guards Anthropic’s clients of other clouds', async () => {
    const guard = testGuard();
    const overloaded = json({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 529);
    const replies = () => fakeFetch(overloaded, json(anthropic.completion));
    const bedrock = replies();
    const vertex = replies();
    const foundry = replies();
    const aws = replies();
    const google = replies();
    const authClient = {
      projectId: 'p',
      getRequestHeaders: () => Promise.resolve(new Headers({ authorization: 'Bearer t' })),
      getAccessToken: () => Promise.resolve({ token: 't' }),
    };
    const clients = [
      new AnthropicBedrock({ awsAccessKey: 'a', awsSecretKey: 's', awsRegion: 'us-east-1', fetch: bedrock.fetch }),
      new AnthropicVertex({
        region: 'us-east5',
        projectId: 'p',
        authClient,
        fetch: vertex.fetch,
      } as never),
      new AnthropicFoundry({ apiKey: 'k', resource: 'r', fetch: foundry.fetch }),
      new AnthropicAws({ apiKey: 'k', awsRegion: 'us-east-1', workspaceId: 'w', fetch: aws.fetch }),
      new AnthropicGoogleCloud({
        project: 'p',
        location: 'l',
        workspaceId: 'w',
        authClient,
        fetch: google.fetch,
      } as never),
    ];
    for (const client of clients) expect(anthropic.text(await anthropic.create(guard.wrap(client)))).toBe('answer');
    expect([bedrock, vertex, foundry, aws, google].map(({ requests }) => requests.length)).toEqual([2, 2, 2, 2, 2]);
    expect(guard.snapshot().map(({ provider }) => provider)).toEqual([
      'aws.bedrock',
      'gcp.vertex_ai',
      'anthropic',
      'anthropic',
      'gcp.vertex_ai',
    ]);
  });

  it('guards OpenAI’s Bedrock client and a client with a provider', async () => {
    const guard = testGuard();
    const [first, second] = [fakeFetch(error500, ok), fakeFetch(error500, ok)];
    const own = guard.wrap(new BedrockOpenAI({ apiKey: 'k', awsRegion: 'us-east-1', fetch: first.fetch }));
    const provider = bedrockProvider({ region: 'us-east-1', apiKey: 'k' });
    const provided = guard.wrap(new OpenAI({ provider, fetch: second.fetch }));
    for (const client of [own, provided]) expect(openai.text(await openai.create(client))).toBe('answer');
    expect([first, second].map(({ requests }) => requests.length)).toEqual([2, 2]);
  });

  it('refuses unsupported clients, and says what works', () => {
    const guard = testGuard();
    expect(() => guard.wrap({})).toThrow(TidegateSetupError);
    expect(() => guard.wrap({})).toThrow(/Expected a client of openai, @anthropic-ai\/sdk or groq-sdk, got Object/);
    expect(() => guard.wrap(null as never)).toThrow(/got null/);
    const old = { constructor: class OpenAI {}, makeRequest: () => undefined };
    expect(() => guard.wrap(Object.setPrototypeOf(old, class OpenAI {}.prototype) as object)).toThrow(
      /cannot be guarded: it has no .*openai >=5\.0\.0 <8/,
    );
    const client = new Groq({ apiKey: 'k' });
    expect(guard.wrap(client)).toBe(client);
    expect(guard.wrap(client)).toBe(client);
    expect(() => testGuard().wrap(client)).toThrow(/already guarded/);
  });

  it('refuses calls after the guard is closed, with the SDK’s own error class', async () => {
    const guard = testGuard();
    const fake = fakeFetch(ok);
    const client = guardedClient(openai, guard, fake.fetch);
    await guard.close();
    const error = await openai.create(client).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'closed', tidegate: { attempts: 0 } });
    expect(fake.requests).toHaveLength(0);
    expect(() => guard.wrap(new OpenAI({ apiKey: 'k' }))).toThrow(/guard is closed/);
  });
});
