/**
 * Pacing against real rivals over HTTP, with real e-mails, on the simulator.
 *
 *     npm run bench:pacing -- [--scenario rpm,tpm] [--contestant tidegate] [--seed 7] [--length 1] [--cap 3] [--parallel 4]
 *                             [--out bench/results/pacing.json] [--plot docs/images/pacing.svg]
 * A complete run also writes the table of docs/pacing.md.
 *
 *     npm run bench:pacing -- --untuned    the scenarios of bench/pacing/untuned.ts, into bench/results/pacing-untuned.json
 *
 * @module
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { type Contestant, CONTESTANTS } from './contestants.ts';
import { type Job, makeJobs } from './jobs.ts';
import { overview, PAGE, withOverview } from './overview.ts';
import { plot } from './plot.ts';
import { markdown, missedTargets, oneLine } from './report.ts';
import type { Row } from './row.ts';
import { run } from './run.ts';
import { type Scenario, SCENARIOS } from './http-scenarios.ts';
import { UNTUNED } from './untuned.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    untuned: { type: 'boolean', default: false },
    contestant: { type: 'string' },
    seed: { type: 'string', default: '7' },
    length: { type: 'string', default: '1' },
    cap: { type: 'string', default: '3' },
    parallel: { type: 'string', default: '4' },
    out: { type: 'string' },
    plot: { type: 'string' },
  },
});
const all = values.untuned ? UNTUNED : SCENARIOS;
const scenarios = chosen(
  values.scenario === undefined ? all : [...SCENARIOS, ...UNTUNED],
  values.scenario,
  '--scenario',
);
const contestants = chosen(CONTESTANTS, values.contestant, '--contestant');
const seed = atLeast(values.seed, '--seed', 0);
const length = atLeast(values.length, '--length', 0.1);
const cap = atLeast(values.cap, '--cap', 1);
const parallel = atLeast(values.parallel, '--parallel', 1);
const complete = scenarios.length === all.length && contestants.length === CONTESTANTS.length;
const out = values.out ?? (complete ? `bench/results/pacing${values.untuned ? '-untuned' : ''}.json` : undefined);
const picture = values.plot ?? (complete && !values.untuned ? 'docs/images/pacing.svg' : undefined);

const startedAt = performance.now();
const pairs: { scenario: Scenario; jobs: readonly Job[]; contestant: Contestant }[] = [];
for (const scenario of scenarios) {
  const jobs = await makeJobs(scenario.loads, scenario.simulator, seed, length);
  for (const contestant of contestants) pairs.push({ scenario, jobs, contestant });
}
const rows: Row[] = [];
let next = 0;
// Ctrl-C starts no further run: what has been measured is reported and written.
process.once('SIGINT', () => (next = pairs.length));
// Concurrent runs mostly wait; every row shows how late their event loops were.
await Promise.all(
  Array.from({ length: parallel }, async () => {
    for (let pair = pairs[next++]; pair; pair = pairs[next++]) {
      const row = await run(pair.scenario, pair.contestant, { jobs: pair.jobs, seed, length, cap });
      rows.push(row);
      console.error(oneLine(row));
    }
  }),
);
const order = ({ scenario, contestant }: Row): number =>
  scenarios.findIndex(({ name }) => name === scenario) * contestants.length +
  contestants.findIndex(({ name }) => name === contestant);
rows.sort((a, b) => order(a) - order(b));

console.log(markdown(rows, scenarios, contestants));
console.log(missedTargets(rows, scenarios));
console.log(
  `${rows.length} runs in ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes, ${parallel} side by side`,
);
if (out !== undefined) await write(out, `${JSON.stringify(rows, undefined, 2)}\n`);
if (picture !== undefined) await write(picture, await plot(rows, scenarios, contestants));
if (complete && !values.untuned) {
  await write(PAGE, withOverview(await readFile(PAGE, 'utf8'), overview(rows, scenarios, contestants)));
  console.log(`Written into ${PAGE}; the notes below its table are about the run before, and are for you to change.`);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: string | undefined,
  option: string,
): T[] {
  if (names === undefined) return [...all];
  return names.split(',').map((name) => {
    const found = all.find((each) => each.name === name);
    if (!found) throw new Error(`Expected ${option} to be of ${all.map((each) => each.name).join(', ')}, got ${name}`);
    return found;
  });
}

function atLeast(text: string, option: string, min: number): number {
  const number = Number(text);
  if (!(number >= min)) throw new Error(`Expected ${option} to be a number from ${min}, got ${text}`);
  return number;
}
