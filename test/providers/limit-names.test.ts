import { expect, it } from 'vitest';
import { CONTENT_DIMENSIONS, CONTENT_KINDS } from '../../src/core/content-kinds.ts';
import { BUCKET_DIMENSIONS, type Dimension, dimensionOf, DIMENSIONS, LIMIT_KINDS } from '../../src/core/dimensions.ts';
import { namedLimit, SHORT, shortLimit } from '../../src/providers/errors/limit-names.ts';
import { LIMITS } from './refusals/meaning.ts';

/** Limits that no noun names: they are recognized by other words, or only by headers. */
const WITHOUT_NOUN: readonly Dimension[] = ['project_tokens', 'concurrency', 'acceleration', 'quota', 'unknown'];

it('every limit has a name in messages, and generated refusals use it', () => {
  const named = new Set(LIMITS.map(({ dimension }) => dimension));
  expect(DIMENSIONS.filter((each) => !named.has(each)).toSorted()).toEqual(WITHOUT_NOUN.toSorted());
});

it.each(LIMITS)('"$noun" in a $window is $dimension', ({ noun, window, dimension }) => {
  expect(namedLimit(noun, window).dimension).toBe(dimension);
});

const abbreviated = [
  ...BUCKET_DIMENSIONS.map((each) => [LIMIT_KINDS[each].abbreviation, each] as const),
  ...CONTENT_DIMENSIONS.map((each) => [CONTENT_KINDS[each].abbreviation, each] as const),
].filter(([short]) => short !== undefined);

it.each(abbreviated)('%s is %s wherever it is read', (short, dimension) => {
  expect(dimensionOf(short)).toBe(dimension);
  // SHORT only matches abbreviations such as "RPM".
  if (!/^AS[HD]$/.test(short!)) {
    expect(short).toMatch(new RegExp(`^${SHORT}$`));
    expect(shortLimit(short!).dimension).toBe(dimension);
  }
});
