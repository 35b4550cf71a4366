/**
 * Processes that share one account through a real Redis, as children over HTTP to the simulator:
 * `npm run bench:fleet -- [--only=text] [--contestant=tidegate,bottleneck | all] [--length=1] [--write]`.
 * Needs redis-server and a quiet machine. Tidegate alone takes 8 minutes, all contestants 23; `--write` puts the table into
 * bench/results/fleet.md and fleet.json. The same in virtual time, and for 1,000 processes: `node bench/fleet/virtual.ts`;
 * drawn at random: `node bench/fleet/random.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeJobs } from '../pacing/jobs.ts';
import { FLEETS } from './contestants.ts';
import { LIVE_CASES } from './live-cases.ts';
import { type FleetRow, markdown } from './report.ts';
import { runCase } from './run-case.ts';
import { Stores } from './stores.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    contestant: { type: 'string', default: 'tidegate' },
    length: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const contestants = values.contestant === 'all' ? Object.keys(FLEETS) : values.contestant.split(',');
const rows: FleetRow[] = [];

console.log(
  'case                                contestant               ok %  wall/bound  waste %  commands/call  commands/s  bytes',
);
for (const each of LIVE_CASES) {
  if (!each.name.includes(values.only)) continue;
  const jobs = await makeJobs(each.scenario.loads, each.scenario.simulator, 1, Number(values.length));
  for (const contestant of contestants) {
    // A contestant without disturbances is compared with the undisturbed run.
    if (contestant !== 'tidegate' && each.disturb) continue;
    const stores = await Stores.start(each.sentinels ?? false);
    try {
      const result = await runCase(each, contestant, jobs, stores);
      const { ratio, waste } = each.target;
      const met = result.succeeded === result.calls && result.ratio <= ratio && result.waste <= waste;
      rows.push({ ...result, case: each.name, target: each.target, contestant, met });
      const cells = [
        each.name.padEnd(35),
        contestant.padEnd(22),
        ((100 * result.succeeded) / result.calls).toFixed(1).padStart(6),
        `${result.finished ? '' : '> '}${result.ratio.toFixed(3)}${result.ratio > ratio ? '!' : ' '}`.padStart(11),
        `${(100 * result.waste).toFixed(2)}${result.waste > waste ? '!' : ' '}`.padStart(8),
        result.commandsPerCall.toFixed(2).padStart(14),
        result.commandsPerSecond.toFixed(1).padStart(11),
        String(result.bytes).padStart(7),
      ];
      console.log(cells.join(' '));
      for (const warning of result.warnings) console.log(`    ${warning}`);
    } finally {
      await stores.stop();
    }
  }
}
if (values.write) {
  const results = new URL('../results/', import.meta.url);
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL('fleet.json', results), `${JSON.stringify(rows, undefined, 2)}\n`);
  writeFileSync(new URL('fleet.md', results), markdown(rows));
}
process.exit();
