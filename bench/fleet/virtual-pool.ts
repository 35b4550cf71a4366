import { Fleet } from '../../src/fleet/fleet.ts';
import type { FleetStore, Grant, NewsListener, Report } from '../../src/fleet/fleet-store.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { lowerBound } from '../sim/lower-bound.ts';
import { SimProcess, type Tally } from '../sim/sim-process.ts';
import { SimProvider } from '../sim/sim-provider.ts';
import type { Receiver, Transport } from '../sim/transport.ts';
import type { Job } from '../sim/workload.ts';
import { RemoteStore } from './remote-store.ts';
import type { FleetCase, FleetResult } from './virtual-fleet.ts';

/** What happens to the processes while they work. */
export type Trouble = 'join and leave' | 'killed';

/** Calls in flight per process, as in the benchmark over HTTP. */
const OUTSTANDING = 150;
const EVERY_MS = 1_000;
const DISTURBED = 0.8;
const KILLED = 1 / 3;

/** A process, and whether it is alive: a killed one sends and receives nothing. */
class Member implements Transport, FleetStore {
  readonly process: SimProcess;
  readonly has = new Set<Job>();
  isLeaving = false;
  #isDead = false;
  readonly #provider: Transport;
  readonly #store: FleetStore;

  constructor(clock: VirtualClock, seed: number, name: string, provider: Transport, store: FleetStore, tally: Tally) {
    this.#provider = provider;
    this.#store = store;
    const fleet = new Fleet({ store: this, processes: 2, account: undefined }, name);
    this.process = new SimProcess(clock, mulberry32(seed), this, 'openai', {}, tally, fleet);
  }

  kill(): void {
    this.#isDead = true;
  }

  send(job: Job, { head, end }: Receiver): void {
    if (this.#isDead) return;
    this.#provider.send(job, {
      head: (reply) => {
        if (!this.#isDead) head(reply);
      },
      end: (reply) => {
        if (!this.#isDead) end(reply);
      },
    });
  }

  exchange(lane: string, report: Report): Promise<Grant> {
    return this.#isDead ? new Promise(() => undefined) : this.#store.exchange(lane, report);
  }

  listen(lane: string, listener: NewsListener): () => void {
    return this.#store.listen!(lane, listener);
  }
}

/** Processes that take calls from a common queue, on a virtual clock, while some come and go. */
export async function runPool(
  { setup, jobs: makeJobs }: FleetCase,
  { processes, seed, trouble }: { readonly processes: number; readonly seed: number; readonly trouble: Trouble },
): Promise<Pick<FleetResult, 'calls' | 'succeeded' | 'ratio' | 'sentRatio' | 'waste' | 'commandsPerSecond'>> {
  const clock = new VirtualClock();
  const provider = new SimProvider(setup, clock, mulberry32(seed + 1));
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const store = new RemoteStore(clock, {});
  const jobs = makeJobs(mulberry32(seed));
  const bound = lowerBound(setup, jobs);
  const left = jobs.toReversed();
  const members: Member[] = [];
  let started = 0;
  let done = 0;
  let succeeded = 0;
  const feed = (member: Member): void => {
    while (!member.isLeaving && member.has.size < OUTSTANDING && left.length > 0) {
      const job = left.pop()!;
      member.has.add(job);
      const call = async (): Promise<void> => {
        const ok = await member.process.call(job);
        member.has.delete(job);
        done++;
        succeeded += Number(ok);
        if (member.isLeaving && member.has.size === 0) await member.process.guard.close();
        else feed(member);
      };
      void call();
    }
  };
  const join = (): void => {
    const member = new Member(clock, seed + 100 + started, `process ${started++}`, provider, store, tally);
    members.push(member);
    feed(member);
  };
  for (let index = 0; index < processes; index++) join();
  if (trouble === 'killed') {
    clock.after(KILLED * bound.doneMs, () => {
      const killed = members.shift()!;
      killed.kill();
      left.push(...killed.has);
      for (const member of members) feed(member);
    });
  } else {
    const change = (): void => {
      if (clock.now() >= DISTURBED * bound.doneMs) return;
      join();
      members.shift()!.isLeaving = true;
      clock.after(EVERY_MS, change);
    };
    clock.after(EVERY_MS, change);
  }
  await clock.run(() => done === jobs.length);
  const wallMs = clock.now();
  await Promise.all(members.map(({ process }) => process.guard.close()));
  return {
    calls: jobs.length,
    succeeded,
    ratio: wallMs / bound.doneMs,
    sentRatio: tally.sent.at(-1)! / bound.sentMs,
    waste: tally.failedAttempts / tally.attempts,
    commandsPerSecond: (1_000 * store.asked.length) / wallMs,
  };
}
