import { Fleet } from '../../src/fleet/fleet.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { lowerBound } from '../sim/lower-bound.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { SimProcess, type Tally } from '../sim/sim-process.ts';
import { type ProviderSetup, SimProvider } from '../sim/sim-provider.ts';
import { makeJobs } from '../sim/workload.ts';
import { RemoteStore } from './remote-store.ts';

export interface WarmStart {
  readonly succeeded: number;
  readonly refused: number;
  /** To the last sent call, over the lower bound; 0 if the limits delay nothing. */
  readonly sentRatio: number;
  /** To the last answer, over the lower bound for calls in order with the same durations. */
  readonly ratio: number;
}

const OTHERS = 4;
const BEFORE = 400;
const A_MINUTE = 61_000;

/** Calls that arrive all at once in a process that has just joined idle ones which know the limits. */
export async function runWarmStart(setup: ProviderSetup, calls: number, seed: number): Promise<WarmStart> {
  const clock = new VirtualClock();
  const provider = new SimProvider(setup, clock, mulberry32(seed + 1));
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const store = new RemoteStore(clock, {});
  const options = { bulkhead: { maxConcurrent: calls } };
  const join = (name: number): SimProcess => {
    const fleet = new Fleet({ store, processes: 2, account: undefined }, `process ${name}`);
    return new SimProcess(clock, mulberry32(seed + 100 + name), provider, setup.provider, options, tally, fleet);
  };
  const processes = Array.from({ length: OTHERS }, (_, name) => join(name));
  let done = 0;
  makeJobs({ count: BEFORE, shape: 'uniform', random: mulberry32(seed), perMinute: 200 }).forEach((job, index) => {
    const call = async (): Promise<void> => {
      await processes[index % OTHERS]!.call(job);
      done++;
    };
    clock.after(job.arriveMs, () => void call());
  });
  await clock.run(() => done === BEFORE);
  let rested = false;
  clock.after(A_MINUTE, () => (rested = true));
  await clock.run(() => rested);
  const refused = tally.failedAttempts;
  const jobs = makeJobs({ count: calls, shape: 'uniform', random: mulberry32(seed + 2) });
  const fresh = join(OTHERS);
  const startedAt = clock.now();
  let answered = 0;
  let succeeded = 0;
  let leastMs = 0;
  jobs.forEach((job, index) => {
    const least = lowerBound(setup, jobs.slice(0, index + 1)).sentMs;
    void fresh.call(job).then((ok) => {
      answered++;
      if (!ok) return;
      succeeded++;
      const tookMs = clock.now() - startedAt - tally.waits.at(-1)!.ms;
      leastMs = Math.max(leastMs, least + tookMs);
    });
  });
  await clock.run(() => answered === calls);
  const wallMs = clock.now() - startedAt;
  await Promise.all([...processes, fresh].map(({ guard }) => guard.close()));
  const { sentMs } = lowerBound(setup, jobs);
  return {
    succeeded,
    refused: tally.failedAttempts - refused,
    sentRatio: sentMs === 0 ? 0 : (tally.sent.at(-1)! - startedAt) / sentMs,
    ratio: wallMs / leastMs,
  };
}
