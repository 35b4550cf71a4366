import { setTimeout as wait } from 'node:timers/promises';
import { Child } from '../pacing/child.ts';
import type { Job } from '../pacing/jobs.ts';
import type { SimulatorAnswer, SimulatorCommand } from '../pacing/messages.ts';
import type { Scenario } from '../pacing/http-scenarios.ts';
import { lowerBoundMs } from '../pacing/to-virtual.ts';
import type { WorkerAnswer, WorkerCommand } from './messages.ts';
import type { Stores } from './stores.ts';

export interface LiveCase {
  readonly name: string;
  readonly scenario: Scenario;
  readonly processes: number;
  /** Disturbs the run, whose lower bound is `boundMs`. */
  readonly disturb?: (run: LiveRun, stores: Stores, boundMs: number) => Promise<void>;
  readonly sentinels?: boolean;
  readonly target: { readonly ratio: number; readonly waste: number };
}

export interface LiveResult {
  readonly calls: number;
  readonly succeeded: number;
  /** Whether all calls were answered in time. */
  readonly finished: boolean;
  readonly ratio: number;
  readonly waste: number;
  readonly commandsPerCall: number;
  readonly commandsPerSecond: number;
  readonly bytes: number;
  readonly warnings: readonly string[];
}

/** Calls in flight per process, enough that it never runs out of work. */
const OUTSTANDING = 150;
/** A run is aborted after this many times the lower bound, another contestant's sooner. */
const CAP = 4;
const CAP_OF_OTHERS = 2;

interface Worker {
  readonly child: Child<WorkerCommand, WorkerAnswer>;
  readonly has: Set<number>;
  leaving: boolean;
}

/** The calls of a case and the processes that make them. Unanswered calls of a process that died are made by others. */
export class LiveRun {
  succeeded = 0;
  done = 0;
  /** Started workers, each of which has sent a request to warm up its HTTP client. */
  started = 0;
  readonly failed: Record<string, number> = {};
  readonly warnings = new Set<string>();
  readonly #jobs: readonly Job[];
  readonly #left: number[];
  readonly #decided = new Set<number>();
  readonly #workers = new Set<Worker>();
  readonly #setup: WorkerCommand;
  #finish!: () => void;
  readonly finished: Promise<void>;

  constructor(jobs: readonly Job[], setup: WorkerCommand) {
    this.#jobs = jobs;
    this.#left = jobs.map((_job, index) => index).reverse();
    this.#setup = setup;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Another process; it has no work before `feed`. */
  async start(): Promise<Worker> {
    const child = new Child<WorkerCommand, WorkerAnswer>(new URL('worker.ts', import.meta.url));
    const worker: Worker = { child, has: new Set(), leaving: false };
    child.on((message) => this.#answered(worker, message));
    const ready = child.next('ready');
    child.send(this.#setup);
    await ready;
    this.started++;
    this.#workers.add(worker);
    return worker;
  }

  feed(worker: Worker): void {
    const jobs: Job[] = [];
    while (!worker.leaving && worker.has.size < OUTSTANDING && this.#left.length > 0) {
      const index = this.#left.pop()!;
      worker.has.add(index);
      jobs.push(this.#jobs[index]!);
    }
    if (jobs.length > 0) worker.child.send({ type: 'call', jobs });
  }

  feedAll(): void {
    for (const worker of this.#workers) this.feed(worker);
  }

  /** One of them takes no more work, and exits once it has its answers. */
  leave(): void {
    const [worker] = this.#workers;
    if (!worker) return;
    this.#workers.delete(worker);
    worker.leaving = true;
    worker.child.send({ type: 'leave' });
  }

  /** One of them dies with unanswered calls. */
  kill(): void {
    const [worker] = this.#workers;
    if (!worker) return;
    this.#workers.delete(worker);
    worker.child.kill();
    this.#left.push(...worker.has);
    this.feedAll();
  }

  async end(): Promise<void> {
    const workers = [...this.#workers];
    // Exited processes receive no messages.
    this.#workers.clear();
    const leaving = workers.map(async ({ child }) => {
      const left = child.next('left');
      child.send({ type: 'leave' });
      for (const warning of (await left).warnings) this.warnings.add(warning);
    });
    await Promise.race([Promise.allSettled(leaving), wait(5_000)]);
    for (const { child } of workers) child.kill();
  }

  #answered(worker: Worker, message: WorkerAnswer): void {
    if (message.type === 'left') for (const warning of message.warnings) this.warnings.add(warning);
    if (message.type !== 'called' || !worker.has.delete(message.id) || this.#decided.has(message.id)) return;
    this.#decided.add(message.id);
    this.done++;
    if (message.error === undefined) this.succeeded++;
    else this.failed[message.error] = (this.failed[message.error] ?? 0) + 1;
    if (this.done === this.#jobs.length) this.#finish();
    else this.feed(worker);
  }
}

export async function runCase(
  { scenario, processes, disturb }: LiveCase,
  contestant: string,
  jobs: readonly Job[],
  stores: Stores,
): Promise<LiveResult> {
  const boundMs = lowerBoundMs(scenario, jobs);
  const simulator = new Child<SimulatorCommand, SimulatorAnswer>(
    new URL('../pacing/simulator-process.ts', import.meta.url),
  );
  const started = simulator.next('started');
  simulator.send({ type: 'start', options: scenario.simulator });
  const { url } = await started;
  const { requestsPerMinute = Infinity, tokensPerMinute = Infinity } = scenario.simulator.limits ?? {};
  const { ports: redisPorts, master } = stores;
  const setup = { type: 'setup', contestant, url, redisPorts, master, requestsPerMinute, tokensPerMinute } as const;
  const run = new LiveRun(jobs, setup);
  const stopped = new AbortController();
  try {
    await Promise.all(Array.from({ length: processes }, () => run.start()));
    const before = await statsOf(simulator);
    const commands = await stores.commands();
    const startedAt = performance.now();
    run.feedAll();
    const disturbed = disturb?.(run, stores, boundMs);
    const cap = contestant === 'tidegate' ? CAP : CAP_OF_OTHERS;
    await Promise.race([run.finished, wait(cap * boundMs, undefined, { signal: stopped.signal })]);
    const wallMs = performance.now() - startedAt;
    await disturbed;
    const after = await statsOf(simulator);
    const bytes = await stores.bytes();
    await run.end();
    const used = (await stores.commands()) - commands;
    const attempts = after.requests - before.requests - (run.started - processes);
    return {
      calls: jobs.length,
      succeeded: run.succeeded,
      finished: run.done === jobs.length,
      ratio: wallMs / boundMs,
      waste: Math.max(0, 1 - run.succeeded / Math.max(1, attempts)),
      commandsPerCall: used / jobs.length,
      commandsPerSecond: (1_000 * used) / wallMs,
      bytes,
      warnings: [...run.warnings, ...Object.entries(run.failed).map(([name, count]) => `${count} x ${name}`)],
    };
  } finally {
    stopped.abort();
    simulator.kill();
    await run.end();
  }
}

async function statsOf(simulator: Child<SimulatorCommand, SimulatorAnswer>): Promise<{ readonly requests: number }> {
  const told = simulator.next('stats');
  simulator.send({ type: 'stats' });
  return (await told).stats;
}
