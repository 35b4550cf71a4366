import { describe, expect, it } from 'vitest';
import { caseOf } from './refusals/cases.ts';
import { differences, readCase } from './refusals/run.ts';

/** Another part of the cases: `REFUSALS_FROM=10000`. */
const FROM = Number(process.env['REFUSALS_FROM'] ?? 0);
const COUNT = 10_000;

describe('refusals in generated dialects', () => {
  it(`have the intended outcome (${COUNT}, by seed)`, () => {
    const found: string[] = [];
    for (let seed = FROM; seed < FROM + COUNT && found.length < 20; seed++) found.push(...differences(caseOf(seed)));
    expect(found).toEqual([]);
  });

  it('never leave a stated limit unknown', () => {
    const unknown: number[] = [];
    const dimensions = new Set<string>();
    for (let seed = FROM; seed < FROM + COUNT; seed++) {
      const each = caseOf(seed);
      const dimension = readCase(each)?.dimension;
      if (dimension !== undefined) dimensions.add(dimension);
      if (each.expected.dimension !== undefined && dimension === 'unknown') unknown.push(seed);
    }
    expect(unknown).toEqual([]);
    // Every limit was drawn, so that this test can fail.
    expect(dimensions.size).toBe(14);
  });
});
