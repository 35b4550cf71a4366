import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dispatch } from '../../../src/commands/dispatch.ts';
import type { HitLine } from '../../../src/hits/hit-line.ts';
import { FakeIo } from '../fake-io.ts';
import { callLine } from './call-line.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterEach(() => rm(folder, { recursive: true }));

const hit = (more: Partial<HitLine>): string =>
  JSON.stringify({
    v: 1,
    kind: 'hit',
    at: '2026-01-15T09:30:00.000Z',
    provider: 'openai',
    model: 'gpt-4o-mini',
    pool: 'openai/gpt-4o-mini',
    dimension: 'tokens',
    limit: 60_000,
    used: 59_000,
    requested: 3_000,
    waitMs: 2_000,
    waitSource: 'body',
    attempt: 1,
    status: 429,
    code: 'rate_limit_exceeded',
    requestId: 'req_1',
    queued: 3,
    inFlight: 4,
    ...more,
  } satisfies HitLine);

const call = (second: number, inputTokens: number): string =>
  JSON.stringify(
    callLine(second * 1_000, {
      durationMs: 5_000,
      waitedMs: 3_000,
      inputTokens,
      outputTokens: 500,
      maxOutputTokens: null,
    }),
  );

async function report(
  lines: readonly string[],
  ...args: string[]
): Promise<{ code: number; io: FakeIo; text: string }> {
  const path = join(folder, 'hits.jsonl');
  await writeFile(path, lines.join('\n'));
  const io = new FakeIo();
  const code = await dispatch(['report', path, ...args], io, '1');
  return { code, io, text: io.outLines.join('\n') };
}

