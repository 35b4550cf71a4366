import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { DEFAULT_THRESHOLDS } from '../../ops/thresholds.ts';
import { startStack } from '../../tools/stack/stack.ts';
import { type Delivery, startInbox } from '../ops/live-inbox.ts';
import { type Fault, type Staged, stageSet } from './fault.ts';

/** The result of a fault: times are seconds since it began. */
export interface Outcome {
  readonly fault: Fault;
  readonly deliveries: readonly (Delivery & { readonly since: number })[];
  /** What the library itself did wrong. */
  readonly problem: string | undefined;
}

interface Running {
  readonly fault: Fault;
  readonly staged: Staged;
  readonly file: string;
  begunMs: number;
}

/** How busy the machine was: what is late on a busy one may be in time on another. */
export interface Load {
  /** Maximum load average over one minute, and the number of processors. */
  readonly most: number;
  readonly processors: number;
  /** Longest block of the process that makes the calls. */
  readonly stallMs: number;
}

export interface RunOptions {
  readonly seed: number;
  /** Minutes without and with faults. */
  readonly calm: number;
  readonly lasts: number;
  readonly log: (line: string) => void;
}

/** Rules that only exist once an operator has set a number. */
const RULES = {
  thresholds: { ...DEFAULT_THRESHOLDS, cost: { ...DEFAULT_THRESHOLDS.cost, budgetUsdPerDay: 5 } },
};

/** Runs all faults at once in real time, each in a job of its own, scraped by one Prometheus every 15 s. */
export async function runFaults(
  chosen: readonly Fault[],
  options: RunOptions,
): Promise<{ outcomes: Outcome[]; load: Load }> {
  const { seed, calm, lasts, log } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-faults-'));
  const inbox = await startInbox();
  const running: Running[] = [];
  const delay = monitorEventLoopDelay();
  const load = { most: 0, processors: availableParallelism() };
  let stack: Awaited<ReturnType<typeof startStack>> | undefined;
  try {
    for (const fault of chosen) {
      const staged = await fault.stage(stageSet(fault.id, seed));
      running.push({ fault, staged, file: join(folder, `${fault.id}.json`), begunMs: Infinity });
    }
    for (const each of running) list(each);
    stack = await startStack({
      targets: {},
      discovered: Object.fromEntries(running.map(({ fault, file }) => [fault.id, file])),
      inbox: inbox.url,
      rules: RULES,
      history: history(chosen, Date.now() / 1_000),
    });
    log(`Prometheus ${stack.prometheus}, Alertmanager ${stack.alertmanager}`);
    delay.enable();
    await during(calm, running, load);
    for (const each of running) {
      each.begunMs = performance.now();
      await each.staged.begin();
      list(each);
    }
    log('The faults begin.');
    await during(lasts, running, load);
    const outcomes = running.map(({ fault, staged, begunMs }) => ({
      fault,
      problem: staged.problem?.(),
      deliveries: inbox.deliveries
        .filter(({ labels }) => labels['job'] === fault.id)
        .map((each) => ({ ...each, since: (each.atMs - begunMs) / 1_000 })),
    }));
    return { outcomes, load: { ...load, stallMs: delay.max / 1e6 } };
  } finally {
    // Some have calls that hang for good.
    await Promise.race([Promise.all(running.map(({ staged }) => staged.close())), wait(CLOSE_WITHIN_MS)]);
    await stack?.stop();
    inbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tells Prometheus where a job is, while that may change. */
async function during(minutes: number, running: readonly Running[], load: { most: number }): Promise<void> {
  const until = performance.now() + minutes * 60_000;
  while (performance.now() < until) {
    await wait(1_000);
    for (const each of running) list(each);
    load.most = Math.max(load.most, loadavg()[0]!);
  }
}

const CLOSE_WITHIN_MS = 10_000;

const told = new WeakMap<Running, string>();

/** Atomically: Prometheus may read at any moment. */
function list(each: Running): void {
  const content = JSON.stringify([{ targets: each.staged.targets() }]);
  if (told.get(each) === content) return;
  told.set(each, content);
  writeFileSync(`${each.file}.next`, content);
  renameSync(`${each.file}.next`, each.file);
}

const STEP = 60;
/** Before the first scrape: Prometheus accepts no samples older than its newest. */
const ENDS = 30;

function history(chosen: readonly Fault[], now: number): string {
  const samples = chosen.flatMap((fault) =>
    (fault.history?.(now) ?? []).flatMap(({ name, labels, value, from }) => {
      const pairs = Object.entries({ job: fault.id, ...labels }).map(
        ([label, text]) => `${label}=${JSON.stringify(text)}`,
      );
      const lines: { readonly at: number; readonly line: string }[] = [];
      for (let at = now - from; at < now - ENDS; at += STEP) {
        lines.push({ at, line: `${name}{${pairs.join(',')}} ${value} ${at.toFixed(0)}` });
      }
      return [{ name, lines }];
    }),
  );
  const names = [...new Set(samples.map(({ name }) => name))];
  const blocks = names.map((name) =>
    [
      `# TYPE ${name} gauge`,
      ...samples.filter((each) => each.name === name).flatMap(({ lines }) => lines.map(({ line }) => line)),
    ].join('\n'),
  );
  return `${[...blocks, '# EOF'].join('\n')}\n`;
}
