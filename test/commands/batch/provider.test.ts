import { readdir, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it, test, vi } from 'vitest';
import { chooseWay, parseDeadline } from '../../../src/commands/batch/provider/choose-way.ts';
import { socketsQuiet } from '../../helpers/socket-clock.ts';
import { hurried, stopTime } from '../../helpers/stopped-time.ts';
import type { Simulator } from '../../../src/testing.ts';
import { at, folder, ids, lines, names, row, simulate, start, until, useProviderRuns } from './provider-run.ts';

useProviderRuns();

/** A new run. */
const FRESH = { elapsedMs: 0, hasBatches: false };

describe.each(['openai', 'anthropic', 'groq'] as const)('rows through the batches of %s', (provider) => {
  it('come back in their order from one batch, with failures in the file of errors', async () => {
    const simulator = await simulate(provider);
    const input = names(40).map((id) => row(provider, id, id === 'row.7' ? { messages: 'none' } : {}));
    await writeFile(at('in.jsonl'), input.join('\n'));
    const run = start(simulator, provider);
    expect(await run.code).toBe(1);
    expect(await ids('out.jsonl')).toEqual(names(40).filter((id) => id !== 'row.7'));
    expect(await ids('out.errors.jsonl')).toEqual(['row.7']);
    const [first] = await lines('out.jsonl');
    expect(JSON.stringify(first)).toContain('re: mail row.0');
    expect(run.err()).toMatch(/Created batch \S+ of 40 rows\./);
    // An upload, a batch, polls and downloads: no request per row.
    expect(simulator.stats().requests).toBeLessThan(15);
    expect((await readdir(folder)).sort()).toEqual(['in.jsonl', 'out.errors.jsonl', 'out.jsonl', 'out.jsonl.journal']);
  });

  it('keep the paragraph separators of their answers', async () => {
    const simulator = await simulate(provider, { reply: () => 'one\u2028two\u2029three' });
    await writeFile(at('in.jsonl'), row(provider, 'a'));
    expect(await start(simulator, provider).code).toBe(0);
    expect(JSON.stringify(await lines('out.jsonl'))).toContain('one\u2028two\u2029three');
    // A row whose result was not understood would be sent, and paid for, again.
    expect(Object.keys(simulator.stats().models).filter((model) => !model.includes('batches'))).toEqual([]);
  });

  it('that have expired are sent one by one', async () => {
    const simulator = await simulate(provider, { batches: { expired: 0.3 } });
    await writeFile(
      at('in.jsonl'),
      names(40)
        .map((id) => row(provider, id))
        .join('\n'),
    );
    expect(await start(simulator, provider).code).toBe(0);
    expect(await ids('out.jsonl')).toEqual(names(40));
    const { requests } = simulator.stats();
    expect(requests).toBeGreaterThan(6);
    expect(requests).toBeLessThan(40);
  });

  it('resume after an interruption: no row is submitted twice', async () => {
    const simulator = await simulate(provider, { batches: { seconds: 2 } });
    await writeFile(
      at('in.jsonl'),
      names(20)
        .map((id) => row(provider, id))
        .join('\n'),
    );
    const first = start(simulator, provider);
    await until(() => first.err().includes('Created batch'));
    first.io.stop();
    expect(await first.code).toBe(130);
    expect(first.err()).toContain('To resume: npx tidegate batch');
    const second = start(simulator, provider);
    expect(await second.code).toBe(0);
    expect(second.err()).toMatch(/Resuming batch \S+ of 20 rows/);
    expect(second.err()).not.toContain('Created batch');
    expect(await ids('out.jsonl')).toEqual(names(20));
    expect((await readdir(folder)).sort()).toEqual(['in.jsonl', 'out.jsonl', 'out.jsonl.journal']);
  });
});

