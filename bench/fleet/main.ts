/**
 * Processes that share one account through a real Redis, as children over HTTP to the simulator:
 * `npm run bench:fleet -- [--only=text] [--contestant=tidegate,bottleneck] [--length=1]`.
 * Wants redis-server and a quiet machine. The same in virtual time, and for 1,000 processes: `node bench/fleet/virtual.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeJobs } from '../pacing/jobs.ts';
import { FLEETS } from './contestants.ts';
import { LIVE_CASES } from './live-cases.ts';
import { type LiveResult, runCase } from './run-case.ts';
import { Stores } from './stores.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    contestant: { type: 'string', default: 'tidegate' },
    length: { type: 'string', default: '1' },
  },
});
const contestants = values.contestant === 'all' ? Object.keys(FLEETS) : values.contestant.split(',');
const rows: (LiveResult & { readonly case: string; readonly contestant: string; readonly met: boolean })[] = [];

console.log(
  'case                                contestant               ok %  wall/bound  waste %  commands/call  commands/s  bytes',
);
for (const each of LIVE_CASES) {
  if (!each.name.includes(values.only)) continue;
  const jobs = await makeJobs(each.scenario.loads, each.scenario.simulator, 1, Number(values.length));
  for (const contestant of contestants) {
    // Who is told of no disturbance is compared without one.
    if (contestant !== 'tidegate' && each.disturb) continue;
    const stores = await Stores.start(each.sentinels ?? false);
    try {
      const result = await runCase(each, contestant, jobs, stores);
      const { ratio, waste } = each.target;
      const met = result.succeeded === result.calls && result.ratio <= ratio && result.waste <= waste;
      rows.push({ ...result, case: each.name, contestant, met });
      const cells = [
        each.name.padEnd(35),
        contestant.padEnd(22),
        ((100 * result.succeeded) / result.calls).toFixed(1).padStart(6),
        `${result.ratio.toFixed(3)}${result.ratio > ratio ? '!' : ' '}`.padStart(11),
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
if (values.only === '') {
  mkdirSync(new URL('../results/', import.meta.url), { recursive: true });
  writeFileSync(new URL('../results/fleet.json', import.meta.url), `${JSON.stringify(rows, undefined, 2)}\n`);
}
process.exit();