describe('tidegate report', () => {
  test('reads standard input and pipes, even though it needs them twice', async () => {
    const io = new FakeIo();
    io.typed = [hit({}), ...Array.from({ length: 3 }, (_, second) => call(second, 100))].join('\n');
    expect(await dispatch(['report', '-', '--what-if', 'tpm=2000000', '--json'], io, '1')).toBe(0);
    expect(JSON.parse(io.outLines[0]!)).toMatchObject({ lines: 4, whatIf: [{ after: { calls: 3 } }] });
  });

  test.each([
    [['--html', 'page.html', '--json'], 'Expected --json or --html, got both.'],
    [['--html', ''], 'Expected --html to have a value, got "".'],
    [[''], 'Expected arguments not to be empty.'],
  ])('refuses %j', async (args, text) => {
    const { code, io } = await report([hit({})], ...args);
    expect([code, io.errLines[0]]).toEqual([2, text]);
  });

  test('refuses a record that is named twice', async () => {
    const { code, io } = await report([hit({})], join(folder, '.', 'hits.jsonl'));
    expect([code, io.errLines]).toEqual([2, [expect.stringMatching(/hits\.jsonl would be counted twice\.$/)]]);
  });

  test('reports by limit how often, when, for which models and how long', async () => {
    const { code, text } = await report([
      hit({}),
      hit({ at: '2026-01-15T09:59:00.000Z', model: 'gpt-4o-mini-2024-07-18' }),
      hit({ at: '2026-01-15T23:00:00.000Z', waitMs: null, waitSource: null }),
      hit({ dimension: 'requests', limit: 500, used: 500 }),
    ]);
    expect(code).toBe(0);
    expect(text).toMatchInlineSnapshot(`
      "openai/gpt-4o-mini, tokens: 3 hits, 1 calls given up; waited 4 s in total, 2 s at most
        from 2026-01-15T09:30:00.000Z to 2026-01-15T23:00:00.000Z
        over the limit by 2,000 on average, 2,000 at most
        models: gpt-4o-mini (2), gpt-4o-mini-2024-07-18 (1)
        00    03    06    09    12    15    18    21    24
                          ██                          ▒▒
        To stay within 60,000 a minute: 950 tokens a second.
        With record: 'all' the report also suggests concurrency, tokens to cut and the limit to buy.

      openai/gpt-4o-mini, requests: 1 hits, 0 calls given up; waited 2 s in total, 2 s at most
        from 2026-01-15T09:30:00.000Z to 2026-01-15T09:30:00.000Z
        over the limit by 3,000 on average, 3,000 at most
        models: gpt-4o-mini (1)
        00    03    06    09    12    15    18    21    24
                          ██                            
        To stay within 500 a minute: 7.9 requests a second.
        With record: 'all' the report also suggests concurrency, tokens to cut and the limit to buy."
    `);
  });

  test('shows the hours of the week if the hits span several days, and by how much the limit was exceeded', async () => {
    const { text } = await report([
      hit({}),
      hit({ at: '2026-01-15T09:40:00.000Z', used: 60_000, requested: 5_000 }),
      hit({ at: '2026-01-18T23:00:00.000Z', used: null }),
    ]);
    expect(text).toContain('over the limit by 3,500 on average, 5,000 at most');
    const map = text.split('\n').filter((line) => /^ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) /.test(line));
    expect(map.map((line) => line.trimEnd())).toEqual([
      '  Mon',
      '  Tue',
      '  Wed',
      `  Thu ${' '.repeat(18)}██`,
      '  Fri',
      '  Sat',
      `  Sun ${' '.repeat(46)}▒▒`,
    ]);
  });

  test('names the tier to buy and the limit that binds', async () => {
    const told = (dimension: string, limit: number): string =>
      JSON.stringify({ v: 1, kind: 'limit', at: '2026-01-15T09:30:00Z', pool: 'openai/gpt-4o-mini', dimension, limit });
    const calls = Array.from({ length: 60 }, (_, second) => call(second, 49_500));
    const { text } = await report([told('requests', 500), told('tokens', 60_000), hit({}), ...calls]);
    expect(text).toContain('a limit of 3,157,895 takes it at once (tier launch)');
    expect(text).toContain('Tokens bind: the busiest minute asked for 5000 % of them, and for 12 % of the requests.');
  });

  test('writes a self-contained page that runs no script', async () => {
    const path = join(folder, 'page.html');
    const evil = '</svg><script>alert(1)</script>';
    const calls = Array.from({ length: 60 }, (_, second) => call(second, 1_500));
    const { code, text } = await report([hit({ model: evil, pool: `openai/${evil}` }), ...calls], '--html', path);
    expect([code, text]).toEqual([0, '']);
    const page = await readFile(path, 'utf8');
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).toContain('&lt;/svg&gt;&lt;script&gt;');
    expect(page).not.toMatch(/<script|<img|<link|@import|url\((?!#)|\bon\w+=/i);
    expect(
      [...page.matchAll(/\b(?:https?:)?\/\/[\w.]+/g)].map(([url]) => url).filter((url) => !url.endsWith('www.w3.org')),
    ).toEqual([]);
    const printed = await report([hit({})], '--html', '-');
    expect(printed.text).toMatch(/^<!doctype html>[^]*<\/html>$/);
  });

  test('derives from calls which limit binds, how many fit at once, what to cut and what to buy', async () => {
    const calls = Array.from({ length: 60 }, (_, second) => call(second, 1_500));
    const { text, io } = await report([hit({}), ...calls], '--json');
    expect(io.errLines).toEqual([]);
    const made = JSON.parse(text) as { limits: { advice: string[] }[]; pools: unknown[] };
    // 60 calls of 2,000 tokens in one minute, against 60,000: 1,000 tokens a second where 950 fit.
    expect(made.pools).toMatchObject([
      { calls: 60, meanDurationMs: 2_000, busiest: { requests: 60, tokens: 120_000, inputTokens: 90_000 } },
    ]);
    expect(made.limits[0]!.advice).toEqual([
      'To stay within 60,000 a minute: 950 tokens a second.',
      'At 2 s a call even one at a time is too many: start one every 2.1 s.',
      'The busiest minute asked for 120,000: a limit of 126,316 takes it at once (tier build), and so would 53 % fewer tokens a call.',
    ]);
  });

  test('names a rate and a concurrency that stay within, whatever the limit and the calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 5, max: 60_000 }),
        async (limit, durationMs) => {
          const calls = [JSON.stringify(callLine(0, { durationMs, waitedMs: 0 }))];
          const { text } = await report([hit({ dimension: 'requests', limit, used: limit, requested: 1 }), ...calls]);
          const [, rate, unit] = /: ([\d.,]+) requests a (second|minute)\.$/m.exec(text)!;
          const aMinute = Number(rate!.replaceAll(',', '')) * (unit === 'second' ? 60 : 1);
          expect(aMinute).toBeGreaterThan(0);
          expect(aMinute).toBeLessThanOrEqual(limit);
          const [, together] = /a call that is (one|[\d,]+) calls? at once/.exec(text) ?? [];
          const atOnce = together === 'one' ? 1 : Number((together ?? '0').replaceAll(',', ''));
          expect((atOnce * 60_000) / durationMs).toBeLessThanOrEqual(limit);
          expect(atOnce > 0 || text.includes('even one at a time is too many')).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('distinguishes a burst from too much traffic', async () => {
    const { text } = await report([hit({}), call(0, 100)]);
    expect(text).toContain('The busiest minute asked for 600, which fits');
    expect(text).toContain('1 calls in total.');
  });

  test('does not blame a limit for other refusals', async () => {
    const { text } = await report([
      hit({ dimension: 'quota', limit: null, used: null, waitMs: null }),
      hit({ dimension: 'overloaded', limit: null, used: null }),
      hit({ dimension: 'no_capacity', limit: null, used: null }),
      hit({ dimension: 'requests_day', limit: 1_000, used: null }),
      hit({ dimension: 'unknown', limit: null, used: null }),
    ]);
    expect(text).toContain('waiting does not help');
    expect(text).toContain('a higher tier would not help');
    expect(text).toContain("onFlexUnavailable: 'standard'");
    expect(text).toContain('The limit is 1,000 (requests day).');
  });

  test('skips invalid lines', async () => {
    const { code, text } = await report(['{"v":1', 'null', '{"v":2,"kind":"hit"}', hit({}).slice(0, 30), hit({})]);
    expect([code, text.split('\n').at(-1)]).toEqual([0, '4 lines do not belong to a record and were skipped.']);
    expect((await report([])).text).toBe('No limit was hit.');
    expect(await report(['a thesis'])).toMatchObject({ code: 1, io: { errLines: ['Not a record of limit hits.'] } });
  });

  test('refuses bad arguments and missing files', async () => {
    const io = new FakeIo();
    expect(await dispatch(['report'], io, '1')).toBe(2);
    expect(await dispatch(['report', join(folder, 'none')], io, '1')).toBe(1);
    expect(io.errLines.join('\n')).toMatch(/Expected a record[^]*There is no /);
  });
});

test('refuses to write a page over its record', async () => {
  const path = join(folder, 'hits.jsonl');
  const line = hit({});
  const { code, io } = await report([line], '--html', path);
  expect([code, io.errLines[0]]).toEqual([2, `${path} would be both read and written.`]);
  expect(await readFile(path, 'utf8')).toBe(line);
});