test('are sent row by row if the provider has not done them before the deadline', async () => {
  let answers = 0;
  const reply = (): string => `answer ${++answers}`;
  const simulator = await simulate('openai', { reply, batches: { seconds: 3_600 } });
  await writeFile(
    at('in.jsonl'),
    names(20)
      .map((id) => row('openai', id))
      .join('\n'),
  );
  // The time for single rows is a minute, and ten for the end of the batch; the rest is the batch's.
  const { leaveAfterMs } = chooseWay({ via: 'auto', deadlineMs: 1_300_000, ...FRESH, rows: 20, seconds: 0 });
  expect(leaveAfterMs).toBe(640_000);
  stopTime();
  const run = start(simulator, 'openai', '--deadline', '40m', '--poll', '60');
  while (!run.err().includes('Created batch')) await socketsQuiet();
  await vi.advanceTimersByTimeAsync(1_726_000);
  expect(run.err()).toContain('Cancelling batch');
  expect(await hurried(run.code)).toBe(0);
  expect(run.err()).toMatch(/Rows that the provider has not finished in \d+ min are sent row by row\./);
  expect(await ids('out.jsonl')).toEqual(names(20));
  // The simulator has an answer for each row; about half were done when the batch was cancelled, and are not requested
  // again.
  const oneByOne = answers - 20;
  expect(oneByOne).toBeGreaterThan(6);
  expect(oneByOne).toBeLessThan(14);
});

test('keep a limit on queued tokens by halving, and by waiting', async () => {
  const simulator = await simulate('openai', { batches: { seconds: 0.3, enqueuedTokens: 70 } });
  await writeFile(
    at('in.jsonl'),
    names(40)
      .map((id) => row('openai', id))
      .join('\n'),
  );
  const run = start(simulator, 'openai');
  expect(await run.code).toBe(0);
  expect(run.err()).toContain('The queue of the provider is too full for a batch');
  expect(await ids('out.jsonl')).toEqual(names(40));
});

test('cost half the price, and are reported by what they answered', async () => {
  await writeFile(at('prices.json'), JSON.stringify({ '*': { input: 1_000_000, output: 1_000_000 } }));
  await writeFile(
    at('in.jsonl'),
    names(3)
      .map((id) => row('openai', id))
      .join('\n'),
  );
  const run = start(await simulate('openai'), 'openai', '--prices', at('prices.json'), '--json');
  expect(await run.code).toBe(0);
  const usages = (await lines('out.jsonl')).map(({ response }) => response.body.usage.total_tokens as number);
  const end = JSON.parse(run.io.errLines.at(-1)!) as { cost: { usd: number }; usage: { inputTokens: number } };
  expect(end.cost.usd).toBeCloseTo(usages.reduce((a, b) => a + b, 0) / 2, 6);
  expect(end.usage.inputTokens).toBeGreaterThan(0);
});

test("end the run with the provider's message when the batch API refuses", async () => {
  const simulator = await simulate('openai', { apiKeys: ['sk-other'] });
  await writeFile(at('in.jsonl'), row('openai', 'a'));
  const run = start(simulator, 'openai');
  expect(await run.code).toBe(1);
  expect(run.err()).toMatch(/Could not upload the rows: the provider answered 401/);
  expect(run.err()).not.toContain('sk-provider-test');
});

test.each([
  ['sync', undefined, 'sync', undefined],
  ['auto', undefined, 'provider-batch', undefined],
  ['auto', 30, 'sync', undefined],
  ['auto', 360, 'provider-batch', 360 * 60_000 - 660_000 - 1.2 * 600_000],
  ['provider-batch', 5, 'sync', undefined],
] as const)('%s with %s minutes is %s', (via, minutes, chosen, leaveAfterMs) => {
  // A thousand rows at a hundred a minute take ten minutes.
  const deadlineMs = minutes === undefined ? undefined : minutes * 60_000;
  const way = chooseWay({
    via,
    deadlineMs: minutes === 30 ? 15 * 60_000 : deadlineMs,
    ...FRESH,
    rows: 1_000,
    seconds: undefined,
  });
  expect([way.via, way.leaveAfterMs]).toEqual([chosen, leaveAfterMs]);
});

