/**
 * Attacks every supported SDK by seed until the time is up: `npm run test:chaos -- --minutes 3 --seed 1`.
 * Ends with 1 when anything was wrong, duplicated, left open or unhandled.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { attack, type Figures } from './attack.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    calls: { type: 'string', default: '300' },
  },
});
const until = performance.now() + Number(values.minutes) * 60_000;
const table = new Table({
  head: ['SDK', 'seeds', 'calls', 'ok', 'failed', 'aborted', 'abort p99 ms', 'blocked ms', 'wrong', 'twice', 'open'],
});
const all = new Map<string, Figures[]>(SDKS.map(({ name }) => [name, []]));
let broken = false;
for (let seed = Number(values.seed); performance.now() < until; seed++) {
  for (const sdk of SDKS) {
    const figures = await attack(sdk, seed, Number(values.calls));
    all.get(sdk.name)!.push(figures);
    const { wrong, duplicates, unhandled, inFlight, queued, openBodies } = figures;
    if (wrong.length + duplicates + unhandled + inFlight + queued + openBodies === 0) continue;
    broken = true;
    console.error(`seed ${seed}, ${sdk.name}: ${JSON.stringify(figures)}`);
  }
}
for (const [name, rows] of all) {
  const sum = (of: (figures: Figures) => number): number => rows.reduce((total, each) => total + of(each), 0);
  const max = (of: (figures: Figures) => number): string => Math.max(0, ...rows.map(of)).toFixed(1);
  table.push([
    name,
    rows.length,
    sum(({ calls }) => calls),
    sum(({ succeeded }) => succeeded),
    sum(({ failed }) => failed),
    sum(({ aborted }) => aborted),
    max(({ abortP99Ms }) => abortP99Ms),
    max(({ blockedMs }) => blockedMs),
    sum(({ wrong }) => wrong.length),
    sum(({ duplicates }) => duplicates),
    sum(({ inFlight, queued, openBodies }) => inFlight + queued + openBodies),
  ]);
}
console.log(table.toString());
process.exitCode = broken ? 1 : 0;
