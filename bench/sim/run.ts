/**
 * The pacer on a virtual clock against the simulator's limits, several processes and faults included:
 * `node bench/sim/run.ts [--only=text] [--seeds=1,2] [--held-out] [--headroom=0.01] [--hour]`.
 * Prints a table and writes bench/results/sim.json, or sim-held-out.json.
 * With `--random 500 --seed N`, `--case NAME`, `--harm` or `--batch`: randomly drawn and other untuned providers,
 * see bench/sim/README.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Priority } from '../../src/core/admission.ts';
import { contestantsOf, runRandom } from './random/main.ts';
import { type Result, runScenario, type Scenario } from './run-scenario.ts';
import { HOUR, scenarios } from './virtual-scenarios.ts';
import { starts } from './starts.ts';

/** Tuned on the first three; the others, and the other limits, were only looked at afterwards. */
const TUNED = { scale: 1, seeds: [7_919, 15_838, 23_757] };
const HELD_OUT = [
  { scale: 1, seeds: [31_676, 39_595] },
  { scale: 2.7, seeds: [101] },
  { scale: 0.3, seeds: [202] },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string' },
    scale: { type: 'string' },
    headroom: { type: 'string', default: '0.01' },
    'held-out': { type: 'boolean' },
    hour: { type: 'boolean' },
    random: { type: 'string' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    harm: { type: 'boolean', default: false },
    batch: { type: 'boolean', default: false },
    priority: { type: 'string' },
    contestants: { type: 'string' },
    all: { type: 'boolean', default: false },
    timeline: { type: 'boolean', default: false },
    not: { type: 'string' },
    by: { type: 'boolean', default: false },
    wrong: { type: 'boolean', default: false },
  },
});

if (values.random !== undefined || values.case !== undefined || values.harm || values.batch) {
  await runRandom({
    ...values,
    case: values.case,
    random: values.random === undefined ? undefined : Number(values.random),
    seed: Number(values.seed),
    only: values.only?.split(',') ?? [],
    not: values.not?.split(',') ?? [],
    contestants: contestantsOf(values.contestants),
    priority: priorityOf(values.priority),
  });
  process.exit();
}

const headroom = Number(values.headroom);
const sets = values['held-out'] ? HELD_OUT : [TUNED];
const rows: (Result & { readonly scale: number; readonly headroom: number; readonly met: boolean })[] = [];
console.log(head());
for (const { scale, seeds } of sets) {
  const usedScale = values.scale === undefined ? scale : Number(values.scale);
  const usedSeeds = values.seeds === undefined ? seeds : values.seeds.split(',').map(Number);
  for (const scenario of [...scenarios(usedScale), ...starts(usedScale), ...(values.hour ? [HOUR] : [])]) {
    if (values.only !== undefined && !scenario.name.includes(values.only)) continue;
    for (const seed of scenario === HOUR ? usedSeeds.slice(0, 1) : usedSeeds) {
      const result = await runScenario(scenario, seed, headroom);
      const met = isMet(scenario, result);
      rows.push({ ...result, scale: usedScale, headroom, met });
      console.log(line(scenario, result, usedScale, met));
    }
  }
}
console.log(`${rows.filter((row) => row.met).length} of ${rows.length} runs meet their target`);
mkdirSync(new URL('../results/', import.meta.url), { recursive: true });
const file = values['held-out'] ? 'sim-held-out.json' : 'sim.json';
if (values.only === undefined) {
  writeFileSync(new URL(`../results/${file}`, import.meta.url), `${JSON.stringify(rows, undefined, 2)}\n`);
}

function priorityOf(text: string | undefined): Priority | undefined {
  if (text === undefined || text === 'interactive' || text === 'normal' || text === 'batch') return text;
  throw new Error(`Expected --priority to be interactive, normal or batch, got ${text}`);
}

function isMet({ target }: Scenario, result: Result): boolean {
  return result.succeeded === result.calls && result.ratio <= target.ratio && result.waste <= target.waste;
}

function head(): string {
  return `${'scenario'.padEnd(32)} scale   ok %  wall/bound  sent/bound  waste %  429 %   p50 s   p99 s  peak/s  real s`;
}

function line({ name, target }: Scenario, result: Result, scale: number, met: boolean): string {
  const cells = [
    name.padEnd(32),
    String(scale).padStart(5),
    percent(result.succeeded / result.calls).padStart(6),
    `${result.ratio.toFixed(4)}${result.ratio > target.ratio ? '!' : ' '}`.padStart(11),
    result.sentRatio.toFixed(4).padStart(11),
    `${percent(result.waste)}${result.waste > target.waste ? '!' : ' '}`.padStart(8),
    percent(result.throttled).padStart(6),
    (result.waitP50Ms / 1_000).toFixed(1).padStart(7),
    (result.waitP99Ms / 1_000).toFixed(1).padStart(7),
    String(result.peakPerSecond).padStart(7),
    (result.realMs / 1_000).toFixed(1).padStart(7),
    met ? '' : '  <-',
    result.interactiveP99Ms === undefined ? '' : `  interactive p99 ${(result.interactiveP99Ms / 1_000).toFixed(2)} s`,
  ];
  return cells.join(' ');
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}