test.each([
  // Two of six hours are left, and a thousand rows need 23 minutes.
  [4, false, 'provider-batch', 97],
  [4, true, 'provider-batch', 97],
  [5.5, false, 'sync', undefined],
  [5.5, true, 'provider-batch', 7],
  [5.9, true, 'provider-batch', 0],
  [7, false, 'sync', undefined],
  [7, true, 'provider-batch', 0],
] as const)('%d hours after its begin, with batches %j, a run of six goes by %s', (hours, hasBatches, via, minutes) => {
  const way = chooseWay({
    via: 'auto',
    deadlineMs: 6 * 3_600_000,
    elapsedMs: hours * 3_600_000,
    hasBatches,
    rows: 1_000,
    seconds: undefined,
  });
  expect([way.via, way.leaveAfterMs]).toEqual([via, minutes === undefined ? undefined : minutes * 60_000]);
});

describe('a deadline applies to the run', () => {
  const deadline = ['--deadline', '40m', '--poll', '60'];

  beforeEach(() =>
    writeFile(
      at('in.jsonl'),
      names(20)
        .map((id) => row('openai', id))
        .join('\n'),
    ),
  );

  async function interrupted(simulator: Simulator): Promise<void> {
    const first = start(simulator, 'openai', ...deadline);
    while (!first.err().includes('Created batch')) await socketsQuiet();
    first.io.stop();
    expect(await first.code).toBe(130);
    vi.useRealTimers();
  }

  /** The wall clock, which continues while no process runs. */
  const later = (minutes: number): unknown => vi.setSystemTime(Date.now() + minutes * 60_000);

  test('and not to the process that resumes it', async () => {
    const simulator = await simulate('openai', { batches: { seconds: 3_600 } });
    stopTime();
    await interrupted(simulator);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    later(20);
    const second = start(simulator, 'openai', ...deadline);
    while (!second.err().includes('Resuming batch')) await socketsQuiet();
    // Of 40 minutes 28.8 are the batch's, of which 20 have passed.
    expect(second.err()).toMatch(/Rows that the provider has not finished in 8 min \d+ s are sent row by row\./);
    expect(await hurried(second.code)).toBe(0);
    expect(second.err()).toContain('Cancelling batch');
    expect(second.err()).not.toContain('Created batch');
    expect(await ids('out.jsonl')).toEqual(names(20));
  });

  test('cancels at once if it has passed, and starts anew after its end', async () => {
    const simulator = await simulate('openai', { batches: { seconds: 3_600 } });
    stopTime();
    await interrupted(simulator);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    later(100);
    const second = start(simulator, 'openai', ...deadline);
    expect(await hurried(second.code)).toBe(0);
    expect(second.err()).toMatch(
      /The deadline was 60 min ago: rows that the provider has not finished are sent row by row now\./,
    );
    expect(second.err()).not.toContain('Created batch');
    expect(await ids('out.jsonl')).toEqual(names(20));
    await writeFile(at('in.jsonl'), row('openai', 'new', { messages: [{ role: 'user', content: 'more' }] }));
    const third = start(simulator, 'openai', ...deadline);
    while (!third.err().includes('Created batch')) await socketsQuiet();
    expect(third.err()).toContain('Rows that the provider has not finished in 29 min are sent row by row.');
    third.io.stop();
    await hurried(third.code);
  });
});

test('needs a unit', () => {
  expect(['90s', '90m', '6h', '1.5d'].map(parseDeadline)).toEqual([90_000, 5_400_000, 21_600_000, 129_600_000]);
  for (const wrong of ['6', 'h', '-1h', '6 h', '0m']) expect(() => parseDeadline(wrong)).toThrow('--deadline');
});
