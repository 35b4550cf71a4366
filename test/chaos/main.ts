/**
 * Attacks every supported SDK by seed until the time is up: `npm run test:chaos -- --minutes 3 --seed 1`.
 * Exits with 1 if anything was wrong, lost, duplicated, left open or unhandled.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { attack, faultsOf, type Figures, percentile } from './attack.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    calls: { type: 'string', default: '300' },
  },
});
const [minutes, firstSeed, calls] = [values.minutes, values.seed, values.calls].map(Number) as [number, number, number];
if (!(minutes > 0 && Number.isInteger(firstSeed) && Number.isInteger(calls) && calls > 0)) {
  throw new Error('Expected --minutes, --seed and --calls to be numbers.');
}
const startedAt = performance.now();
const until = startedAt + minutes * 60_000;
// A call that never ends must not keep the process alive.
setTimeout(() => {
  console.error('The attacks did not end in twice their time.');
  process.exit(1);
}, minutes * 120_000).unref();
// The SDKs log each event that they cannot parse, by the thousand.
for (const level of ['error', 'warn'] as const) {
  const log = console[level];
  console[level] = (...args: unknown[]) => {
    if (!/^(?:Could not parse message|From chunk)/.test(String(args[0]))) log(...args);
  };
}

const all = new Map<string, Figures[]>(SDKS.map(({ name }) => [name, []]));
let broken = false;
for (let run = 0; performance.now() < until; run++) {
  const sdk = SDKS[run % SDKS.length]!;
  const seed = firstSeed + Math.floor(run / SDKS.length);
  const figures = await attack(sdk, seed, calls);
  all.get(sdk.name)!.push(figures);
  const faults = faultsOf(figures);
  if (faults.length === 0) continue;
  broken = true;
  console.error(`seed ${seed}, ${sdk.name}: ${faults.join(', ')}`);
}

const SUMS = ['calls', 'succeeded', 'failed', 'aborted'] as const;
const TIMES = ['settle p50', 'p99', 'max', 'abort p99', 'max'] as const;
const FAULTS = ['duplicates', 'overrun', 'lost', 'inFlight', 'queued', 'openBodies', 'unhandled'] as const;
const table = new Table({
  head: ['SDK', 'runs', ...SUMS, ...TIMES, 'blocked ms', 'wrong', ...FAULTS, 'timers left'],
});
for (const [name, rows] of all) {
  const sum = (of: (figures: Figures) => number): number => rows.reduce((total, each) => total + of(each), 0);
  const times = (of: (figures: Figures) => readonly number[], share: number): string =>
    percentile(rows.flatMap(of), share).toFixed(1);
  table.push([
    name,
    rows.length,
    ...SUMS.map((key) => sum((figures) => figures[key])),
    ...[0.5, 0.99, 1].map((share) => times(({ settledMs }) => settledMs, share)),
    ...[0.99, 1].map((share) => times(({ abortsMs }) => abortsMs, share)),
    Math.max(0, ...rows.map(({ blockedMs }) => blockedMs)).toFixed(1),
    sum(({ wrong }) => wrong.length),
    ...FAULTS.map((key) => sum((figures) => figures[key])),
    sum(({ timers }) => timers),
  ]);
}
console.log(table.toString());
console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0)} s, seeds from ${firstSeed}; times in ms`);
process.exitCode = broken ? 1 : 0;
