import { DIMENSIONS, type Dimension, limitAdvice } from '../core/dimensions.ts';

/** Reasons other than rate limits. */
const OTHERS: Readonly<Record<string, string>> = {
  quota: 'Add credit or raise the spend limit: waiting does not help.',
  overloaded: 'Wait: the provider is overloaded, and a higher tier would not help.',
  no_capacity: "Wait, or set onFlexUnavailable: 'standard': the tier has no capacity.",
};

const KNOWN: ReadonlySet<string> = new Set(DIMENSIONS);

/** Advice on refusals of this kind; undefined if unknown: files and metrics pages may name anything. */
export function adviceOn(dimension: string | undefined): string | undefined {
  if (dimension === undefined) return undefined;
  if (Object.hasOwn(OTHERS, dimension)) return OTHERS[dimension];
  return KNOWN.has(dimension) ? limitAdvice(dimension as Dimension, 'throttled') : undefined;
}
