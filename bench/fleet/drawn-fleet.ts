import { Fleet } from '../../src/fleet/fleet.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import type { Case, CaseJob } from '../sim/random/case.ts';
import { Draw } from '../sim/random/dice.ts';
import { drawCase } from '../sim/random/draw.ts';
import { unavoidableFaults } from '../sim/random/drawn-fault.ts';
import { RandomProvider } from '../sim/random/random-provider.ts';
import { reference } from '../sim/random/reference.ts';
import { VirtualClock, WALL_START } from '../../src/hits/replay/virtual-clock.ts';
import { SimProcess, type Tally } from '../sim/sim-process.ts';
import { RemoteStore } from './remote-store.ts';

/** Separates the draws of the fleet from those of the provider. */
const FLEET = 0x51ed_270b;
const MIN_PROCESSES = 2;
const MAX_PROCESSES = 64;
const PATIENCE = 30;
const MIN_PATIENCE_MS = 120_000;

/** A provider, its load, and the processes that share it; reproducible by seed. */
export interface DrawnFleet {
  readonly case: Case;
  readonly processes: number;
  /** Which process makes which call, and when each joins. */
  readonly maker: readonly number[];
  readonly joinsAt: readonly number[];
  readonly jobs: readonly CaseJob[];
  /** Whether a process closes its guard after its last answer. */
  readonly leaves: boolean;
  readonly delayMs: number;
  readonly boundMs: number;
}

/** The processes use a store, work each by itself, or are one process that makes all calls. */
export type Way = 'shared' | 'apart' | 'one';

export interface DrawnResult {
  readonly lost: number;
  readonly ratio: number;
  readonly waste: number;
  readonly commandsPerSecond: number;
  /** Peak rate per second, over all processes. */
  readonly mostPerSecond: number;
}

export function drawFleet(seed: number): DrawnFleet {
  const drawn = drawCase(seed);
  const draw = new Draw(mulberry32(seed ^ FLEET));
  const processes = Math.round(draw.logarithmic(MIN_PROCESSES, MAX_PROCESSES));
  const equal = draw.chance(0.5);
  const weights = Array.from({ length: processes }, () => (equal ? 1 : draw.heavyTailed(1)));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const original = drawn.jobs(mulberry32(drawn.seed));
  const { sentMs } = reference(drawn, original);
  const join = draw.chance(0.3);
  const joinsAt = weights.map((_, index) => (join && index > 0 ? draw.between(0, sentMs / 2) : 0));
  const maker = original.map((_, index) => {
    if (equal) return index % processes;
    let left = draw.random() * all;
    return Math.max(
      0,
      weights.findIndex((weight) => (left -= weight) < 0),
    );
  });
  const jobs = original.map((job, index) => ({ ...job, arriveMs: Math.max(job.arriveMs, joinsAt[maker[index]!]!) }));
  const { doneMs } = reference(drawn, jobs);
  const delayMs = draw.logarithmic(0.3, 30);
  return { case: drawn, processes, maker, joinsAt, jobs, leaves: draw.chance(0.5), delayMs, boundMs: doneMs };
}

export async function runDrawn(fleet: DrawnFleet, way: Way): Promise<DrawnResult> {
  const { case: drawn, jobs, maker, joinsAt, leaves, boundMs } = fleet;
  const { provider: spec, seed, options = {} } = drawn;
  const clock = new VirtualClock({ wall: WALL_START + (spec.minuteMs ?? 0) });
  const provider = new RandomProvider(spec, clock, seed);
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const store = new RemoteStore(clock, { delayMs: fleet.delayMs });
  const begin = (index: number): SimProcess<CaseJob> => {
    const shared =
      way === 'shared' ? new Fleet({ store, processes: 2, account: undefined }, `process ${index}`) : undefined;
    return new SimProcess(clock, mulberry32(seed + 100 + index), provider, spec.dialect, options, tally, shared);
  };
  const left = joinsAt.map(() => 0);
  const processes = new Map<number, SimProcess<CaseJob>>();
  const of = (index: number): number => (way === 'one' ? 0 : maker[index]!);
  jobs.forEach((_, index) => left[of(index)]!++);
  let done = 0;
  let succeeded = 0;
  let endedAt = 0;
  let failure: unknown;
  const start = (index: number): void => {
    const which = of(index);
    let process = processes.get(which);
    if (!process) processes.set(which, (process = begin(which)));
    process.call(jobs[index]!).then(
      (ok) => {
        done++;
        succeeded += Number(ok);
        endedAt = clock.now();
        if (--left[which]! === 0 && leaves) void process.guard.close();
      },
      (error: unknown) => (failure = error ?? new Error('unknown')),
    );
  };
  jobs.forEach((job, index) => {
    clock.after(job.arriveMs, () => start(index));
  });
  const patienceMs = Math.max(MIN_PATIENCE_MS, PATIENCE * boundMs);
  await clock.run(() => done === jobs.length || failure !== undefined || clock.now() > patienceMs);
  const wallMs = done === jobs.length ? endedAt : clock.now();
  await Promise.all(Array.from(processes.values(), ({ guard }) => guard.close()));
  if (failure !== undefined) throw failure as Error;
  const unavoidable = jobs.reduce((sum, job) => sum + unavoidableFaults(spec, job).attempts, 0);
  return {
    lost: jobs.length - succeeded,
    ratio: wallMs / boundMs,
    waste: Math.max(0, tally.failedAttempts - unavoidable) / tally.attempts,
    commandsPerSecond: (1_000 * store.asked.length) / Math.max(1_000, wallMs),
    mostPerSecond: busiest(tally.sent),
  };
}

function busiest(sent: readonly number[]): number {
  const perSecond = new Map<number, number>();
  for (const at of sent) perSecond.set(Math.floor(at / 1_000), (perSecond.get(Math.floor(at / 1_000)) ?? 0) + 1);
  return Math.max(0, ...perSecond.values());
}
