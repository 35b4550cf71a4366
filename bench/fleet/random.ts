/**
 * Fleets drawn at random, on a virtual clock: 2 to 64 processes with unequal work that join and leave, at providers and
 * with calls drawn as by `node bench/sim/run.ts --random`, compared with the same without a store, and as one process:
 * `node bench/fleet/random.ts [--draws=100] [--seed=1] [--ways=shared,apart,one] [--worst=10] [--plain]`;
 * `--plain` leaves out everything that no answer reveals: hidden limits, wrong hints, neighbours, faults.
 */
import { parseArgs } from 'node:util';
import { quantile } from '../lib/quantile.ts';
import { seedOf } from '../sim/random/draw.ts';
import { type DrawnFleet, type DrawnResult, drawFleet, runDrawn, type Way } from './drawn-fleet.ts';

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    ways: { type: 'string', default: 'shared,apart,one' },
    worst: { type: 'string', default: '10' },
    plain: { type: 'boolean', default: false },
  },
});
const ways = values.ways.split(',') as Way[];
const rows: { readonly fleet: DrawnFleet; readonly results: ReadonlyMap<Way, DrawnResult> }[] = [];

for (let index = 0; rows.length < Number(values.draws); index++) {
  const fleet = drawFleet(seedOf(Number(values.seed), index));
  if (values.plain && !isPlain(fleet)) continue;
  const results = new Map<Way, DrawnResult>();
  for (const way of ways) results.set(way, await runDrawn(fleet, way));
  rows.push({ fleet, results });
}

console.log(
  `${rows.length} fleets        median     p95   worst   waste % median     p95   worst   lost in  commands/s most`,
);
for (const way of ways) {
  const of = rows.map(({ results }) => results.get(way)!);
  const spread = (value: (each: DrawnResult) => number): string =>
    [0.5, 0.95, 1]
      .map((part) =>
        quantile(
          of.map(value).toSorted((a, b) => a - b),
          part,
        )
          .toFixed(3)
          .padStart(8),
      )
      .join('');
  const lost = of.filter(({ lost }) => lost > 0).length;
  const most = Math.max(...of.map(({ commandsPerSecond }) => commandsPerSecond));
  console.log(
    `${way.padEnd(12)}${spread(({ ratio }) => ratio)}        ${spread(({ waste }) => 100 * waste)}${String(lost).padStart(10)}${most.toFixed(1).padStart(12)}`,
  );
}

const shared = rows.filter(({ results }) => results.has('shared'));
shared.sort((a, b) => excess(b.results) - excess(a.results));
for (const { fleet, results } of shared.slice(0, Number(values.worst))) {
  const told = ways.map(
    (way) => `${way} ${results.get(way)!.ratio.toFixed(2)}/${(100 * results.get(way)!.waste).toFixed(1)}%`,
  );
  const lost = results.get('shared')!.lost;
  console.log(
    `${told.join(' ')}${lost > 0 ? ` LOST ${lost}` : ''}  ${fleet.processes} processes, bound ${(fleet.boundMs / 1_000).toFixed(0)} s: ${fleet.case.name} (${fleet.case.command.replace('--random 1 --seed', '--draws=1 --seed')})`,
  );
}

/** How much worse than one process that makes all calls. */
function excess(results: ReadonlyMap<Way, DrawnResult>): number {
  const { ratio, lost } = results.get('shared')!;
  return lost > 0 ? Infinity : ratio / (results.get('one')?.ratio ?? 1);
}

/** Whether answers state all limits, and nothing else interferes. */
function isPlain({ case: { provider } }: DrawnFleet): boolean {
  const { headers, limits, maxConcurrent, errors, throttles, neighbour, change, outage, scope, late } = provider;
  const disturbed = maxConcurrent ?? errors ?? throttles ?? neighbour ?? change ?? outage ?? scope ?? late;
  return headers === 'all' && disturbed === undefined && limits.every(({ kind }) => kind === 'bucket');
}
