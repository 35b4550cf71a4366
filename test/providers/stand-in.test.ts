import type * as sdkModule from 'openai';
import OpenAI, { AzureOpenAI } from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { dropIn, dropInDefault, dropInExport } from '../../src/drop-in.ts';
import { TidegateSetupError } from '../../src/errors.ts';
import { createGuard } from '../../src/create-guard.ts';

const create = (): string => 'faked';

/** Test doubles as tests make them, each with the calls made on it. */
const STAND_INS: Record<string, () => { chat: { completions: { create: () => unknown } } }> = {
  'a plain object': () => ({ chat: { completions: { create } } }),
  'a class of another name': () =>
    new (class Fake {
      chat = { completions: { create } };
    })(),
  'a class of the SDK’s name': () =>
    new (class OpenAI {
      readonly apiKey = 'k';
      chat = { completions: { create } };
    })(),
  'an instance of a mocked class': () =>
    new (vi.fn(
      class {
        chat = { completions: { create } };
      },
    ))(),
  'a subclass of a client whose methods are all mocked': () => {
    class Automocked {
      chat = { completions: { create } };
    }
    for (const name of ['makeRequest', 'buildRequest', 'retryRequest', 'shouldRetry', 'post', 'request']) {
      Object.defineProperty(Automocked.prototype, name, { value: vi.fn() });
    }
    return new Automocked();
  },
};

describe('a test double of a client', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(Object.entries(STAND_INS))('passes through wrap, with one warning: %s', (_name, make) => {
    const guard = createGuard();
    const warnings: string[] = [];
    guard.on('warning', ({ message }) => warnings.push(message));
    const client = make();
    const before = Reflect.ownKeys(client);
    expect(guard.wrap(client)).toBe(client);
    expect(client.chat.completions.create()).toBe('faked');
    expect(Reflect.ownKeys(client)).toEqual(before);
    expect(warnings).toEqual([expect.stringContaining("is a test double of an SDK's client")]);
  });

  it('is reported by process.emitWarning once if there is no listener', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const guard = createGuard();
    guard.wrap(STAND_INS['a plain object']!());
    guard.wrap(STAND_INS['a plain object']!());
    expect(emitWarning).toHaveBeenCalledTimes(1);
  });

  it('is not confused with a client of an unsupported version or of another SDK', () => {
    const guard = createGuard();
    /** openai 3 and 4 sent requests through these. */
    class OpenAI {
      baseURL = 'https://api.openai.com/v1';
      chat = { completions: { create } };
      post(): void {}
      makeRequest(): void {}
    }
    expect(() => guard.wrap(new OpenAI())).toThrow(/cannot be guarded: it has no retryRequest/);
    class Portkey {
      baseURL = 'https://api.portkey.ai/v1';
      chat = { completions: { create } };
    }
    for (const other of [new Portkey(), {}, { chat: {} }]) expect(() => guard.wrap(other)).toThrow(TidegateSetupError);
  });

  it('is guarded normally if only one of its methods is spied on', () => {
    const client = new OpenAI({ apiKey: 'k' });
    vi.spyOn(client.chat.completions, 'create');
    createGuard().wrap(client);
    expect(Object.hasOwn(client, 'makeRequest')).toBe(true);
  });
});

describe('a drop-in over a mocked module', () => {
  const Mock = vi.fn();
  /** vitest's result for a factory that omits an export: accessing it throws. */
  const strict = <T extends object>(mocked: T): T & typeof sdkModule =>
    new Proxy(mocked, {
      get: (target, key) => {
        if (key in target) return Reflect.get(target, key) as unknown;
        throw new Error(`No "${String(key)}" export is defined on the mock`);
      },
    }) as T & typeof sdkModule;

  it('has what the mock has, and lacks what it lacks', () => {
    const sdk = strict({ default: Mock });
    const named = dropInExport(sdk, 'OpenAI');
    expect(named).toBeUndefined();
    expect(dropInDefault(sdk, 'OpenAI', named)).toBe(Mock);
    expect(dropInExport(strict({ OpenAI: Mock }), 'OpenAI')).toBe(Mock);
    expect(dropInDefault(strict({ OpenAI: Mock }), 'OpenAI', Mock as never)).toBe(Mock);
  });

  it('guards what is real in it', () => {
    const sdk = strict({ default: Mock, OpenAI: Mock, AzureOpenAI });
    expect(dropInExport(sdk, 'OpenAI')).toBe(Mock);
    expect(dropInExport(sdk, 'AzureOpenAI')).not.toBe(AzureOpenAI);
  });

  it('passes on exports that are not classes', () => {
    for (const value of [undefined, null, 'text', { a: 1 }]) expect(dropIn(value)).toBe(value);
  });
});
