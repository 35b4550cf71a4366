import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Fault, faults, oneApart, ordinary, ROOMY, type StageSet } from './fault.ts';
import type { Service } from './service.ts';
import { pods } from './telemetry-faults.ts';

const QUIET = { expected: [], severity: 'none' } as const;
const MINUTE = 60_000;

/** Situations that look like a fault but must not be reported as a page. */
export const HARMLESS: readonly Fault[] = [
  {
    ...QUIET,
    id: 'blip',
    what: 'the provider fails for 40 s',
    stage: ordinary({ begin: faults({ outage: { kind: 'server_error', untilMs: 40_000 } }) }),
  },
  {
    ...QUIET,
    id: 'single-429s',
    what: 'one attempt a minute is refused',
    stage: ordinary({
      provider: 'openai',
      begin: ({ simulator, set }) => {
        const timer = setInterval(() => simulator.update({ faults: { script: ['unknown_429'] } }), MINUTE);
        set.keep(() => clearInterval(timer));
      },
    }),
  },
  {
    ...QUIET,
    id: 'batch-at-tier',
    what: 'a batch at the full tier, with no other calls waiting',
    stage: ordinary({
      provider: 'openai',
      limits: { requestsPerMinute: 180, tokensPerMinute: 3_000_000 },
      rate: 0.3,
      begin: ({ service }) => void service.busy(200, { call: { priority: 'batch' } }),
    }),
  },
  {
    ...QUIET,
    id: 'deploy',
    what: 'a deploy that replaces three processes one after another',
    stage: (set) => pods(set, 3, (services, targets) => void replaceAll(set, services, targets)),
  },
  {
    ...QUIET,
    id: 'recreated',
    what: 'a single process is replaced: 75 s without one',
    stage: (set) =>
      pods(set, 1, ([only], targets) => {
        targets.length = 0;
        void only!.close();
        void (async () => {
          await wait(75_000);
          targets.push((await successor(set)).target);
        })();
      }),
  },
  {
    ...QUIET,
    id: 'gap',
    what: 'no scrape succeeds for 45 s',
    stage: (set) =>
      pods(set, 2, (services) => {
        for (const service of services) service.scraped = false;
        void wait(45_000).then(() => {
          for (const service of services) service.scraped = true;
        });
      }),
  },
  {
    ...QUIET,
    id: 'one-of-many',
    what: 'one process of eight whose circuit opens for 100 s',
    stage: oneApart(8, 0.5, { kind: 'connection_reset', untilMs: 100_000 }),
  },
  {
    ...QUIET,
    id: 'two-lost',
    what: 'two calls that finally fail at night',
    stage: ordinary({ rate: 0.05, begin: faults({ script: ['bad_request', 'none', 'bad_request'] }) }),
  },
  {
    id: 'short-deadlines',
    what: 'a minute of overload with deadlines of 5 s, then traffic at half the tier',
    // Losses within that minute are reported, and nothing after it.
    expected: ['TidegateCallsFailing', 'TidegateCallErrorBudgetBurn'],
    severity: 'critical',
    says: /deadline/,
    due: { minutes: 10, because: 'as much as the losses of a minute burn' },
    stage: (() => {
      let endedAt = Infinity;
      return ordinary({
        provider: 'openai',
        limits: { requestsPerMinute: 300, tokensPerMinute: 3_000_000 },
        guard: { deadlineMs: 5_000 },
        rate: 2.5,
        begin: ({ service, set }) => {
          const end = service.steady(25);
          const timer = setTimeout(() => {
            end();
            endedAt = performance.now();
          }, MINUTE);
          set.keep(() => clearTimeout(timer));
        },
        problem: (service) => {
          const after = service.ended.filter(({ begunMs }) => begunMs > endedAt + 10_000);
          const lost = after.filter(({ ok }) => !ok);
          if (lost.length === 0 && after.length >= 100) return undefined;
          const codes = [...new Set(lost.map(({ code = 'other' }) => code))].join(', ');
          return `${lost.length} of ${after.length} calls lost after it (${codes})`;
        },
      });
    })(),
  },
  {
    ...QUIET,
    id: 'cluster',
    what: 'a cluster of two workers, each with its own metrics',
    stage: async (set) => {
      const simulator = await set.simulator({ provider: 'openai', limits: ROOMY });
      const primary = fork(join(import.meta.dirname, 'cluster-app.ts'), [simulator.url]);
      set.keep(() => end(primary));
      const [targets] = (await once(primary, 'message')) as [string[]];
      return { targets: () => targets, begin: () => {}, close: () => set.close() };
    },
  },
];

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function successor(set: StageSet): Promise<Service> {
  const simulator = await set.simulator({ provider: 'openai', limits: ROOMY });
  const service = await set.service({ provider: 'openai', url: simulator.url });
  service.steady(1);
  return service;
}

async function replaceAll(set: StageSet, services: readonly Service[], targets: string[]): Promise<void> {
  for (const [index, service] of services.entries()) {
    const next = await successor(set);
    targets[index] = next.target;
    await service.close();
    await wait(20_000);
  }
}
