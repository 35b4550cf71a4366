/**
 * Feeds every parser changed inputs by seed until the time is up: `npm run test:fuzz -- --minutes 3 --seed 1`.
 * Exits with 1 at a finding, which belongs in the corpus together with its fix.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { fuzz } from './fuzz.ts';
import { TARGETS } from './targets/all.ts';

const ROUNDS = 500;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
  },
});
const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
const until = performance.now() + Number(values.minutes) * 60_000;
const inputs = new Map<string, number>(targets.map(({ name }) => [name, 0]));
let findings = 0;
for (let seed = Number(values.seed); performance.now() < until && targets.length > 0; seed++) {
  for (const target of targets) {
    const finding = fuzz(target, seed, ROUNDS);
    inputs.set(target.name, inputs.get(target.name)! + ROUNDS);
    if (!finding) continue;
    findings++;
    console.error(`seed ${seed}, ${target.name}: ${JSON.stringify(finding.text.slice(0, 2_000))}`);
    console.error(finding.error);
  }
}
const table = new Table({ head: ['target', 'inputs'] });
for (const row of inputs) table.push([...row]);
console.log(table.toString());
console.log(`${findings} findings`);
process.exitCode = findings > 0 || targets.length === 0 ? 1 : 0;
