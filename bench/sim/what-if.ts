/**
 * How far `tidegate report --what-if` without a change is from reality: runs providers drawn at random with a
 * record, and replays it; with `--change` also with multiplied limits.
 * `node bench/sim/what-if.ts [--draws=40] [--seed=4242] [--change=2] [--all]`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { probableMs, whatIf } from '../../src/commands/report/what-if.ts';
import { hitEvents } from '../../src/hits/hit-events.ts';
import type { RecordLine } from '../../src/hits/hit-line.ts';
import { VirtualClock, WALL_START } from '../../src/hits/replay/virtual-clock.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { quantile } from '../lib/quantile.ts';
import type { Case } from './random/case.ts';
import { drawCase, seedOf } from './random/draw.ts';
import { RandomProvider } from './random/random-provider.ts';
import { SimProcess, type Tally } from './sim-process.ts';

const MAX_CALLS = 600;
const UNCHANGED = { text: 'nothing changed', limits: {} };

interface Ran {
  readonly refusals: number;
  readonly tookMs: number;
  readonly meanWaitMs: number;
  readonly lines: readonly RecordLine[];
}

async function run(each: Case): Promise<Ran> {
  const { provider: spec, seed } = each;
  const jobs = each.jobs(mulberry32(seed)).slice(0, MAX_CALLS);
  const clock = new VirtualClock({ wall: WALL_START + (spec.minuteMs ?? 0) });
  const provider = new RandomProvider(spec, clock, seed);
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const process = new SimProcess(clock, mulberry32(seed + 1), provider, spec.dialect, each.options ?? {}, tally);
  const lines: RecordLine[] = [];
  const stop = hitEvents(process.guard, true, (line) => void lines.push(line), clock);
  let done = 0;
  let tookMs = 0;
  for (const job of jobs) {
    void process.call(job).finally(() => {
      done++;
      tookMs = clock.now();
    });
  }
  await clock.run(() => done === jobs.length);
  stop();
  await process.guard.close();
  const meanWaitMs = tally.waits.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, tally.waits.length);
  return { refusals: tally.throttled, tookMs, meanWaitMs, lines };
}

function withLimits(each: Case, factor: number): Case {
  const limits = each.provider.limits.map((limit) => ({ ...limit, perMinute: limit.perMinute * factor }));
  return { ...each, provider: { ...each.provider, limits } };
}

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '40' },
    seed: { type: 'string', default: '4242' },
    change: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'what-if-'));
const times: number[] = [];
const waits: number[] = [];
const factor = Number(values.change);
const changedTimes: number[] = [];
let inside = 0;
const changedSums = { happened: 0, off: 0 };
const sums = { happened: 0, replayed: 0, off: 0 };
for (let index = 0, drawn = 0; drawn < Number(values.draws); index++) {
  const each = drawCase(seedOf(Number(values.seed), index));
  // A record is of one process, and contains neither random faults nor an outage.
  const { errors, throttles, outage, change, neighbour } = each.provider;
  if (each.processes !== 1 || (errors ?? throttles ?? outage ?? change ?? neighbour) !== undefined) continue;
  drawn++;
  const ran = await run(each);
  const path = join(folder, `${index}.jsonl`);
  writeFileSync(path, ran.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const { results, notes } = await whatIf([path], UNCHANGED);
  const [result] = results;
  if (!result) {
    console.log(`not replayed: ${notes.join(' ')} ${each.name}`);
    continue;
  }
  const { before, limitsBefore } = result;
  times.push(before.tookMs / ran.tookMs);
  waits.push((before.meanWaitMs + 100) / (ran.meanWaitMs + 100));
  sums.happened += ran.refusals;
  sums.replayed += before.refusals;
  sums.off += Math.abs(before.refusals - ran.refusals);
  if (factor !== 1) {
    const changed = await run(withLimits(each, factor));
    const limits = Object.fromEntries(
      Object.entries(limitsBefore).map(([name, limit]) => [name, Math.round((limit as number) * factor)]),
    );
    const told = (await whatIf([path], { text: 'limits', limits })).results[0]!;
    const { after } = told;
    const [least, most] = probableMs(told);
    inside += Number(changed.tookMs >= least && changed.tookMs <= most);
    changedTimes.push(after.tookMs / changed.tookMs);
    changedSums.happened += changed.refusals;
    changedSums.off += Math.abs(after.refusals - changed.refusals);
  }
  if (values.all) {
    console.log(
      `refusals ${ran.refusals} -> ${before.refusals}  took ${(ran.tookMs / 1_000).toFixed(1)} -> ${(before.tookMs / 1_000).toFixed(1)} s  ${each.name}`,
    );
  }
}

rmSync(folder, { recursive: true });
const spread = (ratios: number[]): string => {
  const sorted = ratios.toSorted((a, b) => a - b);
  return [0.05, 0.25, 0.5, 0.75, 0.95].map((share) => quantile(sorted, share).toFixed(2)).join(' ');
};
const near = (ratios: readonly number[]): string =>
  `${ratios.filter((ratio) => Math.abs(ratio - 1) <= 0.15).length} of ${ratios.length} within 15 %`;
console.log(
  `replayed over happened at 5, 25, 50, 75, 95 %: time ${spread(times)} (${near(times)}), mean wait ${spread(waits)}`,
);
console.log(`refusals: ${sums.happened} happened, ${sums.replayed} replayed, off by ${sums.off} in all`);
if (factor !== 1) {
  console.log(`limits times ${factor}, predicted over happened: time ${spread(changedTimes)} (${near(changedTimes)})`);
  console.log(`refusals: ${changedSums.happened} happened, off by ${changedSums.off} in all`);
  console.log(`${inside} of ${changedTimes.length} took a time within the interval that the report prints`);
}
