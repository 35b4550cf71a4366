import { describe, expect, it } from 'vitest';
import Anthropic from '../../src/anthropic.ts';
import { createGuardedFetch } from '../../src/fetch.ts';
import Groq from '../../src/groq.ts';
import { createGuard, wrap } from '../../src/index.ts';
import OpenAI from '../../src/openai.ts';
import { withCall } from '../../src/with-call.ts';

/** Every way in which an application gives a guard its options. */
const WAYS: Readonly<Record<string, (options: never) => unknown>> = {
  createGuard: (options) => createGuard(options),
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
  ['attributes that are null', { telemetry: { attributes: null } }, 'Expected `telemetry.attributes` to be an object'],
];

describe.each(Object.entries(WAYS))('options of %s', (_name, make) => {
  it.each(BAD)('are refused where they are or have %s', (_case, options, message) => {
    expect(() => make(options as never)).toThrow(expect.objectContaining({ code: 'invalid_option' }) as Error);
    expect(() => make(options as never)).toThrow(message);
  });
});

describe('options of withCall', () => {
  it.each([null, 'fast', [], 5, { deadlineMs: '1' }, { deadlineMs: null }, { tenant: {} }, { priority: 'toString' }])(
    'are refused where they are %j, and nothing runs',
    (options) => {
      let ran = false;
      const run = (): unknown => withCall(options as never, () => (ran = true));
      expect(run).toThrow(expect.objectContaining({ code: 'invalid_option' }) as Error);
      expect(ran).toBe(false);
    },
  );
});

describe('an option without measure', () => {
  it.each([
    { deadlineMs: 'x'.repeat(1e6) },
    { ['x'.repeat(1e6)]: 1 },
    { telemetry: { attributes: { ['9'.repeat(1e6)]: 1 } } },
  ])('is named by its beginning', (options) => {
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

describe('an option that is inherited', () => {
  it('counts', () => {
    expect(() => createGuard(Object.create({ deadlineMs: -1 }) as never)).toThrow('Expected `deadlineMs`');
  });
});

describe('a getter', () => {
  it('is asked once, so that what was checked is what is used', () => {
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
