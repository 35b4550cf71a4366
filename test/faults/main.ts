import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS } from './all.ts';
import { expectedOf, judge, renderReport } from './report.ts';
import { runFaults } from './run.ts';

const HELP = `Usage: npm run faults:live -- [options]

Stages every fault with the built package, simulated providers, a real Prometheus and a real Alertmanager, all at once and
in real time, and prints a table of what was delivered when. Wants the package built, and prometheus, promtool,
prometheus-alertmanager and redis-server on the PATH; takes 17 minutes and a third of a processor.

  --seed <n>      of what is drawn: providers, latencies, traffic, bodies. Default: 1
  --only <ids>    some faults, with commas between
  --calm <min>    minutes in which all is well. Default: 4
  --lasts <min>   minutes that the faults last. Default: 13
  --list          prints what is staged and what has to be told of it, and stages nothing
  --write         writes the table to prometheus/faults.md
  --help          this text

Exit code: 0; 1 when a fault was not found in time, or somebody was woken for nothing; 2 when the machine was too busy to say.
`;

/**
 * A third of the time between two scrapes: a process that stalls longer has gaps in its metrics, and loses calls to
 * deadlines.
 */
const MAX_STALL_MS = 5_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    calm: { type: 'string', default: '4' },
    lasts: { type: 'string', default: '13' },
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else if (values.list) {
  for (const fault of FAULTS) console.log(`${fault.id.padEnd(16)} ${fault.what}: ${expectedOf(fault)}`);
} else {
  const [seed, calm, lasts] = [Number(values.seed), Number(values.calm), Number(values.lasts)];
  const only = values.only?.split(',');
  const unknown = only?.find((id) => !FAULTS.some((fault) => fault.id === id));
  if (unknown !== undefined)
    throw new Error(`No fault is called ${unknown}. There are: ${FAULTS.map(({ id }) => id).join(', ')}`);
  const chosen = FAULTS.filter(({ id }) => only?.includes(id) ?? true);
  const { outcomes, load } = await runFaults(chosen, { seed, calm, lasts, log: (line) => console.error(line) });
  const judged = outcomes.map((outcome) => judge(outcome));
  const report = renderReport({ judged, seed, calm, lasts, load });
  console.log(report);
  if (load.stallMs > MAX_STALL_MS) {
    console.error('The machine was too busy: its delays are no delays of alerts. Nothing was written.');
    process.exit(2);
  }
  if (values.write) writeFileSync(join(import.meta.dirname, '../../prometheus/faults.md'), report);
  // Hanging calls would keep it alive.
  process.exit(judged.every(({ good }) => good) ? 0 : 1);
}
