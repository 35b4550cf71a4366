import { describe, expect, it } from 'vitest';
import { runScenario } from '../../bench/sim/run-scenario.ts';
import { starts } from '../../bench/sim/starts.ts';

const HEADROOM = 0.01;

describe('a start beside nobody, with a bucket that somebody has used', () => {
  it.each(starts().map((scenario) => [scenario.name, scenario] as const))(
    '%s: is paced at once as fast as the limit refills',
    async (_name, scenario) => {
      const result = await runScenario(scenario, 4_242, HEADROOM);
      expect(result.succeeded).toBe(result.calls);
      expect(result.ratio).toBeLessThanOrEqual(scenario.target.ratio);
      // Trying what is banked may cost a short run four attempts.
      expect(result.waste).toBeLessThanOrEqual(Math.max(scenario.target.waste, 4 / result.calls));
    },
  );
});
