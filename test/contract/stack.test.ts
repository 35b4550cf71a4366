import { describe, expect, it, vi } from 'vitest';
import { fakeFetch, hang, json, refused, type Reply, sse } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { type AnyClient, SDKS, type SdkCase } from '../helpers/sdk-matrix.ts';

/** The application's line, the same for both clients, so that their stacks can be equal. */
async function application(run: () => Promise<unknown>): Promise<Error> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected the call to fail');
}

/** Without the event loop's own frames, which depend on what else is due. */
function framesOf({ stack }: Error): string {
  return stack!.replaceAll(/\n {4}at .*node:internal\/(?:process|timers).*/g, '');
}

/** The errors of the bare SDK and of the guarded one, from the same line. */
async function bothFail(
  sdk: SdkCase,
  replies: readonly Reply[],
  run: (client: AnyClient) => Promise<unknown>,
  options: object = { maxRetries: 0 },
): Promise<{ bare: string; guarded: string }> {
  const clients = [
    new sdk.Client({ apiKey: 'bare', fetch: fakeFetch(...replies).fetch, ...options }),
    guardedClient(sdk, testGuard(), fakeFetch(...replies).fetch, { ...options }),
  ];
  const stacks: string[] = [];
  for (const client of clients) stacks.push(framesOf(await application(() => run(client))));
  return { bare: stacks[0]!, guarded: stacks[1]! };
}

const broken: Reply = () => new Response('{"id":', { headers: { 'content-type': 'application/json' } });

describe.each(SDKS)('$name', (sdk) => {
  it.each([
    ['an error answer', json(sdk.errorBody, 400)],
    ['a rate limit', json(sdk.errorBody, 429)],
    ['a server error', json(sdk.errorBody, 500)],
    ['a failed connection', refused],
  ])('names the caller as the bare SDK does: %s', async (_name, reply) => {
    const awaited = await bothFail(sdk, [reply], async (client) => await sdk.create(client));
    expect(awaited.bare).toContain('stack.test.ts');
    expect(awaited.guarded).toBe(awaited.bare);
    const { bare, guarded } = await bothFail(sdk, [reply], async (client) => await sdk.create(client).withResponse());
    expect(guarded).toBe(bare);
  });

  it('leaves the stack of a body that is not JSON as it is', async () => {
    const { bare, guarded } = await bothFail(sdk, [broken], async (client) => await sdk.create(client));
    expect(guarded).toBe(bare);
  });

  it('names the caller when the last retry fails', async () => {
    const guard = testGuard({ retry: { ...(FAST.retry as object), maxAttempts: 3 } });
    const client = guardedClient(sdk, guard, fakeFetch(json(sdk.errorBody, 500)).fetch);
    const { stack } = await application(async () => await sdk.create(client));
    expect(stack).toContain('makeRequest');
    expect(stack).toContain('stack.test.ts');
    expect(stack).not.toMatch(/cockatiel|src[/\\](?:core|providers|policies)/);
  });

  it('names the caller in errors of tidegate', async () => {
    const guard = testGuard({ ...FAST, deadlineMs: 20 });
    const client = guardedClient(sdk, guard, fakeFetch(hang).fetch);
    const error = await application(async () => await sdk.create(client));
    expect(error).toMatchObject({ code: 'deadline_exceeded' });
    expect(framesOf(error).split('\n')[1]).toContain('stack.test.ts');
  });

  it('names the caller of a stream whose replacement failed', async () => {
    const early =
      sdk.family === 'anthropic'
        ? 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
        : 'data: {"error":{"message":"down","type":"server_error"}}\n\n';
    const fake = fakeFetch(sse([early]), json(sdk.errorBody, 400));
    const client = guardedClient(sdk, testGuard(), fake.fetch);
    const error = await application(async () => {
      for await (const _ of await sdk.stream(client));
    });
    expect(error).toMatchObject({ status: 400 });
    expect(error.stack).toContain('stack.test.ts');
  });

  it('leaves an error of the application’s own as it was made', async () => {
    const own = new Error('made long before');
    const { stack } = own;
    const client = guardedClient(sdk, testGuard(), fakeFetch(json(sdk.completion)).fetch);
    client.prepareOptions = () => Promise.reject(own);
    expect(await application(async () => await sdk.create(client))).toBe(own);
    expect(own.stack).toBe(stack);
  });

  it('survives unusual stacks', async () => {
    const client = guardedClient(sdk, testGuard(), fakeFetch(json(sdk.errorBody, 400)).fetch, { maxRetries: 0 });
    const call = (): Promise<Error> => application(async () => await sdk.create(client));
    vi.spyOn(Error, 'prepareStackTrace').mockReturnValue(['a list']);
    expect((await call()).stack).toEqual(['a list']);
    vi.restoreAllMocks();
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    expect((await call()).stack).not.toContain(' at ');
    Error.stackTraceLimit = stackTraceLimit;
  });
});

it('names the caller of a guarded fetch', async () => {
  const guard = testGuard({ retry: false });
  vi.stubGlobal('fetch', refused);
  try {
    const error = await application(async () => await guard.fetch('https://api.openai.com/v1/models'));
    expect(error.message).toBe('fetch failed');
    expect(error.stack).toContain('application');
  } finally {
    vi.unstubAllGlobals();
  }
});
