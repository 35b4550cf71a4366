import { Fleet } from '../../src/fleet/fleet.ts';
import { limitRules } from '../../src/simulator/limits/limit-rules.ts';
import { LIMIT_KINDS } from '../../src/simulator/limits/limits.ts';
import { mulberry32, type Random } from '../../src/simulator/random.ts';
import { lowerBound } from '../sim/lower-bound.ts';
import { type Network, RemoteStore } from './remote-store.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { SimProcess, type Tally } from '../sim/sim-process.ts';
import { type ProviderSetup, SimProvider } from '../sim/sim-provider.ts';
import type { Job } from '../sim/workload.ts';

export interface FleetCase {
  readonly name: string;
  readonly setup: ProviderSetup;
  readonly jobs: (random: Random) => readonly Job[];
}

export interface FleetRun extends Network {
  readonly processes: number;
  readonly seed: number;
  /** Each process by itself, without a store. */
  readonly alone?: boolean;
}

export interface FleetResult {
  readonly calls: number;
  readonly succeeded: number;
  readonly wallMs: number;
  /** Time to the last answer, and to the last sent call, over the lower bound. */
  readonly ratio: number;
  readonly sentRatio: number;
  /** Unsuccessful attempts, of all attempts. */
  readonly waste: number;
  /** Jain's index of the parts that equal processes had received when most calls were done. */
  readonly jain: number;
  readonly commandsPerSecond: number;
  /** The same after the start, when all know the limits and receive urgent news. */
  readonly steadyCommandsPerSecond: number;
  /** When calls were sent. */
  readonly sent: readonly number[];
}

const BEGUN_MS = 10_000;
/** Until then all of them have work. */
const BUSY = 0.8;

/** Processes that share one account, on a virtual clock; all calls arrive at once. */
export async function runFleet({ setup, jobs: makeJobs }: FleetCase, run: FleetRun): Promise<FleetResult> {
  const clock = new VirtualClock();
  const { seed } = run;
  const provider = new SimProvider(setup, clock, mulberry32(seed + 1));
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const store = new RemoteStore(clock, run);
  const processes = Array.from({ length: run.processes }, (_, index) => {
    const fleet = run.alone ? undefined : new Fleet({ store, processes: 2, account: undefined }, `process ${index}`);
    return new SimProcess(clock, mulberry32(seed + 100 + index), provider, setup.provider, {}, tally, fleet);
  });
  const jobs = makeJobs(mulberry32(seed));
  const served = processes.map(() => 0);
  let done = 0;
  let succeeded = 0;
  jobs.forEach((job, index) => {
    const process = index % processes.length;
    const call = async (): Promise<void> => {
      const ok = await processes[process]!.call(job);
      done++;
      if (ok) succeeded++;
      if (done < BUSY * jobs.length) served[process]! += shareOf(setup, job);
    };
    clock.after(job.arriveMs, () => void call());
  });
  await clock.run(() => done === jobs.length);
  const wallMs = clock.now();
  await Promise.all(processes.map(({ guard }) => guard.close()));
  const bound = lowerBound(setup, jobs);
  return {
    calls: jobs.length,
    succeeded,
    wallMs,
    ratio: wallMs / bound.doneMs,
    sentRatio: tally.sent.at(-1)! / bound.sentMs,
    waste: tally.failedAttempts / tally.attempts,
    jain: jain(served),
    commandsPerSecond: (1_000 * store.asked.length) / wallMs,
    steadyCommandsPerSecond:
      (1_000 * store.asked.filter((at) => at >= BEGUN_MS).length) / Math.max(1, wallMs - BEGUN_MS),
    sent: tally.sent,
  };
}

/** The part of a limit that a call takes, for the limit of which it takes most. */
export function shareOf({ provider, limits }: ProviderSetup, job: Job): number {
  const rules = limitRules(provider, 'realtime');
  const { inputTokens, arrivalTokens, maxOutputTokens, outputTokens } = job;
  const usage = { inputTokens, cachedTokens: 0, outputTokens };
  const request = { account: '', model: '', inputTokens: arrivalTokens, maxOutputTokens };
  const shares = LIMIT_KINDS.map(({ name }) => {
    const amount = rules.actual(name, usage) ?? rules.cost(name, request, 0)?.charge ?? 0;
    return amount / (limits[name] ?? Infinity);
  });
  return Math.max(...shares);
}

/** Jain's index of fairness: 1 if all are equal. */
export function jain(values: readonly number[]): number {
  const sum = values.reduce((a, b) => a + b, 0);
  return sum ** 2 / (values.length * values.reduce((a, b) => a + b * b, 0));
}
