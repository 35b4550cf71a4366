import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS, HARMLESS } from './faults.ts';
import { replay } from './replay.ts';
import { judgeFault, judgeWeek, renderReport, withSeed } from './report.ts';
import { WEEK, ordinaryWeek } from './week.ts';

const HELP = `Usage: npm run replay -- [options]

Replays a week without a fault, and every fault that must be found, through the shipped rules in a real Prometheus:
samples are generated from a seed, and deliveries follow the shipped configuration of Alertmanager. Prints a table of
alerts and their times. Needs prometheus and promtool on the PATH, some minutes and 1 GB in the folder for temporary
files.

  --seed <n>     of all random numbers. Default: 1
  --only <ids>   week, faults, or some of them, with commas between
  --write        writes the table to prometheus/replay.md; for a seed other than 1, a line below the existing table
  --help         this text

Exit code: 0; 1 if there was a page without a fault, or a fault was not found in time.
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else {
  const seed = Number(values.seed);
  const only = values.only?.split(',');
  const chosen = (id: string): boolean =>
    only === undefined || only.includes(id) || (only.includes('faults') && id !== 'week');
  const faults = [...FAULTS, ...HARMLESS].filter(({ id }) => chosen(id));
  const week = chosen('week') ? ordinaryWeek(seed) : [];
  const from = week.length > 0 ? 0 : Math.min(...faults.map(({ service }) => service.from));
  const to = week.length > 0 ? WEEK : Math.max(...faults.map(({ service }) => service.to));
  const clock = performance.now();
  const { sent, samples } = await replay([...week, ...faults.map(({ service }) => service)], { from, to }, seed);
  const judged = faults.map((fault) => judgeFault(fault, sent));
  const replayed = {
    seed,
    samples,
    week: week.length > 0 ? judgeWeek(week, sent) : undefined,
    faults: judged,
  };
  const report = renderReport(replayed);
  console.log(report);
  console.error(`${((performance.now() - clock) / 1_000).toFixed(0)} s`);
  if (values.write) {
    const path = join(import.meta.dirname, '../../prometheus/replay.md');
    writeFileSync(path, seed === 1 ? report : withSeed(readFileSync(path, 'utf8'), replayed));
  }
  if (replayed.week?.good === false || judged.some(({ good }) => !good)) process.exitCode = 1;
}
