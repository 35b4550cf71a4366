import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dispatch } from '../../../src/commands/dispatch.ts';
import type { WhatIf } from '../../../src/commands/report/what-if.ts';
import type { LimitLine } from '../../../src/hits/hit-line.ts';
import { type ReplayResult, replay } from '../../../src/hits/replay/replay.ts';
import type { RecordedCall } from '../../../src/hits/replay/replay-provider.ts';
import { createGuard, recordHits } from '../../../src/index.ts';
import { startSimulator } from '../../../src/testing.ts';
import { socketClock, useSocketClock } from '../../helpers/socket-clock.ts';
import { FakeIo } from '../fake-io.ts';
import { at, callLine } from './call-line.ts';

useSocketClock();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'what-if-'));
});
afterEach(() => rm(folder, { recursive: true }));

const START = Date.parse(at(0));

const limit = (dimension: string, value: number, more: Partial<LimitLine> = {}): LimitLine => ({
  v: 1,
  kind: 'limit',
  at: at(0),
  pool: 'openai/gpt-4o-mini',
  dimension,
  limit: value,
  ...more,
});

async function report(lines: readonly object[], ...args: string[]) {
  const path = join(folder, 'hits.jsonl');
  await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  const io = new FakeIo();
  const code = await dispatch(['report', path, ...args], io, '1');
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n') };
}

async function asked(lines: readonly object[], ...changes: string[]): Promise<{ whatIf: WhatIf[]; notes: string[] }> {
  const { out } = await report(lines, '--json', ...changes.flatMap((change) => ['--what-if', change]));
  return JSON.parse(out) as { whatIf: WhatIf[]; notes: string[] };
}

/** Calls that never waited: only the limits reveal anything. */
const unhurried = (count: number) =>
  Array.from({ length: count }, (_, each) => callLine(each, { durationMs: 2_000, waitedMs: 0 }));

/** 300,000 tokens at once against 60,000 a minute. */
const busy = [limit('requests', 500), limit('tokens', 60_000), ...unhurried(300)];

