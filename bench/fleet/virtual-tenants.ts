import { Fleet } from '../../src/fleet/fleet.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { WEIGHTS } from '../../src/pacing/queue/fair-queue.ts';
import { mulberry32, type Random } from '../../src/simulator/random.ts';
import { SimProcess, type Tally } from '../sim/sim-process.ts';
import { type ProviderSetup, SimProvider } from '../sim/sim-provider.ts';
import { type Job, makeJobs, type Shape } from '../sim/workload.ts';
import { RemoteStore } from './remote-store.ts';
import { jain, shareOf } from './virtual-fleet.ts';

/** Calls of one tenant and priority. */
export interface TenantLoad {
  readonly tenant?: string;
  readonly priority?: Job['priority'];
  /** The processes that make its calls. */
  readonly by: readonly number[];
  /** Calls per minute of each of them; by default demand exceeds the limits from the start. */
  readonly perMinute?: number;
}

export interface TenantCase {
  readonly name: string;
  readonly setup: ProviderSetup;
  readonly shape: Shape;
  /** More calls than the account can serve in the time. */
  readonly plenty: number;
  readonly processes: number;
  readonly loads: readonly TenantLoad[];
}

export interface TenantResult {
  /** What each load got in the measured time, as a share of the total. */
  readonly parts: readonly number[];
  /** Mean wait of its calls, in seconds. */
  readonly waits: readonly number[];
  /** Jain's index of the parts of the tenants whose calls always wait, by their weights. */
  readonly jain: number;
  readonly waste: number;
  readonly commandsPerSecond: number;
  readonly attempts: number;
}

const FROM_MS = 20_000;
const UNTIL_MS = 80_000;

/** What tenants get of an account while demand exceeds the limits. */
export async function runTenants(each: TenantCase, seed: number): Promise<TenantResult> {
  const { setup, loads } = each;
  const clock = new VirtualClock();
  const provider = new SimProvider(setup, clock, mulberry32(seed + 1));
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const store = new RemoteStore(clock, {});
  const processes = Array.from({ length: each.processes }, (_, index) => {
    const fleet = new Fleet({ store, processes: 2, account: undefined }, `process ${index}`);
    return new SimProcess(clock, mulberry32(seed + 100 + index), provider, setup.provider, {}, tally, fleet);
  });
  const random = mulberry32(seed);
  const served = loads.map(() => 0);
  const waited = loads.map((): number[] => []);
  loads.forEach((load, index) => {
    for (const by of load.by) {
      for (const job of jobsOf(each, load, random)) {
        clock.after(job.arriveMs, () => {
          void processes[by]!.call(job).then((ok) => {
            const now = clock.now();
            if (!ok || now < FROM_MS || now >= UNTIL_MS) return;
            served[index]! += shareOf(setup, job);
            waited[index]!.push(now - job.arriveMs);
          });
        });
      }
    }
  });
  await clock.run(() => clock.now() >= UNTIL_MS);
  const { attempts, failedAttempts } = tally;
  await Promise.all(processes.map(({ guard }) => guard.close()));
  const all = served.reduce((sum, amount) => sum + amount, 0);
  const busy = loads.flatMap(({ perMinute, priority = 'normal' }, index) =>
    perMinute === undefined ? [served[index]! / WEIGHTS[priority]] : [],
  );
  return {
    parts: served.map((amount) => amount / all),
    waits: waited.map((times) => times.reduce((sum, ms) => sum + ms, 0) / times.length / 1_000),
    jain: jain(busy),
    waste: failedAttempts / attempts,
    commandsPerSecond: (1_000 * store.asked.length) / UNTIL_MS,
    attempts,
  };
}

function jobsOf({ shape, plenty }: TenantCase, { tenant, priority, by, perMinute }: TenantLoad, random: Random): Job[] {
  const count = Math.ceil(perMinute === undefined ? plenty / by.length : (perMinute * UNTIL_MS) / 60_000);
  const options = { count, shape, random, ...(priority && { priority }), ...(perMinute && { perMinute }) };
  return makeJobs(options).map((job) => (tenant === undefined ? job : { ...job, tenant }));
}
