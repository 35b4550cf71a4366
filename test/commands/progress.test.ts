import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BatchSnapshot } from '../../src/batch/progress.ts';
import { endRun } from '../../src/commands/batch/end-run.ts';
import { ProgressDisplay } from '../../src/commands/batch/progress.ts';
import { FakeIo } from './fake-io.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
const snapshot = (more: Partial<BatchSnapshot> = {}): BatchSnapshot => ({
  total: 200,
  done: 50,
  failed: 3,
  reused: 0,
  inFlight: 12,
  elapsedMs: 4_000,
  itemsPerSecond: 0.5,
  tokensPerSecond: 1_234,
  usage,
  cost: { usd: 0.5, unknown: 0, possibleUsd: 0, lostAttempts: 0, reservedUsd: 0 },
  eta: { fromSeconds: 100, toSeconds: 200, binds: 'output_tokens' },
  ...more,
});

function atTerminal(columns: number): { io: FakeIo; drawn: () => string } {
  const io = new FakeIo();
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns });
  let text = '';
  terminal.on('data', (part) => (text += String(part)));
  io.terminal = terminal;
  return { io, drawn: () => text };
}

const plain = { json: false, quiet: false, out: 'results.jsonl' };

/** The last drawing, line by line, without cursor movement. */
const lastDrawn = (text: string): string[] =>
  text
    // oxlint-disable-next-line no-control-regex -- It is what steers a terminal.
    .replaceAll(/\u001B\[[\d;]*[A-Za-z]/g, '\r')
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .slice(-2);

test('a bar on a terminal shows progress and speed', async () => {
  const { io, drawn } = atTerminal(100);
  const display = new ProgressDisplay(io, plain);
  display.show(snapshot());
  await vi.advanceTimersByTimeAsync(600);
  expect(lastDrawn(drawn())).toEqual([
    '[#####...............]  25 %  50 of 200 rows, 3 failed, 1 min 40 s to 3 min 20 s left',
    '12 in flight, 30.0 rows/min, 1,234 tokens/s, $0.50 so far, limited by output tokens',
  ]);
  display.aside('20 rows at the provider');
  display.show(snapshot());
  await vi.advanceTimersByTimeAsync(600);
  expect(lastDrawn(drawn())[1]).toBe('20 rows at the provider');
  display.close();
  // Nothing is drawn any more, and no timer keeps the process alive.
  const before = drawn();
  await vi.advanceTimersByTimeAsync(5_000);
  expect([drawn(), vi.getTimerCount(), io.errLines]).toEqual([before, 0, []]);
});

test('lines fit a narrow terminal', async () => {
  const { io, drawn } = atTerminal(40);
  const display = new ProgressDisplay(io, plain);
  display.show(snapshot());
  await vi.advanceTimersByTimeAsync(600);
  display.close();
  const [bar, below] = lastDrawn(drawn());
  expect(bar).toBe('[###.......]  25 %  50 of 200 rows, 3 f');
  expect(below).toHaveLength(39);
});

test.each([
  ['quiet', { ...plain, quiet: true }],
  ['JSON is asked for', { ...plain, json: true }],
  ['results go to the same terminal', { ...plain, out: '-' }],
])('there is no bar when %s', async (_name, settings) => {
  const { io, drawn } = atTerminal(100);
  Object.assign(io, { outIsTerminal: true });
  const display = new ProgressDisplay(io, settings);
  for (const elapsedMs of [4_000, 11_000, 12_000, 22_000]) display.show(snapshot({ elapsedMs }));
  await vi.advanceTimersByTimeAsync(600);
  expect([drawn(), vi.getTimerCount()]).toEqual(['', 0]);
  expect(io.errLines).toHaveLength(settings.quiet ? 0 : 2);
});

test('elsewhere it prints a line every ten seconds', () => {
  const io = new FakeIo();
  const display = new ProgressDisplay(io, plain);
  display.aside('20 rows at the provider');
  for (const elapsedMs of [9_000, 10_000, 15_000, 20_000]) display.show(snapshot({ elapsedMs }));
  const line =
    '50 of 200 rows, 3 failed, 12 in flight, 30.0 rows/min, 1,234 tokens/s, $0.50 so far, 1 min 40 s to 3 min 20 s left, limited by output tokens; ' +
    '20 rows at the provider';
  expect(io.errLines).toEqual([line, line]);
});

test('with --json everything is JSON', () => {
  const io = new FakeIo();
  const display = new ProgressDisplay(io, { ...plain, json: true });
  display.say('stopping', 'Stopping.');
  display.show(snapshot({ elapsedMs: 10_000 }));
  expect(io.errLines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { event: 'stopping', text: 'Stopping.' },
    { event: 'progress', done: 50 },
  ]);
});

test.each([
  [200, 0, []],
  [199, 130, ['To resume: npx tidegate batch in.jsonl']],
])('a run that is interrupted with %i of 200 rows done exits with %i', (done, exit, lines) => {
  const io = new FakeIo();
  const broken = Object.assign(new Error('stopped'), { code: 'batch_stopped' });
  const args = { json: false, quiet: true, journal: 'j', errors: 'e' } as never;
  const last = snapshot({ done, failed: 0 });
  const ended = { args, resumeCommand: 'npx tidegate batch in.jsonl' };
  expect(endRun(ended, { broken, interrupted: true, last }, io)).toBe(exit);
  expect(io.errLines).toEqual(lines);
});