describe('report --what-if', () => {
  test('replays the calls with the recorded limits and with others', async () => {
    const { whatIf, notes } = await asked(busy, 'tpm=2000000', 'tpm=120000', 'max_tokens=100');
    expect(notes).toEqual([]);
    const [plenty, double, shorter] = whatIf as [WhatIf, WhatIf, WhatIf];
    // One minute's worth is available at once; the rest comes at a thousand tokens a second.
    const minutes = (300_000 - 60_000) / 60_000;
    expect(plenty.before.tookMs / 60_000).toBeGreaterThan(minutes * 0.98);
    expect(plenty.before.tookMs / 60_000).toBeLessThan(minutes * 1.25);
    expect(plenty.limitsBefore).toEqual({ requestsPerMinute: 500, tokensPerMinute: 60_000 });
    expect(plenty.limitsAfter).toEqual({ requestsPerMinute: 500, tokensPerMinute: 2_000_000 });
    expect(plenty.after.tookMs).toBeLessThan(10_000);
    expect(double.after.tookMs).toBeLessThan(double.before.tookMs * 0.5);
    expect(shorter.after.tookMs).toBeLessThan(shorter.before.tookMs * 0.75);
    for (const { before, after } of whatIf) expect([before.succeeded, after.succeeded]).toEqual([300, 300]);
  });

  test('takes the limits of a tier, and says so in the text and on the page', async () => {
    const text = await report(busy, '--what-if', 'tier=launch');
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^The new time is probably .+ to .+; refusals are accurate to an order of magnitude\.$/m);
    expect(text.out).toMatch(/with tier=launch: 300 calls replayed\n.*\n│ +│ before +│ after +│\n/);
    expect(text.out).toMatch(/│ limits +│ 500 RPM +│ 10,000 RPM +│\n│ +│ 60,000 TPM +│ 10,000,000 TPM │$/m);
    const page = await report(busy, '--what-if', 'tier=launch', '--html', join(folder, 'page.html'));
    expect([page.code, page.out]).toEqual([0, '']);
    expect(await readFile(join(folder, 'page.html'), 'utf8')).toContain('with tier=launch');
  });

  test('counts limits as the record believes they are counted', async () => {
    const lines = [limit('requests', 600), ...unhurried(300)];
    const replayed = async (...learned: LimitLine[]): Promise<WhatIf> =>
      (await asked([...lines, ...learned], 'rpm=6000')).whatIf[0]!;
    // All at once; ten, and ten each second; all, where what was learned is wrong.
    expect((await replayed()).before.tookMs).toBeLessThan(8_000);
    const short = limit('requests', 600, { atOnce: 10, perMinute: 600 });
    const { before, after, shapes } = await replayed(short);
    expect(before.tookMs).toBeGreaterThan(29_000);
    expect(before.tookMs).toBeLessThan(38_000);
    expect(after.tookMs).toBeLessThan(7_000);
    expect(shapes).toMatchObject({ requestSeconds: 1, tokenSeconds: 60, fixedWindow: false });
    expect((await replayed(short, { ...short, atOnce: 600 })).before.tookMs).toBeLessThan(8_000);
    // Of ten seconds, not of a minute.
    const window = limit('requests', 60, { atOnce: 60, perMinute: 360 });
    const sixty = [limit('requests', 60), ...unhurried(300)];
    const [{ before: sixtyMinute }] = (await asked(sixty, 'rpm=61')).whatIf as [WhatIf];
    const [{ before: sixtyTen }] = (await asked([...sixty, window], 'rpm=61')).whatIf as [WhatIf];
    expect(sixtyMinute.tookMs).toBeGreaterThan(235_000);
    expect(sixtyTen.tookMs).toBeLessThan(60_000);
    const { out } = await report([...lines, { ...short, fixedWindow: true }], '--what-if', 'rpm=6000');
    expect(out).toMatch(/counted as requests of 1 s at once, windows of the clock's minute\.$/m);
  });

  test('takes as long as the record did if what was learned does not explain it', async () => {
    // 120 in each half minute, while the lane believed in a refill more than twice as fast.
    const lines = [
      limit('requests', 240, { source: 'body', atOnce: 240, perMinute: 620 }),
      ...Array.from({ length: 360 }, (_, each) => {
        const waitedMs = Math.floor(each / 120) * 30_000;
        return callLine(0, { durationMs: waitedMs + 500, waitedMs });
      }),
    ];
    const [faster, slower] = (await asked(lines, 'rpm=480', 'rpm=160')).whatIf as [WhatIf, WhatIf];
    expect(faster.before.tookMs / 60_500).toBeGreaterThan(0.85);
    expect(faster.before.tookMs / 60_500).toBeLessThan(1.15);
    // 240 and 80 in each half minute.
    expect(faster.after.tookMs / 30_500).toBeGreaterThan(0.7);
    expect(faster.after.tookMs / 30_500).toBeLessThan(1.3);
    expect(slower.after.tookMs / 120_500).toBeGreaterThan(0.7);
    expect(slower.after.tookMs / 120_500).toBeLessThan(1.3);
  });

  test('records of real calls reveal a bucket shorter than a minute', async () => {
    const simulator = await startSimulator({
      provider: 'openai',
      limits: { requestsPerMinute: 1_200 },
      bucketSeconds: 1,
      latency: { baseMs: 20 },
      clock: socketClock,
    });
    const guard = createGuard();
    const hits = recordHits({ path: join(folder, 'short.jsonl'), record: 'all', guard });
    const body = JSON.stringify({
      model: 'gpt-4o-mini',
      max_tokens: 8,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    const headers = { authorization: 'Bearer sk', 'content-type': 'application/json' };
    const ask = () => guard.fetch(`${simulator.url}/chat/completions`, { method: 'POST', headers, body });
    await Promise.all(Array.from({ length: 80 }, () => ask().then((response) => response.text())));
    await hits.close();
    await guard.close();
    await simulator.close();
    const lines = (await readFile(join(folder, 'short.jsonl'), 'utf8')).trim().split('\n');
    const { whatIf } = await asked(
      lines.map((line) => JSON.parse(line) as object),
      'rpm=12000',
    );
    expect(whatIf[0]!.shapes.requestSeconds).toBeLessThan(3);
    expect(whatIf[0]!.before.tookMs).toBeGreaterThan(2_500);
  });

  test('takes the pace of the calls for a limit that refusals say nothing about', async () => {
    const calls = Array.from({ length: 61 }, (_, each) =>
      callLine(0, { durationMs: each * 1_000 + 500, waitedMs: each * 1_000 }),
    );
    const unnamed = {
      ...limit('requests', 0),
      kind: 'hit',
      dimension: 'unknown',
      limit: null,
      waitSource: 'backoff',
    };
    const { whatIf, notes } = await asked([unnamed, ...calls], 'rpm=6000');
    const [{ before, after, limitsBefore }] = whatIf as [WhatIf];
    expect(limitsBefore.requestsPerMinute).toBeCloseTo(60, -1);
    expect(before.tookMs).toBeGreaterThan(50_000);
    expect(after.tookMs).toBeLessThan(5_000);
    expect(notes[0]).toContain('refusals name no limit, so the pace');
  });

  test('reports what it cannot replay', async () => {
    expect((await asked([], 'tpm=5')).notes).toEqual([
      "There are no calls to replay: they are recorded with record: 'all'.",
    ]);
    const foreign = callLine(0, { provider: 'mistral_ai', pool: 'mistral_ai/large' });
    expect((await asked([foreign], 'tpm=5')).notes).toEqual([
      'mistral_ai/large: limits of this provider cannot be replayed.',
    ]);
    expect((await asked(busy, 'tier=platinum')).notes[0]).toContain('openai has no tier platinum; it has free, tier1');
    expect((await report(busy, '--what-if', 'tier=platinum')).code).toBe(1);
    expect((await asked([callLine(0)], 'tpm=5000')).notes[0]).toContain('the record has no limit');
  });

  test('takes failed calls for average ones, and lines of an earlier version as they are', async () => {
    const failed = callLine(10, {
      outcome: 'retries_exhausted',
      inputTokens: null,
      outputTokens: null,
      cachedTokens: null,
    });
    const { stream: _, priority: __, maxOutputTokens: ___, ...older } = callLine(20);
    const { whatIf } = await asked([limit('tokens', 100_000), callLine(0), failed, older], 'tpm=200000');
    expect(whatIf[0]!.after).toMatchObject({ calls: 3, succeeded: 3 });
  });

  test.each(['rpm=5,rpm=6', 'tpm', 'tpm=', 'tpm=-5', 'tpm=many', 'speed=9', 'tier=', 'max_tokens=0'])(
    'refuses %s',
    async (change) => {
      const { code, err } = await report(busy, '--what-if', change);
      expect(code).toBe(2);
      expect(err).toContain('Expected --what-if to be of tier=<name>, rpm=<n>');
    },
  );

  test('accepts a number for a tier, as OpenAI counts them', async () => {
    const [number, name] = await Promise.all(['tier=4', 'tier=tier4'].map((change) => asked(busy, change)));
    expect(number!.whatIf[0]!.limitsAfter).toEqual(name!.whatIf[0]!.limitsAfter);
    expect(number!.whatIf[0]!.limitsAfter).toMatchObject({ requestsPerMinute: 10_000 });
  });

  test('reads what was recorded of real calls', async () => {
    const simulator = await startSimulator({
      provider: 'openai',
      limits: { requestsPerMinute: 600, tokensPerMinute: 400_000 },
      latency: { baseMs: 20 },
      clock: socketClock,
    });
    const guard = createGuard();
    const hits = recordHits({ path: join(folder, 'real.jsonl'), record: 'all', guard });
    const ask = (stream: boolean) =>
      guard
        .fetch(`${simulator.url}/chat/completions`, {
          method: 'POST',
          headers: { authorization: 'Bearer sk', 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'gpt-4o-mini',
            max_tokens: 64,
            stream,
            stream_options: stream ? { include_usage: true } : undefined,
            messages: [{ role: 'user', content: 'Hello' }],
          }),
        })
        .then((response) => response.text());
    await Promise.all(Array.from({ length: 20 }, (_, each) => ask(each % 2 === 0)));
    await hits.close();
    await guard.close();
    await simulator.close();
    const lines = (await readFile(join(folder, 'real.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const { whatIf, notes } = await asked(lines, 'rpm=5');
    expect(notes).toEqual([]);
    expect(whatIf[0]).toMatchObject({
      pool: 'openai/gpt-4o-mini',
      limitsBefore: { requestsPerMinute: 600, tokensPerMinute: 400_000 },
      before: { calls: 20, succeeded: 20, refusals: 0 },
      after: { calls: 20, succeeded: 20 },
    });
    // Five at once, then one every twelve seconds.
    expect(whatIf[0]!.after.tookMs).toBeGreaterThan(15 * 12_000 * 0.95);
    expect(whatIf[0]!.after.tookMs).toBeLessThan(15 * 12_000 * 1.3);
  });

  test('on drawn calls and limits: no faster than the limit, close to it, and never slower for a higher one (property)', async () => {
    const drawn = fc.record({
      provider: fc.constantFrom('openai' as const, 'groq' as const, 'azure.ai.openai' as const),
      rpm: fc.integer({ min: 60, max: 2_000 }),
      tpm: fc.integer({ min: 60_000, max: 1_000_000 }),
      calls: fc.array(
        fc.record({
          atMs: fc.nat(60_000),
          inputTokens: fc.integer({ min: 20, max: 3_000 }),
          outputTokens: fc.integer({ min: 1, max: 500 }),
          serviceMs: fc.integer({ min: 50, max: 8_000 }),
          stream: fc.boolean(),
        }),
        { minLength: 100, maxLength: 300 },
      ),
    });
    type Setup = typeof drawn extends fc.Arbitrary<infer T> ? T : never;
    const run = async ({ provider, rpm, tpm, calls }: Setup, factor: number): Promise<ReplayResult> =>
      replay({
        provider,
        wallStart: START,
        limits: { requestsPerMinute: rpm * factor, tokensPerMinute: tpm * factor },
        calls: calls
          .map((each): RecordedCall => ({
            ...each,
            model: 'm',
            priority: 'normal',
            cachedTokens: 0,
            maxOutputTokens: 500,
          }))
          .toSorted((a, b) => a.atMs - b.atMs),
      });
    await fc.assert(
      fc.asyncProperty(drawn, async (setup) => {
        const { calls, rpm, tpm } = setup;
        const tokens = calls.reduce((sum, each) => sum + each.inputTokens + each.outputTokens, 0);
        const last = Math.max(...calls.map(({ atMs, serviceMs }) => atMs + serviceMs));
        const needed = Math.max((calls.length - rpm) / rpm, (tokens - tpm) / tpm) * 60_000;
        const result = await run(setup, 1);
        expect(result.succeeded).toBe(calls.length);
        expect(result.tookMs).toBeGreaterThanOrEqual(
          Math.max(needed * 0.99, Math.max(...calls.map(({ serviceMs }) => serviceMs))),
        );
        const arrived = Math.max(...calls.map(({ atMs }) => atMs));
        // The last call waits for the rest, and its answer takes time.
        expect(result.tookMs).toBeLessThan(Math.max(needed, 0) * 1.3 + arrived + 30_000 + 8_000);
        const free = await run(setup, 1_000);
        expect(free).toMatchObject({ succeeded: calls.length, refusals: 0 });
        expect(free.tookMs).toBeLessThanOrEqual(Math.max(result.tookMs, last) + 1);
      }),
      { numRuns: 12 },
    );
  });
});
