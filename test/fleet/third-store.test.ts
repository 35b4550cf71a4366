import { expect, it } from 'vitest';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { SimProcess, type Tally } from '../../bench/sim/sim-process.ts';
import { type ProviderSetup, SimProvider } from '../../bench/sim/sim-provider.ts';
import { makeJobs } from '../../bench/sim/workload.ts';
import type { FleetStore, Grant, LimitGrant, LimitReport, Report, SharedLimits } from '../../src/redis.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

/** An application's own store, with rules of its own, passed to a guard like that of Redis. */
class EvenStore implements FleetStore {
  readonly #now: () => number;
  readonly #limits = new Map<string, EvenLimit>();
  readonly #processes = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  exchange(_lane: string, report: Report): Promise<Grant> {
    this.#processes.add(report.process);
    const now = this.#now();
    const fleet = this.#processes.size;
    const parts = report.limits.map((told) => {
      const limit = this.#limits.get(told.name) ?? new EvenLimit(told, now);
      this.#limits.set(told.name, limit);
      limit.settle(report.process, told, now);
      return { told, limit, amount: Math.min(told.want, limit.free / fleet) };
    });
    const fits = parts.every(({ told, amount }) => amount >= told.need);
    const limits = parts.map(({ limit, amount }) => limit.lease(report.process, fits ? amount : 0));
    const waitMs = fits ? 0 : 100;
    const { serial } = report;
    const none = { pauseMs: 0, circuitMs: 0, stop: undefined, epoch: 1, since: 1, warm: false };
    return Promise.resolve({ ...none, serial, fleet, active: fleet, waitMs, limits });
  }
}

class EvenLimit {
  free: number;
  readonly #told: LimitReport;
  readonly #spent = new Map<string, number>();
  readonly #held = new Map<string, number>();
  #at: number;

  constructor(told: LimitReport, now: number) {
    this.#told = told;
    this.free = (1 - told.headroom) * told.full;
    this.#at = now;
  }

  settle(process: string, { spent, unanswered, refusedAt }: LimitReport, now: number): void {
    const { limit, windowMs, full, headroom } = this.#told;
    this.free = Math.min((1 - headroom) * full, this.free + ((now - this.#at) * limit) / windowMs);
    this.#at = now;
    const before = this.#spent.get(process);
    this.free += before === undefined ? -unanswered : (this.#held.get(process) ?? 0) - (spent - before);
    if (refusedAt !== undefined) this.free = Math.min(this.free, refusedAt);
    this.#spent.set(process, spent);
  }

  lease(process: string, granted: number): LimitGrant {
    const { name, limit, windowMs, full } = this.#told;
    this.free -= granted;
    this.#held.set(process, granted);
    return {
      name,
      limit,
      windowMs,
      full,
      granted,
      free: this.free,
      kept: 0,
      total: 0,
      unspentLeast: 0,
      unspentMost: 0,
    };
  }
}

it('a third store needs nothing else: guards that share it divide an account', async () => {
  const clock = new VirtualClock();
  const setup: ProviderSetup = { provider: 'openai', limits: { requestsPerMinute: 600, tokensPerMinute: 1_000_000 } };
  const provider = new SimProvider(setup, clock, mulberry32(1));
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const store = new EvenStore(() => clock.now());
  const processes = [1, 2, 3].map((seed) => {
    const shared: SharedLimits = { store, processes: 3, account: undefined };
    return new SimProcess(clock, mulberry32(seed), provider, 'openai', { shared }, tally);
  });
  const jobs = makeJobs({ count: 1_200, shape: 'uniform', random: mulberry32(9) });
  const results: boolean[] = [];
  jobs.forEach((job, index) => void processes[index % 3]!.call(job).then((ok) => results.push(ok)));
  await clock.run(() => results.length === jobs.length);
  const shared = processes.map(({ guard }) => guard.snapshot()[0]!.shared!);
  await Promise.all(processes.map(({ guard }) => guard.close()));
  expect(shared).toMatchObject([1, 2, 3].map(() => ({ mode: 'shared', processes: 3 })));
  expect(results.every(Boolean)).toBe(true);
  // A bucket at once, and a minute for as many again; its rules are simple.
  expect(clock.now()).toBeGreaterThan(60_000);
  expect(clock.now()).toBeLessThan(70_000);
  expect(tally.failedAttempts / tally.attempts).toBeLessThan(0.01);
});
