/**
 * Processes that share one account through an in-memory store, on a virtual clock:
 * `node bench/fleet/virtual.ts [--processes=8,64,1000] [--scale=3] [--seeds=7919] [--only=text] [--alone] [--delay=1]`;
 * `--table` runs further cases: processes that come and go, large calls, other buckets, Groq;
 * `--warm` sends 1,000 calls at once from a process that joins others which know the limits.
 */
import { parseArgs } from 'node:util';
import { fleetCases, tableCases } from './cases.ts';
import { type FleetResult, runFleet } from './virtual-fleet.ts';
import { runPool } from './virtual-pool.ts';
import { runWarmStart } from './warm-start.ts';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '8' },
    scale: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '7919' },
    only: { type: 'string', default: '' },
    alone: { type: 'boolean', default: false },
    warm: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    delay: { type: 'string', default: '1' },
  },
});

if (values.warm) {
  const huge = 10_000_000;
  for (const [requestsPerMinute, tokensPerMinute] of [
    [3_000, huge],
    [500, huge],
    [30_000, 400_000],
    [30_000, 600_000],
  ] as const) {
    for (const seed of values.seeds.split(',').map(Number)) {
      const setup = { provider: 'openai', limits: { requestsPerMinute, tokensPerMinute } } as const;
      console.log(`RPM ${requestsPerMinute}, TPM ${tokensPerMinute}:`, await runWarmStart(setup, 1_000, seed));
    }
  }
  process.exit();
}

if (values.table) {
  console.log('case                 processes   ok %  wall/bound  sent/bound  waste %  commands/s');
  for (const { processes, trouble, ...each } of tableCases()) {
    if (!each.name.includes(values.only)) continue;
    for (const seed of values.seeds.split(',').map(Number)) {
      const result = await (trouble
        ? runPool(each, { processes, seed, trouble })
        : runFleet(each, { processes, seed }));
      const cells = [...outcome(each.name, processes, result), result.commandsPerSecond.toFixed(1).padStart(11)];
      console.log(cells.join(' '));
    }
  }
  process.exit();
}

console.log('case                 processes   ok %  wall/bound  sent/bound  waste %  Jain   commands/s  real s');
for (const processes of values.processes.split(',').map(Number)) {
  for (const each of fleetCases(Number(values.scale))) {
    if (!each.name.includes(values.only)) continue;
    for (const seed of values.seeds.split(',').map(Number)) {
      const startedAt = performance.now();
      const { alone } = values;
      const result = await runFleet(each, { processes, seed, alone, delayMs: Number(values.delay) });
      const cells = [
        ...outcome(each.name, processes, result),
        result.jain.toFixed(3).padStart(6),
        result.commandsPerSecond.toFixed(1).padStart(10),
        ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(8),
      ];
      console.log(cells.join(' '));
    }
  }
}

type Outcome = Pick<FleetResult, 'succeeded' | 'calls' | 'ratio' | 'sentRatio' | 'waste'>;

function outcome(name: string, processes: number, { succeeded, calls, ratio, sentRatio, waste }: Outcome): string[] {
  return [
    name.padEnd(20),
    String(processes).padStart(9),
    ((100 * succeeded) / calls).toFixed(1).padStart(6),
    ratio.toFixed(4).padStart(11),
    sentRatio.toFixed(4).padStart(11),
    (100 * waste).toFixed(2).padStart(8),
  ];
}
