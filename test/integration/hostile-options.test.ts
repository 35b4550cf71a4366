import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import Anthropic from '../../src/anthropic.ts';
import { batch } from '../../src/batch.ts';
import { engine } from '../../src/engine.ts';
import { createGuardedFetch } from '../../src/fetch.ts';
import Groq from '../../src/groq.ts';
import { configure, createGuard, recordHits, wrap } from '../../src/index.ts';
import OpenAI from '../../src/openai.ts';
import { withCall } from '../../src/with-call.ts';

/** Every way in which an application passes options to a guard. */
const WAYS: Readonly<Record<string, (options: never) => unknown>> = {
  createGuard: (options) => createGuard(options),
  configure: (options) => configure(options),
  wrap: (options) => wrap(new OpenAI({ apiKey: 'k' }), options),
  'tidegate/fetch': (options) => createGuardedFetch(options),
  'tidegate/openai': (options) => new OpenAI({ apiKey: 'k', tidegate: options } as object),
  'tidegate/anthropic': (options) => new Anthropic({ apiKey: 'k', tidegate: options } as object),
  'tidegate/groq': (options) => new Groq({ apiKey: 'k', tidegate: options } as object),
};

const BAD: readonly [string, unknown, string][] = [
  ['a text', 'fast', 'Expected `options` to be an object, got "fast"'],
  ['null', null, 'Expected `options` to be an object, got null'],
  ['a list', [], 'Expected `options` to be an object, got '],
  ['an unknown key', { retries: 3 }, 'Expected `options` to be an object with the keys'],
  ['a section that is null', { bulkhead: null }, 'Expected `bulkhead` to be an object, got null'],
  ['a body that is null', { body: null }, 'Expected `body` to be an object, got null'],
  ['a budget that is null', { retry: { budget: null } }, 'Expected `retry.budget` to be an object, got null'],
  ['a number as text', { deadlineMs: '5000' }, 'Expected `deadlineMs` to be a number from 1'],
  ['NaN', { pacing: { headroom: Number.NaN } }, 'Expected `pacing.headroom`'],
  ['infinity', { bulkhead: { maxConcurrent: Infinity } }, 'Expected `bulkhead.maxConcurrent`'],
  ['a symbol', { retry: { maxAttempts: Symbol('many') } }, 'Expected `retry.maxAttempts`'],
  ['a bigint', { deadlineMs: 5n }, 'Expected `deadlineMs`'],
  ['attributes that are a text', { telemetry: { attributes: 'a' } }, 'Expected `telemetry.attributes` to be an object'],
  ['attributes that are a list', { telemetry: { attributes: [] } }, 'Expected `telemetry.attributes` to be an object'],
  [
    'a tracer provider that is none',
    { telemetry: { tracerProvider: {} } },
    'Expected `telemetry.tracerProvider` to be',
  ],
  ['a meter provider that is null', { telemetry: { meterProvider: null } }, 'Expected `telemetry.meterProvider` to be'],
  ['prices that are a list', { prices: [] }, 'Expected `prices` to be a table of prices or a function, got an array'],
  ['a price that is a text', { prices: { a: { input: '1', output: 1 } } }, 'Expected `prices["a"].input`'],
  ['attributes that are null', { telemetry: { attributes: null } }, 'Expected `telemetry.attributes` to be an object'],
];

describe.each(Object.entries(WAYS))('options of %s', (_name, make) => {
  it.each(BAD)('are refused if they are or have %s', (_case, options, message) => {
    expect(() => make(options as never)).toThrow(expect.objectContaining({ code: 'invalid_option' }) as Error);
    expect(() => make(options as never)).toThrow(message);
  });
});

describe('configure', () => {
  it('accepts good options after bad ones', async () => {
    await engine().resetDefaultGuard();
    expect(() => configure({ deadlineMs: -1 })).toThrow('Expected `deadlineMs`');
    configure({ deadlineMs: 1_000 });
    await engine().resetDefaultGuard();
  });
});

const folder = mkdtempSync(join(tmpdir(), 'tidegate-options-'));
const circle: Record<string, unknown> = {};
circle['itself'] = circle;

