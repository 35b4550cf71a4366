import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { batch } from '../../src/batch.ts';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { eventually } from '../helpers/eventually.ts';

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

/** Unhandled rejections, which would end the process. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

afterEach(() => {
  process.off('unhandledRejection', note);
  unhandled.length = 0;
});

describe.each(ODD)('a function that returns %s', (_name, odd) => {
  it('changes no call as a listener, limitGroup, countTokens or prices', async () => {
    process.on('unhandledRejection', note);
    const guard = testGuard({
      ...FAST,
      limitGroup: odd as () => string,
      pacing: { countTokens: odd as () => number },
      prices: odd as () => number,
    });
    guard.on('call.start', odd as () => void);
    guard.on('attempt.end', odd as () => void);
    const client = guardedClient(openai, guard, fakeFetch(json(openai.completion)).fetch);
    for (let call = 0; call < 3; call++) expect(openai.text(await openai.create(client))).toBe('answer');
    await eventually(() => expect(eventsOf(guard, 'call.end')).toHaveLength(3));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
    expect(guard.snapshot()).toMatchObject([{ group: 'test-model', counts: { succeeded: 3 } }]);
    const warnings = new Set(eventsOf(guard, 'warning').map(({ message }) => message));
    expect(warnings.size).toBe(2);
    for (const message of warnings) expect(message.length).toBeLessThan(200);
  });
});

const FUNCTIONS = ['id', 'key', 'prefix', 'worstCost'] as const;

describe.each(ODD)('of batch(), a function that returns %s', (_name, odd) => {
  it('changes nothing as onProgress', async () => {
    process.on('unhandledRejection', note);
    const results = await batch([1, 2], (item) => item, { onProgress: odd as () => void });
    expect(results.map((each) => each.status === 'ok' && each.value)).toEqual([1, 2]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it.each(FUNCTIONS)('is used as %s, or fails the run, but never the process', async (name) => {
    process.on('unhandledRejection', note);
    const called: number[] = [];
    const worker = (item: number): number => {
      called.push(item);
      return item;
    };
    const run = Promise.resolve(
      batch([1, 2], worker, { dedupe: false, [name]: odd, ...(name === 'worstCost' && { maxCost: 5 }) }),
    );
    const ended = await run.then(
      (results) => results.map((each) => each.status === 'ok' && each.value),
      (error: unknown) => error,
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
    if (Array.isArray(ended)) expect(ended).toEqual([1, 2]);
    else expect(called).toEqual([]);
  });
});

describe('a batch item that JSON cannot represent', () => {
  class Hidden {
    readonly #value: number;
    constructor(value: number) {
      this.#value = value;
    }
    get value(): number {
      return this.#value;
    }
  }
  const circle = (value: number): object => {
    const object: Record<string, unknown> = { value };
    return (object['itself'] = object);
  };
  const MAKES: readonly [string, (value: number) => unknown][] = [
    ['a map', (value) => new Map([[1, value]])],
    ['a file', (value) => new File([String(value)], 'audio.wav')],
    ['one with a file', (value) => ({ language: 'en', file: new Blob([String(value)]) })],
    ['a function', (value) => () => value],
    ['a promise', (value) => Promise.resolve(value)],
    ['an object with private fields', (value) => new Hidden(value)],
    ['a bigint', (value) => BigInt(value)],
    ['a circle', circle],
  ];

  it.each(MAKES)('gets an answer of its own: %s', async (_name, make) => {
    const items = [make(1), make(2), make(1)];
    const results = await batch(items, (item) => items.indexOf(item));
    expect(results.map((each) => each.status === 'ok' && each.value)).toEqual(
      typeof items[0] === 'bigint' ? [0, 1, 0] : [0, 1, 2],
    );
  });

  it('needs a key where a journal keeps its answer', async () => {
    const journal = join(mkdtempSync(join(tmpdir(), 'tidegate-items-')), 'run.journal');
    const items = [new Map([[1, 1]]), new Map([[1, 2]])];
    await expect(batch(items, () => 1, { journal })).rejects.toThrow(
      'Expected `key` to be a function that returns plain data',
    );
    const key = (item: Map<number, number>): unknown => [...item];
    expect(await batch(items, (item) => item.get(1), { journal, key })).toMatchObject([{ value: 1 }, { value: 2 }]);
  });
});

describe('an error of a batch worker', () => {
  const circle: Record<string, unknown> = {};
  circle['itself'] = circle;
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  it.each([
    ['data that is no JSON', () => Object.assign(new Error('no'), { data: circle })],
    ['a bigint as data', () => Object.assign(new Error('no'), { data: 5n })],
    [
      'a getter that throws',
      () => Object.defineProperty(new Error('no'), 'code', { get: () => circle['x']!.toString() }),
    ],
    ['nothing that can be read', () => proxy],
    ['no error', () => Symbol('no')],
  ])('fails its item only, whatever it is: %s', async (_name, make) => {
    const journal = join(mkdtempSync(join(tmpdir(), 'tidegate-errors-')), 'run.journal');
    const worker = (item: number): number => {
      if (item === 1) throw make() as Error;
      return item;
    };
    const statuses = (results: readonly { status: string }[]): string[] => results.map(({ status }) => status);
    expect(statuses(await batch([1, 2], worker, { journal }))).toEqual(['error', 'ok']);
    expect(statuses(await batch([1, 2], worker, { journal }))).toEqual(['error', 'ok']);
  });
});

describe('a limitGroup that returns another group for each call', () => {
  it('creates a bounded number of lanes, and one warning', async () => {
    let next = 0;
    const guard = testGuard({ ...FAST, limitGroup: () => `group-${next++}` });
    const client = guardedClient(openai, guard, fakeFetch(json(openai.completion)).fetch);
    for (let call = 0; call < 1_100; call++) await openai.create(client);
    expect(guard.snapshot().length).toBeLessThanOrEqual(1_001);
    expect(guard.snapshot().at(-1)).toMatchObject({ group: 'chat', counts: { succeeded: 100 } });
    expect(new Set(eventsOf(guard, 'warning').map(({ message }) => message))).toEqual(
      new Set(['Expected `limitGroup` to return at most 1000 different groups.']),
    );
  });
});

describe('a model name from untrusted input', () => {
  const completion = fakeFetch(json(openai.completion)).fetch;

  it('creates a bounded number of lanes, and each account has its own', async () => {
    const guard = testGuard();
    const clients = [1, 2].map(() => guardedClient(openai, guard, completion));
    for (let call = 0; call < 1_100; call++) await openai.create(clients[0], {}, { model: `model-${call}` });
    for (let call = 0; call < 10; call++) await openai.create(clients[1], {}, { model: `model-${call}` });
    const lanes = guard.snapshot();
    expect(lanes.length).toBe(1_000 + 1 + 10);
    expect(lanes[1_000]).toMatchObject({ group: 'chat', counts: { succeeded: 100 } });
  });

  it('makes room again when lanes were idle', async () => {
    const clock = new VirtualClock();
    const guard = testGuard(FAST, { clock });
    const client = guardedClient(openai, guard, completion);
    for (let call = 0; call < 1_010; call++) await openai.create(client, {}, { model: `model-${call}` });
    await clock.advance(48 * 3_600_000);
    await openai.create(client, {}, { model: 'model-2000' });
    expect(guard.snapshot().map(({ group }) => group)).toEqual(['model-2000']);
  });

  it('is truncated wherever it is shown', async () => {
    const guard = testGuard();
    const client = guardedClient(openai, guard, completion);
    await openai.create(client, {}, { model: `a\nb\u001b[2J${'x'.repeat(100_000)}` });
    await eventually(() => expect(eventsOf(guard, 'call.end')).toHaveLength(1));
    const told = JSON.stringify([guard.snapshot(), guard.events]);
    expect(told.length).toBeLessThan(20_000);
    expect(told).not.toMatch(/\\[nu]/);
    expect(guard.snapshot()[0]!.group).toHaveLength(256);
  });
});
