import { describe, expect, it } from 'vitest';
import type { CaseJob } from '../../bench/sim/random/case.ts';
import { drawCase, seedOf } from '../../bench/sim/random/draw.ts';
import { RandomProvider } from '../../bench/sim/random/random-provider.ts';
import { VirtualClock, WALL_START } from '../../src/hits/replay/virtual-clock.ts';
import { SimProcess, type Tally } from '../../bench/sim/sim-process.ts';
import { FoundLimits } from '../../src/batch/found-limits.ts';
import { type KeptLane, keepLanes, recallLanes } from '../../src/core/kept-lane.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

const DRAWS = Number(process.env.DRAWS ?? 40);
const KEPT_EVERY_MS = 1_000;
const CALLS = 400;

interface Rerun {
  readonly refused: number;
  readonly ms: number;
  readonly done: number;
}

/** A run that dies half-way, and the one that resumes it after `awayMs`, with or without what the first one learned. */
async function killed(seed: number, awayMs: number, recalled: boolean): Promise<Rerun> {
  const { provider: spec, jobs: makeJobs, options = {} } = drawCase(seed);
  const jobs = makeJobs(mulberry32(seed)).slice(0, CALLS);
  const clock = new VirtualClock({ wall: WALL_START + (spec.minuteMs ?? 0) });
  const provider = new RandomProvider(spec, clock, seed);
  const left = new Set(jobs);
  let limits = new FoundLimits();
  const start = (number: number): { process: SimProcess<CaseJob>; tally: Tally } => {
    const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
    const process = new SimProcess(clock, mulberry32(seed + number), provider, spec.dialect, options, tally);
    return { process, tally };
  };
  const work = (process: SimProcess<CaseJob>, until: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      for (const job of left) {
        process.call({ ...job, priority: 'batch', arriveMs: 0 }).then((ok) => {
          if (until()) return;
          if (ok) left.delete(job);
          const { inputTokens, outputTokens } = job;
          limits.spent({
            attempts: 1,
            usage: { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
          });
          if (until()) resolve();
        }, reject);
      }
    });
  const first = start(1);
  let dead = false;
  const keep = (): void => {
    if (dead) return;
    const lanes: KeptLane[] = keepLanes(
      first.process.guard,
      new Set(first.process.guard.snapshot().map(({ lane }) => lane)),
    );
    // As it is read from a file.
    if (lanes.length > 0) limits.hear(JSON.parse(JSON.stringify({ limits: { at: clock.wall(), lanes } })));
    clock.after(KEPT_EVERY_MS, keep);
  };
  clock.after(1, keep);
  const half = work(first.process, () => (dead ||= left.size <= jobs.length / 2));
  await clock.run(() => dead);
  await half;
  void first.process.guard.close();
  const second = start(2);
  if (recalled && limits.limits) recallLanes(second.process.guard, limits.limits.lanes, limits.limits.at);
  limits = new FoundLimits();
  const from = clock.now() + awayMs;
  let over = false;
  clock.after(awayMs, () => void work(second.process, () => (over ||= left.size === 0)));
  await clock.run(() => over || clock.now() > from + 3_600_000);
  const result = { refused: second.tally.throttled, ms: clock.now() - from, done: jobs.length - left.size };
  void second.process.guard.close();
  return result;
}

describe('a run that resumes after a kill', () => {
  it(`is refused less because it knows the limits that the first one learned (${DRAWS} providers at random)`, async () => {
    let [blind, knowing] = [0, 0];
    let [blindMs, knowingMs] = [0, 0];
    for (let index = 0; index < DRAWS; index++) {
      const seed = seedOf(20_261_127, index);
      // These refuse at random, at any pace.
      if (drawCase(seed).provider.throttles !== undefined) continue;
      const awayMs = [200, 2_000, 30_000][index % 3]!;
      const without = await killed(seed, awayMs, false);
      const withLimits = await killed(seed, awayMs, true);
      blind += without.refused;
      knowing += withLimits.refused;
      blindMs += without.ms;
      knowingMs += withLimits.ms;
      expect(withLimits.done).toBe(without.done);
    }
    expect(knowing).toBeLessThan(0.93 * blind);
    expect(knowingMs).toBeLessThan(1.03 * blindMs);
  });
});
