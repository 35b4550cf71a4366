import { setTimeout as wait } from 'node:timers/promises';
import { Child } from './child.ts';
import type { Contestant } from './contestants.ts';
import type { Job } from './jobs.ts';
import type { SimulatorAnswer, SimulatorCommand, WorkerAnswer, WorkerCommand } from './messages.ts';
import { type Row, rowOf } from './row.ts';
import type { Scenario } from './http-scenarios.ts';
import { lowerBoundMs } from './to-virtual.ts';

export interface RunOptions {
  /** The scenario's jobs, for its lower bound; the contestant's processes create their own. */
  readonly jobs: readonly Job[];
  readonly seed: number;
  /** Multiplies the scenario's calls, and with them the lower bound. */
  readonly length: number;
  /** A contestant is stopped after this many lower bounds; calls without an answer then count as failed. */
  readonly cap: number;
}

/** If the bound is a single answer, this lets a client that backs off show how long it takes. */
const MIN_CAP_MS = 15_000;

/** One contestant in one scenario: a new provider, new processes. */
export async function run(
  scenario: Scenario,
  contestant: Contestant,
  { jobs, seed, length, cap }: RunOptions,
): Promise<Row> {
  const boundMs = lowerBoundMs(scenario, jobs);
  const of = scenario.processes ?? 1;
  const simulator = new Child<SimulatorCommand, SimulatorAnswer>(new URL('simulator-process.ts', import.meta.url));
  const workers = Array.from(
    { length: of },
    () => new Child<WorkerCommand, WorkerAnswer>(new URL('worker.ts', import.meta.url)),
  );
  try {
    const started = simulator.next('started');
    simulator.send({ type: 'start', options: { ...scenario.simulator, seed } });
    const { url } = await started;
    await Promise.all(
      workers.map((worker, index) => {
        const ready = worker.next('ready');
        const { name } = contestant;
        worker.send({ type: 'setup', scenario: scenario.name, contestant: name, url, seed, length, index, of });
        return ready;
      }),
    );
    const before = await statsOf(simulator);
    simulator.send({ type: 'faults', faults: scenario.faults ?? {} });
    const done = Promise.all(workers.map((worker) => worker.next('done')));
    for (const worker of workers) worker.send({ type: 'go' });
    const finished = new AbortController();
    const capped = wait(Math.max(cap * boundMs, MIN_CAP_MS), true, { signal: finished.signal }).catch(() => false);
    const late = await Promise.race([capped, done.then(() => false)]);
    if (late) for (const worker of workers) worker.send({ type: 'stop' });
    const tallies = (await done).map(({ tally }) => tally);
    finished.abort();
    const after = await statsOf(simulator);
    return rowOf({ scenario, contestant, seed, boundMs, calls: jobs.length, tallies, before, after });
  } finally {
    for (const child of [simulator, ...workers]) child.kill();
  }
}

function statsOf(
  simulator: Child<SimulatorCommand, SimulatorAnswer>,
): Promise<Extract<SimulatorAnswer, { type: 'stats' }>> {
  const told = simulator.next('stats');
  simulator.send({ type: 'stats' });
  return told;
}
