import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeFetch, json } from './helpers/fake-fetch.ts';
import { SDKS } from './helpers/sdk-matrix.ts';

const openai = SDKS[0]!;
const ok = json(openai.completion);
const error500 = json(openai.errorBody, 500);

/** The entries as a new process sees them. */
async function fresh() {
  vi.resetModules();
  Reflect.deleteProperty(globalThis, Symbol.for('tidegate'));
  const [root, dropIn, fetching] = await Promise.all([
    import('../src/index.ts'),
    import('../src/openai.ts'),
    import('../src/fetch.ts'),
  ]);
  return { ...root, DropIn: dropIn.default, guardedFetch: fetching.guardedFetch };
}

type Entries = Awaited<ReturnType<typeof fresh>>;

let entries: Entries;
let nextKey = 1;
beforeEach(async () => {
  entries = await fresh();
});
afterEach(async () => {
  await entries.defaultGuard.close();
});

const clientOptions = (fetch: typeof globalThis.fetch) => ({ apiKey: `default-${nextKey++}`, fetch });

const WAYS: readonly (readonly [string, (fetch: typeof globalThis.fetch) => Promise<unknown>])[] = [
  ['drop-in', async (fetch) => openai.create(new entries.DropIn(clientOptions(fetch))) as Promise<unknown>],
  ['wrap', async (fetch) => openai.create(entries.wrap(new OpenAI(clientOptions(fetch)))) as Promise<unknown>],
  [
    'fetch',
    (fetch) => {
      vi.stubGlobal('fetch', fetch);
      return entries.guardedFetch(`http://api-${nextKey++}.test/v1/chat/completions`, { method: 'POST', body: '{}' });
    },
  ],
];

afterEach(() => vi.unstubAllGlobals());

describe.each(WAYS)('the default guard behind %s', (_way, call) => {
  it('emits events, shows its lanes and can be closed', async () => {
    const { defaultGuard } = entries;
    const retries: string[] = [];
    const stop = defaultGuard.on('retry', ({ reason }) => retries.push(reason));
    const { fetch } = fakeFetch(error500, ok);
    await call(fetch);
    expect(retries).toEqual(['server_error']);
    expect(defaultGuard.snapshot()).toMatchObject([{ counts: { attempts: 2 } }]);
    expect(defaultGuard().snapshot()).toEqual(defaultGuard.snapshot());
    stop();
    await defaultGuard.close();
    await expect(call(fetch)).rejects.toMatchObject({ code: 'closed' });
  });

  it('has the options that it was given before', async () => {
    entries.configure({ retry: false });
    const fake = fakeFetch(error500);
    await call(fake.fetch).catch(() => undefined);
    expect(fake.requests).toHaveLength(1);
  });

  it('refuses options once it is in use', async () => {
    await call(fakeFetch(ok).fetch);
    expect(() => entries.configure({})).toThrow('The default guard is in use: call configure() once, before');
  });
});

describe('configure', () => {
  it('may be called once', () => {
    entries.configure({});
    let thrown: unknown;
    try {
      entries.configure({});
    } catch (error) {
      thrown = error;
    }
    expect(entries.isTidegateError(thrown)).toBe(true);
    expect(thrown).toMatchObject({ code: 'in_use' });
  });

  it('throws at once for a bad option, and may then be called again', () => {
    expect(() => entries.configure({ deadlineMs: 0 })).toThrow('Expected `deadlineMs`');
    expect(() => entries.configure({ deadlineMs: 5 })).not.toThrow();
  });

  it('leaves guards with options of their own alone', async () => {
    entries.configure({ retry: false });
    const { fetch } = fakeFetch(error500, ok);
    const client = entries.wrap(new OpenAI(clientOptions(fetch)), { retry: { initialDelayMs: 1 } });
    expect(openai.text(await openai.create(client))).toBe('answer');
  });
});

it('wraps a client and gives a fetch', async () => {
  const { defaultGuard } = entries;
  const client = defaultGuard.wrap(new OpenAI(clientOptions(fakeFetch(ok).fetch)));
  expect(openai.text(await openai.create(client))).toBe('answer');
  expect(defaultGuard.fetch).toBe(defaultGuard().fetch);
});

it('can be reset between tests', async () => {
  const { resetDefaultGuard } = await import('../src/testing.ts');
  const { configure, defaultGuard } = entries;
  await openai.create(defaultGuard.wrap(new OpenAI(clientOptions(fakeFetch(ok).fetch))));
  const before = defaultGuard();
  expect(before.snapshot()).toHaveLength(1);
  await resetDefaultGuard();
  expect(() => before.wrap(new OpenAI({ apiKey: 'k' }))).toThrow('This guard is closed');
  configure({ deadlineMs: 60_000 });
  expect(defaultGuard()).not.toBe(before);
  expect(defaultGuard.snapshot()).toEqual([]);
  await resetDefaultGuard();
});
