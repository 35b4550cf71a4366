import { describe, expect, it } from 'vitest';
import { BATCHES } from '../../bench/sim/random/batch-cases.ts';
import { runCase } from '../../bench/sim/random/run-case.ts';

/** A part of the burst, or fewer calls than this. */
const MAX_REFUSED = 6;
const ROWS = 200;
/** No one waits for a batch: finding its limits may take it some seconds, once. */
const FELT_OUT_MS = 2_600;

const told = BATCHES.filter(({ name }) => /(openai|anthropic|untold).*-1s/.test(name));

describe('the rows of a batch', () => {
  it.each(told.map((each) => [each.name, each] as const))(
    '%s: are held back although they would fit',
    async (_, each) => {
      const { boundMs, lost, throttled, wallMs } = await runCase(each, 'tidegate');
      expect(lost).toBe(0);
      expect((ROWS * throttled) / (1 - throttled)).toBeLessThanOrEqual(MAX_REFUSED);
      expect(wallMs).toBeLessThanOrEqual(1.05 * boundMs + FELT_OUT_MS);
    },
  );

  it.each([100, 1_000])(
    'are rarely refused after a minute of calls that went at once, if nothing else reveals the limit (%i ms)',
    async (latencyMs) => {
      const mute = BATCHES.find(({ name }) => name === `batch-mute-50-60s-${latencyMs}ms`)!;
      const { boundMs, lost, throttled, wallMs } = await runCase(mute, 'tidegate');
      expect(lost).toBe(0);
      expect((ROWS * throttled) / (1 - throttled)).toBeLessThanOrEqual(60);
      expect(wallMs).toBeLessThanOrEqual(1.02 * boundMs);
    },
  );

  it('go as before if someone waits for them', async () => {
    const fits = BATCHES.find(({ name }) => name === 'batch-openai-6000-60s-100ms')!;
    const urgent = {
      ...fits,
      jobs: (random: () => number) => fits.jobs(random).map((job) => ({ ...job, priority: 'normal' as const })),
    };
    const { wallMs } = await runCase(urgent, 'tidegate');
    expect(wallMs).toBeLessThan(400);
  });
});
