import { describe, expect, it } from 'vitest';
import { runScenario, type Result } from '../../bench/sim/run-scenario.ts';
import { scenarios } from '../../bench/sim/virtual-scenarios.ts';

/** The headroom would otherwise be most of what is measured here. */
const HEADROOM = 0.01;

/** Bounds on each situation: wall time relative to its lower bound, and wasted attempts. */
async function run(name: string, seed = 4_242): Promise<Result> {
  const scenario = scenarios().find((each) => each.name === name);
  if (!scenario) throw new Error(`No scenario ${name}`);
  const result = await runScenario(scenario, seed, HEADROOM);
  expect(result.succeeded).toBe(result.calls);
  return result;
}

describe('in virtual time, against the limits of a provider', () => {
  it.each([
    ['RPM-bound', 1.02, 0.01],
    ['TPM-bound, heavy-tailed', 1.02, 0.01],
    ['TPM-bound, true-up (Groq)', 1.02, 0.01],
    ['buckets of 6 s', 1.02, 0.01],
    ['buckets of 1 s, RPM', 1.02, 0.01],
    ['Anthropic ITPM', 1.02, 0.01],
    ['Groq, hidden RPM', 1.03, 0.025],
    ['tier cut to 40 %', 1.03, 0.02],
    ['tier doubled', 1.03, 0.02],
    ['neighbour takes 40 %', 1.05, 0.02],
    ['4 processes', 1.05, 0.02],
    ['4 processes, TPM', 1.05, 0.03],
    ['16 processes, quick answers', 1.06, 0.07],
    ['no headers, texts only', 1.15, 0.08],
    ['no headers, texts only, TPM', 1.15, 0.08],
    ['no headers, mute 429s, RPM', 1.15, 0.08],
    ['no headers, mute 429s, TPM', 1.15, 0.15],
    ['the same, an empty bucket', 1.15, 0.08],
    ['headers on success only', 1.02, 0.01],
    ['outage of 5 s', 1.1, 0.05],
    ['7 % mixed faults', 1.13, 0.085],
    ['configured twice too high', 1.02, 0.01],
  ])('%s: all calls succeed within %f of the bound, with at most %f wasted', async (name, ratio, waste) => {
    const result = await run(name);
    expect(result.ratio).toBeLessThanOrEqual(ratio);
    expect(result.waste).toBeLessThanOrEqual(waste);
  });

  it('interactive calls hardly wait behind a saturating batch', async () => {
    const result = await run('interactive beside batch');
    expect(result.interactiveP99Ms).toBeLessThan(1_000);
    expect(result.waitP99Ms).toBeGreaterThan(100_000);
  });
});
