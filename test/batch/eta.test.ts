import { describe, expect, it } from 'vitest';
import type { CaseJob } from '../../bench/sim/random/case.ts';
import { drawCase, seedOf } from '../../bench/sim/random/draw.ts';
import { RandomProvider } from '../../bench/sim/random/random-provider.ts';
import { VirtualClock, WALL_START } from '../../src/hits/replay/virtual-clock.ts';
import { SimProcess, type Tally } from '../../bench/sim/sim-process.ts';
import { CallMeter, newMeter } from '../../src/batch/call-meter.ts';
import { Progress } from '../../src/batch/progress.ts';
import type { BatchEstimate } from '../../src/batch/time-left.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

const DRAWS = Number(process.env.DRAWS ?? 40);
const SEED = Number(process.env.SEED ?? 13);
const CALLS = 600;
const WORKERS = 200;
const MAX_LOOKS = 400;
const SHORT_MS = 2_000;
const PARTS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9];

interface Look {
  readonly part: number;
  readonly estimate: BatchEstimate;
  readonly leftSeconds: number;
}

async function looksAt(seed: number): Promise<Look[]> {
  const { provider: spec, jobs: makeJobs, options = {} } = drawCase(seed);
  const jobs: CaseJob[] = makeJobs(mulberry32(seed)).slice(0, CALLS);
  const clock = new VirtualClock({ wall: WALL_START + (spec.minuteMs ?? 0) });
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const provider = new RandomProvider(spec, clock, seed);
  const process = new SimProcess(clock, mulberry32(seed + 1), provider, spec.dialect, options, tally);
  const meter = new CallMeter(process.guard);
  const progress = new Progress(clock.now());
  const looks: { at: number; estimate: BatchEstimate | undefined }[] = [];
  let everyMs = 250;
  const look = (): void => {
    const now = clock.now();
    const { eta } = progress.snapshot(now, jobs.length, process.guard.snapshot(), undefined);
    looks.push({ at: now, estimate: eta });
    if (looks.length > MAX_LOOKS) {
      looks.splice(0, looks.length, ...looks.filter((_, index) => index % 2 === 1));
      everyMs *= 2;
    }
    if (progress.done < jobs.length) clock.after(everyMs, look);
  };
  clock.after(everyMs, look);
  let next = 0;
  let failure: unknown;
  const work = async (): Promise<void> => {
    for (let job = jobs[next++]; job; job = jobs[next++]) {
      const took = newMeter(undefined);
      const startedAt = clock.now();
      progress.inFlight++;
      await meter.run(took, () => process.call({ ...job!, priority: 'batch' }));
      progress.inFlight--;
      progress.done++;
      progress.called(took, clock.now() - startedAt, clock.now());
    }
  };
  for (let index = 0; index < WORKERS; index++) work().catch((error: unknown) => (failure ??= error));
  await clock.run(() => progress.done === jobs.length || failure !== undefined);
  if (failure !== undefined) throw failure as Error;
  const endedAt = clock.now();
  void process.guard.close();
  // A bar that disappears so soon is of no use.
  if (endedAt < SHORT_MS) return [];
  return PARTS.flatMap((part) => {
    const { at, estimate } = looks.find((look) => look.at >= part * endedAt) ?? looks.at(-1)!;
    // Before the first answer nothing is known.
    return estimate ? [{ part, estimate, leftSeconds: (endedAt - at) / 1_000 }] : [];
  });
}

describe('the estimated end of a run', () => {
  it(`contains the true end and narrows (${DRAWS} runs at random)`, async () => {
    const all: Look[] = [];
    for (let index = 0; index < DRAWS; index++) all.push(...(await looksAt(seedOf(SEED, index))));
    const widths = PARTS.map((part) => {
      const looks = all.filter((each) => each.part === part);
      const within = looks.filter(({ estimate, leftSeconds }) => holds(estimate, leftSeconds)).length;
      // Some draws include an outage or an earlier tier, which no estimate can foresee.
      expect(within / looks.length, `at ${part} of the time`).toBeGreaterThanOrEqual(0.8);
      return median(looks.map(({ estimate, leftSeconds }) => widthOf(estimate) / (leftSeconds / (1 - part))));
    });
    const right = all.filter(({ estimate, leftSeconds }) => holds(estimate, leftSeconds)).length;
    expect(right / all.length).toBeGreaterThanOrEqual(0.9);
    expect(widths.at(-1)!).toBeLessThan(1);
    expect(widths.at(-1)!).toBeLessThan(widths[2]! / 2);
  });
});

function holds({ fromSeconds, toSeconds }: BatchEstimate, seconds: number): boolean {
  return seconds >= fromSeconds && seconds <= toSeconds;
}

function widthOf({ fromSeconds, toSeconds }: BatchEstimate): number {
  return toSeconds - fromSeconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
