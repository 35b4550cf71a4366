/**
 * Tenants whose processes share an account, on a virtual clock: what each gets while demand exceeds the limits.
 * `node bench/fleet/tenants.ts [--seeds=7919] [--only=text]`; with `--draws=40`, tenants spread at random.
 */
import { parseArgs } from 'node:util';
import { quantile } from '../lib/quantile.ts';
import { drawnTenants, tenantCases } from './tenant-cases.ts';
import { runTenants, type TenantCase } from './virtual-tenants.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '7919' },
    only: { type: 'string', default: '' },
    draws: { type: 'string', default: '0' },
  },
});

async function show(each: TenantCase, seed: number): Promise<number> {
  const { parts, waits, jain, waste, commandsPerSecond } = await runTenants(each, seed);
  const cells = [
    each.name.padEnd(44),
    jain.toFixed(3),
    (100 * waste).toFixed(2).padStart(6),
    commandsPerSecond.toFixed(1).padStart(6),
    ...each.loads.map(({ tenant = '-', priority = 'normal' }, index) => {
      const wait = Number.isNaN(waits[index]!) ? '' : ` ${waits[index]!.toFixed(1)}s`;
      return `${tenant} ${priority[0]} ${parts[index]!.toFixed(3)}${wait};`;
    }),
  ];
  console.log(cells.join(' '));
  return jain;
}

console.log('case                                          Jain waste% cmds/s');
for (const seed of values.seeds.split(',').map(Number)) {
  const draws = Number(values.draws);
  if (draws > 0) {
    const jains: number[] = [];
    for (let index = 0; index < draws; index++) jains.push(await show(drawnTenants(seed + index), seed + index));
    const sorted = jains.toSorted((a, b) => a - b);
    console.log('least, tenth, median:', ...[0, 0.1, 0.5].map((share) => quantile(sorted, share)));
    continue;
  }
  for (const each of tenantCases()) if (each.name.includes(values.only)) await show(each, seed);
}
