/**
 * Lanes after disturbances drawn at random, on a virtual clock: do all calls succeed that arrive 10 s after the end?
 * `node bench/recovery/main.ts [--draws 100] [--seed 1] [--trace]`; `--draws 1 --seed N --trace` shows all of one.
 */
import { parseArgs } from 'node:util';
import { seedOf } from '../sim/random/draw.ts';
import { describeRecovery, drawRecovery } from './draw.ts';
import { runRecovery } from './run.ts';

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const draws = Number(values.draws);
let failed = 0;
let calls = 0;
for (let index = 0; index < draws; index++) {
  const each = drawRecovery(seedOf(Number(values.seed), index));
  if (values.trace) console.log(describeRecovery(each));
  const { watched, lost } = await runRecovery(each, values.trace ? (line) => console.log(line) : undefined);
  calls += watched.length;
  if (lost.length === 0) continue;
  failed++;
  const errors = new Map<string, number>();
  for (const { error } of lost) {
    const kind = error!.replaceAll(/\d+/g, 'N');
    errors.set(kind, (errors.get(kind) ?? 0) + 1);
  }
  const latest = Math.max(...lost.map(({ atMs }) => atMs));
  console.log(
    `--seed ${each.seed}: ${lost.length} of ${watched.length} lost, the last ${(latest / 1_000).toFixed(0)} s after the end: ${describeRecovery(each)}`,
  );
  for (const [error, count] of errors) console.log(`    ${count} x ${error.slice(0, 200)}`);
}
console.log(`${failed} of ${draws} lanes are not well after 10 s (${calls} calls watched)`);
