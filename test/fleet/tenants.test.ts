import { describe, expect, it } from 'vitest';
import { drawnTenants, tenantCases } from '../../bench/fleet/tenant-cases.ts';
import { runTenants } from '../../bench/fleet/virtual-tenants.ts';

const SEED = 7_919;

describe('tenants that call through several processes of a fleet', () => {
  it.each(tenantCases().map((each) => [each.name, each] as const))('get equal parts: %s', async (_name, each) => {
    const result = await runTenants(each, SEED);
    expect(result.jain).toBeGreaterThan(0.97);
    expect(result.waste).toBeLessThan(0.015);
    expect(result.commandsPerSecond).toBeLessThan(25);
    // A tenant that asks for less than its part hardly waits: an answer takes half a second.
    each.loads.forEach(({ perMinute }, index) => {
      if (perMinute !== undefined) expect(result.waits[index]).toBeLessThan(1);
    });
  });

  it.each([1_021, 1_027, 1_037])(
    'get them wherever their calls are, with several priorities: seed %d',
    async (seed) => {
      const result = await runTenants(drawnTenants(seed), seed);
      expect(result.jain).toBeGreaterThan(0.95);
    },
  );
});
