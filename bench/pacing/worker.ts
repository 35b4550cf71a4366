// One process of a contestant: makes its share of the calls and reports the results.
import { CONTESTANTS } from './contestants.ts';
import type { Send } from './contestants/contestant.ts';
import { type Job, makeJobs } from './jobs.ts';
import { watchLoopDelay } from './loop-delay.ts';
import type { Tally, WorkerAnswer, WorkerCommand, WorkerSetup } from './messages.ts';
import { SCENARIOS } from './http-scenarios.ts';
import { UNTUNED } from './untuned.ts';

let send: Send;
let jobs: readonly Job[] = [];
let startedAt = 0;
let loopDelay: () => number;
const batchMs: number[] = [];
const interactiveMs: number[] = [];
const failed: Record<string, number> = {};

process.on('message', (command: WorkerCommand) => {
  switch (command.type) {
    case 'setup':
      void prepare(command).then(() => answer({ type: 'ready' }));
      break;
    case 'go':
      void run().then(finish);
      break;
    case 'stop':
      finish();
      break;
  }
});

// The parent process is gone: there is no one to report to.
process.once('disconnect', () => process.exit());

async function prepare(setup: WorkerSetup): Promise<void> {
  const scenario = [...SCENARIOS, ...UNTUNED].find(({ name }) => name === setup.scenario)!;
  const contestant = CONTESTANTS.find(({ name }) => name === setup.contestant)!;
  const { provider, limits = {} } = scenario.simulator;
  const all = await makeJobs(scenario.loads, scenario.simulator, setup.seed, setup.length);
  jobs = all.filter(({ id }) => id % setup.of === setup.index);
  const open = await contestant.load();
  send = open({
    provider,
    baseURL: setup.url,
    requestsPerMinute: limits.requestsPerMinute ?? Infinity,
    tokensPerMinute: limits.tokensPerMinute ?? limits.inputTokensPerMinute ?? Infinity,
  });
  // Warms up the HTTP client; this route has no limit.
  await (await fetch(`${setup.url}/models`)).arrayBuffer();
}

async function run(): Promise<void> {
  loopDelay = watchLoopDelay();
  startedAt = now();
  await Promise.all(jobs.map(make));
}

async function make(job: Job): Promise<void> {
  if (job.arriveMs > 0) await new Promise((resolve) => setTimeout(resolve, startedAt + job.arriveMs - now()));
  const handedOver = now();
  try {
    await send(job);
    (job.interactive ? interactiveMs : batchMs).push(now() - handedOver);
  } catch (error) {
    const { name, status } = error as Error & { readonly status?: number };
    const kind = status === undefined ? name : `${name} ${status}`;
    failed[kind] = (failed[kind] ?? 0) + 1;
  }
}

function finish(): void {
  const tally: Tally = { startedAt, endedAt: now(), batchMs, interactiveMs, failed, loopDelayMs: loopDelay() };
  answer({ type: 'done', tally }, () => process.exit());
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function answer(message: WorkerAnswer, sent?: () => void): void {
  process.send!(message, undefined, undefined, sent);
}
