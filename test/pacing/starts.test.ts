import { describe, expect, it } from 'vitest';
import { runScenario } from '../../bench/sim/run-scenario.ts';
import { starts } from '../../bench/sim/starts.ts';

const HEADROOM = 0.01;
/** Trying what is banked costs a few refusals if the stated window is enforced as a bucket of a second. */
const WASTE = 0.016;

describe('a start without other users, on a partly used bucket', () => {
  it.each(starts().map((scenario) => [scenario.name, scenario] as const))(
    '%s: is paced at the refill rate at once',
    async (_name, scenario) => {
      const result = await runScenario(scenario, 4_242, HEADROOM);
      expect(result.succeeded).toBe(result.calls);
      expect(result.ratio).toBeLessThanOrEqual(scenario.target.ratio);
      expect(result.waste).toBeLessThanOrEqual(WASTE);
    },
  );
});