describe('options of batch()', () => {
  it.each([
    ['options', 'fast'],
    ['options', null],
    ['options', []],
    ['options', { concurrency: 5 }],
    ['maxConcurrent', { maxConcurrent: '5' }],
    ['maxConcurrent', Object.create({ maxConcurrent: -1 })],
    ['window', { window: Number.NaN }],
    ['stopAfter', { stopAfter: 1.5 }],
    ['order', { order: Symbol('input') }],
    ['priority', { priority: {} }],
    ['dedupe', { dedupe: 1 }],
    ['key', { key: 'id' }],
    ['onProgress', { onProgress: {} }],
    ['signal', { signal: {} }],
    ['signal', { signal: null }],
    ['guard', { guard: {} }],
    ['guard', { guard: { on: () => undefined } }],
    ['maxCost', { maxCost: Number.NaN, worstCost: () => 1 }],
    ['worstCost', { maxCost: 5 }],
    ['worstCost', { worstCost: 5 }],
    ['journal', { journal: null }],
    ['journal', { journal: [] }],
    ['journal', { journal: '' }],
    ['journal', { journal: 'a\0b' }],
    ['journal', { journal: { path: 'x', paramters: 1 } }],
    ['journal.retryFailed', { journal: { path: 'x', retryFailed: 'yes' } }],
    ['journal.parameters', { journal: { path: 'x', parameters: circle } }],
    ['journal.parameters', { journal: { path: 'x', parameters: () => 1 } }],
  ])('are refused at once: %s, %o', (path, options) => {
    const error = expect.objectContaining({ code: 'invalid_option' }) as Error;
    expect(() => batch([1], () => 1, options as never)).toThrow(error);
    expect(() => batch([1], () => 1, options as never)).toThrow(`Expected \`${path}\` to be `);
  });

  it('are read once', async () => {
    const asked = new Map<string, number>();
    const values: Record<string, unknown> = { path: join(folder, 'asked.journal'), dedupe: true, maxConcurrent: 2 };
    const once = (names: readonly string[], rest: object = {}): object =>
      names.reduce(
        (object, name) =>
          Object.defineProperty(object, name, {
            enumerable: true,
            get() {
              asked.set(name, (asked.get(name) ?? 0) + 1);
              return asked.get(name) === 1 ? values[name] : Symbol('later');
            },
          }),
        rest,
      );
    const options = once(['dedupe', 'maxConcurrent'], { journal: once(['path']) });
    expect(await batch([1, 1], (item) => item, options)).toHaveLength(2);
    expect([...asked.values()]).toEqual([1, 1, 1]);
  });
});

describe('options of recordHits()', () => {
  it.each([
    ['options', 'hits.jsonl'],
    ['options', null],
    ['options', []],
    ['options', { file: 'x' }],
    ['path', {}],
    ['path', { path: 5 }],
    ['path', { path: 'a\0b' }],
    ['rotateBytes', { path: 'x', rotateBytes: Infinity }],
    ['keep', { path: 'x', keep: '5' }],
    ['record', { path: 'x', record: 'everything' }],
    ['guard', { path: 'x', guard: null }],
    ['guard', { path: 'x', guard: { on: () => undefined } }],
  ])('are refused at once: %s, %o', (path, options) => {
    const error = expect.objectContaining({ code: 'invalid_option' }) as Error;
    expect(() => recordHits(options as never)).toThrow(error);
    expect(() => recordHits(options as never)).toThrow(`Expected \`${path}\` to be `);
  });

  it('are read once', async () => {
    let asked = 0;
    const options = {
      get path() {
        return ++asked === 1 ? join(folder, 'hits.jsonl') : 5;
      },
      guard: createGuard(),
    };
    await recordHits(options as never).close();
    expect(asked).toBe(1);
  });
});

afterAll(() => engine().resetDefaultGuard());

describe('options of withCall', () => {
  it.each([null, 'fast', [], 5, { deadlineMs: '1' }, { deadlineMs: null }, { tenant: {} }, { priority: 'toString' }])(
    'are refused if they are %j, and nothing runs',
    (options) => {
      let ran = false;
      const run = (): unknown => withCall(options as never, () => (ran = true));
      expect(run).toThrow(expect.objectContaining({ code: 'invalid_option' }) as Error);
      expect(ran).toBe(false);
    },
  );
});

describe('an option of excessive length', () => {
  it.each([
    { deadlineMs: 'x'.repeat(1e6) },
    { ['x'.repeat(1e6)]: 1 },
    { telemetry: { attributes: { ['9'.repeat(1e6)]: 1 } } },
  ])('is quoted by its beginning', (options) => {
    const message = (() => {
      try {
        createGuard(options as never);
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    })();
    expect(message).toMatch(/^Expected `/);
    expect(message!.length).toBeLessThan(2_000);
  });
});

describe('an inherited option', () => {
  it('counts', () => {
    expect(() => createGuard(Object.create({ deadlineMs: -1 }) as never)).toThrow('Expected `deadlineMs`');
  });
});

describe('a getter', () => {
  it('is read once, so that the checked value is the one used', () => {
    let asked = 0;
    const options = {
      get deadlineMs() {
        return ++asked === 1 ? 1_000 : 'never';
      },
    };
    withCall(options as never, () => undefined);
    expect(asked).toBe(1);
    asked = 0;
    createGuard(options as never);
    expect(asked).toBe(1);
  });
});
