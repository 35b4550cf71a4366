import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { createGuard } from '../../create-guard.ts';
import { type Simulator, startSimulator } from '../../testing.ts';
import { count, define, readArguments } from '../arguments.ts';
import { duration, number } from '../amounts.ts';
import type { CommandIo } from '../command-io.ts';
import { ProgressBar } from '../progress-bar.ts';
import { tableText } from '../table.ts';
import { bareCall, guardedCall } from './calls.ts';

const CALLS = 400;
const RPM = 300;
/** All of them are there at once. */
const MAX_CALLS = 100_000;

export const demoDefinition = (): Command =>
  define(
    'demo',
    'runs the same calls with and without tidegate, against a simulated provider',
    'Sends calls all at once to a simulated OpenAI on this machine, first through a client that retries twice as the SDKs do, then ' +
      'guarded, and compares. No key, no network and no SDK is needed.',
    `Exit codes: 0 no guarded call was lost, 1 some were, 2 bad arguments, 130 interrupted.

Examples:

  tidegate demo
  tidegate demo --calls 100 --rpm 60
  tidegate demo --json`,
  )
    .option('--calls <n>', `of each kind; default: ${CALLS}`)
    .option('--rpm <n>', `the limit, in requests a minute; default: ${RPM}`)
    .option('--json', 'the comparison as JSON');

/** Results of one kind of calls. */
export interface DemoRun {
  readonly calls: number;
  readonly succeeded: number;
  readonly lost: number;
  /** Requests to the provider, and refusals. */
  readonly requests: number;
  readonly refused: number;
  readonly seconds: number;
}

/** `tidegate demo`: the same burst with and without tidegate. @returns The exit code. */
export async function demo(args: readonly string[], io: CommandIo): Promise<number> {
  const read = readArguments(demoDefinition(), args, io, ({ options }) => ({
    calls: count(options['calls'] as string | undefined, '--calls', MAX_CALLS) ?? CALLS,
    rpm: count(options['rpm'] as string | undefined, '--rpm') ?? RPM,
    json: options['json'] === true,
  }));
  if (typeof read === 'number') return read;
  const { calls, rpm, json } = read;
  const say = (text: string): void => {
    if (!json) io.out(text);
  };
  const stop = new AbortController();
  void io.untilStopped.then(() => stop.abort());

  say(`${number(calls)} calls at once to a simulated OpenAI that allows ${number(rpm)} requests a minute.`);
  say('\n1. A client that retries twice, as the SDKs do');
  const bare = await withProvider(rpm, (simulator) => run(calls, simulator, bareCall(simulator.url, stop.signal), io));
  if (stop.signal.aborted) return 130;
  say(summaryOf(bare));
  say(
    `\n2. The same calls through tidegate, default options: about ${duration((60 * Math.max(0, calls - rpm)) / rpm)}`,
  );
  const guarded = await withProvider(rpm, async (simulator) => {
    const guard = createGuard({ telemetry: false });
    try {
      return await run(calls, simulator, guardedCall(guard, simulator.url, stop.signal), io);
    } finally {
      await guard.close();
    }
  });
  if (stop.signal.aborted) return 130;
  say(summaryOf(guarded));
  if (json) io.out(JSON.stringify({ rpm, bare, guarded }));
  else {
    io.out(`\n${comparison(bare, guarded)}`);
    io.out("\nIn an application: import OpenAI from 'tidegate/openai'; nothing else changes.");
  }
  return guarded.lost === 0 ? 0 : 1;
}

async function withProvider<T>(rpm: number, use: (simulator: Simulator) => Promise<T>): Promise<T> {
  const simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: rpm },
    latency: { baseMs: 150, perTokenMs: 2 },
    reply: 'label',
    // One time for both sides.
    clock: systemClock,
  });
  try {
    return await use(simulator);
  } finally {
    await simulator.close();
  }
}

async function run(
  calls: number,
  simulator: Simulator,
  call: (index: number) => Promise<boolean>,
  io: CommandIo,
): Promise<DemoRun> {
  const startedAt = systemClock.now();
  const bar = io.terminal && new ProgressBar(io.terminal);
  let done = 0;
  let succeeded = 0;
  await Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      if (await call(index)) succeeded++;
      done++;
      const text = `${number(done)} of ${number(calls)} calls, ${number(done - succeeded)} lost`;
      bar?.show({ done, total: calls, text });
    }),
  );
  bar?.clear();
  const { requests, rejected } = simulator.stats();
  const seconds = (systemClock.now() - startedAt) / 1000;
  return { calls, succeeded, lost: calls - succeeded, requests, refused: rejected, seconds };
}

function summaryOf({ succeeded, lost, seconds }: DemoRun): string {
  return `   ${number(succeeded)} answered, ${number(lost)} lost, in ${duration(seconds)}`;
}

function comparison(bare: DemoRun, guarded: DemoRun): string {
  const row = (name: string, of: (run: DemoRun) => string): string[] => [name, of(bare), of(guarded)];
  const rows = [
    row('calls lost', ({ lost }) => number(lost)),
    row('requests sent', ({ requests }) => number(requests)),
    row('requests refused', ({ refused }) => number(refused)),
    row('time', ({ seconds }) => duration(seconds)),
  ];
  return tableText(rows, { head: ['', 'bare', 'tidegate'], align: ['left', 'right', 'right'], lines: true });
}
