import { afterEach, describe, expect, it, vi } from 'vitest';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';

const openai = SDKS[0]!;

/** Each makes a value that no function of an application should return. */
const ODD: readonly [string, () => unknown][] = [
  ['a promise that rejects', () => Promise.reject(new Error('late'))],
  [
    'a then that throws',
    () => ({
      // eslint-disable-next-line unicorn/no-thenable
      get then() {
        throw new Error('getter');
      },
    }),
  ],
  ['a symbol', () => Symbol('odd')],
  ['an object', () => ({})],
  ['a function', () => () => 1],
  ['null', () => null],
  ['NaN', () => Number.NaN],
  ['a negative number', () => -1],
  ['an infinite number', () => Infinity],
  ['a bigint', () => 10n],
  ['an empty text', () => ''],
  ['an endless text', () => 'x'.repeat(100_000)],
  [
    'a throw of no error',
    () => {
      throw Object.create(null) as Error;
    },
  ],
];

/** Rejections that nobody handled, which would end the process. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

afterEach(() => {
  process.off('unhandledRejection', note);
  unhandled.length = 0;
});

describe.each(ODD)('a function that returns %s', (_name, odd) => {
  it('changes no call as a listener, as limitGroup or as countTokens', async () => {
    process.on('unhandledRejection', note);
    const guard = testGuard({ ...FAST, limitGroup: odd as () => string, pacing: { countTokens: odd as () => number } });
    guard.on('call.start', odd as () => void);
    guard.on('attempt.end', odd as () => void);
    const client = guardedClient(openai, guard, fakeFetch(json(openai.completion)).fetch);
    for (let call = 0; call < 3; call++) expect(openai.text(await openai.create(client))).toBe('answer');
    await vi.waitFor(() => expect(eventsOf(guard, 'call.end')).toHaveLength(3));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
    expect(guard.snapshot()).toMatchObject([{ group: 'test-model', counts: { succeeded: 3 } }]);
    const warnings = new Set(eventsOf(guard, 'warning').map(({ message }) => message));
    expect(warnings.size).toBe(2);
    for (const message of warnings) expect(message.length).toBeLessThan(200);
  });
});

describe('a limitGroup that returns another group for each call', () => {
  it('makes a bounded number of lanes, and is told once', async () => {
    let next = 0;
    const guard = testGuard({ ...FAST, limitGroup: () => `group-${next++}` });
    const client = guardedClient(openai, guard, fakeFetch(json(openai.completion)).fetch);
    for (let call = 0; call < 1_100; call++) await openai.create(client);
    expect(guard.snapshot().length).toBeLessThanOrEqual(1_001);
    expect(guard.snapshot().at(-1)).toMatchObject({ group: 'test-model', counts: { succeeded: 100 } });
    expect(new Set(eventsOf(guard, 'warning').map(({ message }) => message))).toEqual(
      new Set(['Expected `limitGroup` to return at most 1000 different groups.']),
    );
  });
});
