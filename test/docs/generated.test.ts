import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { resolveOptions } from '../../src/options.ts';
import { ATTR, EVENT } from '../../src/telemetry/names.ts';
import { optionsPage } from '../../tools/docs/options-page.ts';
import { readOptions } from '../../tools/docs/read-options.ts';
import { ELSEWHERE } from '../../tools/docs/telemetry-names.ts';
import { telemetryPage } from '../../tools/docs/telemetry-page.ts';
import type { GuardEvent } from '../../src/core/events.ts';
import { attemptEnd, callInfo, Harness, successfulCall } from '../telemetry/harness.ts';
import { read, ROOT } from './pages.ts';

/** The formatter pads tables. */
const plain = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-');

describe('generated pages', () => {
  it('docs/options.md is up to date: npm run docs:build', async () => {
    expect(plain(read('docs/options.md'))).toBe(plain(await optionsPage()));
  });

  it('docs/telemetry.md is up to date: node ops/build.ts', () => {
    expect(plain(read('docs/telemetry.md'))).toBe(plain(telemetryPage()));
  });

  it('name every attribute and event of telemetry', () => {
    const page = read('docs/telemetry.md');
    const missing = [...Object.values(ATTR), ...Object.values(EVENT)].filter(
      (name) => !page.includes(`\`${name}\``) && !page.includes(`\`${name.replaceAll('.', '_')}\``),
    );
    expect(missing.filter((name) => !ELSEWHERE.includes(name))).toEqual([]);
  });
});

describe('recorded spans', () => {
  it('have no attribute and no event that the page lacks', () => {
    const harness = new Harness();
    const call = callInfo({ stream: true });
    const [start, admittedAt, attempt, ...end] = successfulCall(call);
    harness.play(
      start!,
      { ...admittedAt!, waitedMs: 5 } as GuardEvent,
      attempt!,
      attemptEnd(call, 1),
      ...end.slice(-1),
    );
    const page = read('docs/telemetry.md');
    const seen = harness.spans.flatMap(({ name, attributes, events }) => [
      ...(name === 'tidegate.attempt' ? [name] : []),
      ...Object.keys(attributes),
      ...events.flatMap((event) => [event.name, ...Object.keys(event.attributes ?? {})]),
    ]);
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

/** Path of each interface in the options of a guard. */
const PLACES = {
  'options.ts': { GuardOptions: [] },
  'options/retry-options.ts': { RetryOptions: ['retry'], RetryBudgetOptions: ['retry', 'budget'] },
  'options/breaker-options.ts': { BreakerOptions: ['breaker'] },
  'options/bulkhead-options.ts': { BulkheadOptions: ['bulkhead'] },
  'options/pacing-options.ts': { PacingOptions: ['pacing'] },
  'options/body-options.ts': { BodyOptions: ['body'] },
  'options/telemetry-options.ts': { TelemetryOptions: ['telemetry'] },
} as const;

const number = (text: string): number => Number(text.replace('2^31-1', String(2 ** 31 - 1)).replaceAll(' ', ''));
const nested = (path: readonly string[], value: unknown): object =>
  path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;

const INTERFACES = Object.entries(PLACES).flatMap(([path, names]) =>
  Object.entries<readonly string[]>(names).map(([name, place]) => [name, place, path] as const),
);

describe.each(INTERFACES)('the docstrings of %s', async (name, place, path) => {
  const options = await readOptions(`src/${path}`, name);
  const bounded = options.flatMap(({ name: option, text }) => {
    const [, min, max] = /([\d.]+(?: \d{3})*) … ((?:2\^31-1)|[\d.]+(?: \d{3})*)/.exec(text) ?? [];
    return min === undefined ? [] : [[option, number(min), number(max!)] as const];
  });
  const defaulted = options.flatMap(({ name: option, text }) => {
    const stated = /default ((?:\d+(?: \d{3})+)|[\d.]+\d|\d)(?=[.,;]| of|$)/i.exec(text)?.[1];
    // Defaults of telemetry are set where they are used.
    return stated === undefined || name === 'TelemetryOptions' ? [] : [[option, number(stated)] as const];
  });

  it.each(bounded)('%s: from %d to %d', (option, min, max) => {
    const given = (value: number) => () => resolveOptions(nested([...place, option], value));
    expect(given(min)).not.toThrow();
    expect(given(max)).not.toThrow();
    expect(given(min - 1)).toThrow(option);
    expect(given(max + 1)).toThrow(option);
  });

  it.each(defaulted)('%s: default %d', (option, stated) => {
    const resolved = (value?: number): unknown =>
      resolveOptions(value === undefined ? {} : nested([...place, option], value));
    expect(resolved(stated)).toEqual(resolved());
    expect(resolved(Number.isInteger(stated) ? stated + 1 : stated * 0.9)).not.toEqual(resolved());
  });

  test('are found', () => expect(options.length).toBeGreaterThan(1));
});

describe('the table of error codes', () => {
  const codesOf = async (path: string, type: string): Promise<string[]> => {
    const source = await readFile(join(ROOT, path), 'utf8');
    const union = new RegExp(`export type ${type} =([^;]+);`).exec(source)![1]!;
    return [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code!);
  };

  it('has a row for each code', async () => {
    const codes = [
      ...(await codesOf('src/errors.ts', 'TidegateErrorCode')),
      ...(await codesOf('src/batch/batch-error.ts', 'BatchErrorCode')),
    ];
    expect(codes.length).toBeGreaterThan(15);
    const rows = [...read('docs/troubleshooting.md').matchAll(/^\| `(\w+)` /gm)].map(([, code]) => code!);
    expect(rows.toSorted()).toEqual(codes.toSorted());
  });
});
