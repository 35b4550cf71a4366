import type { Dimension } from '../../core/outcome.ts';
import type { Unit } from '../usage/reservation.ts';

/** Dimensions that are buckets: something is counted, and refills over a window. */
export type BucketDimension = Extract<
  Dimension,
  'requests' | 'tokens' | 'input_tokens' | 'output_tokens' | 'requests_day' | 'tokens_day'
>;

export interface LimitKind {
  readonly unit: Unit;
  readonly windowMs: number;
  /** Gates at its end instead of being paced: a day's rate is tiny, and the day's first calls need not wait for it. */
  readonly perDay: boolean;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

export const LIMIT_KINDS: Readonly<Record<BucketDimension, LimitKind>> = {
  requests: { unit: 'requests', windowMs: MINUTE, perDay: false },
  tokens: { unit: 'tokens', windowMs: MINUTE, perDay: false },
  input_tokens: { unit: 'inputTokens', windowMs: MINUTE, perDay: false },
  output_tokens: { unit: 'outputTokens', windowMs: MINUTE, perDay: false },
  requests_day: { unit: 'requests', windowMs: DAY, perDay: true },
  tokens_day: { unit: 'tokens', windowMs: DAY, perDay: true },
};

export function isBucket(dimension: Dimension | undefined): dimension is BucketDimension {
  return dimension !== undefined && Object.hasOwn(LIMIT_KINDS, dimension);
}
