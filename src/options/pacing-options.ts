import { LIMIT_OPTIONS, type LimitOption } from '../core/dimensions.ts';
import { TidegateOptionError } from '../errors.ts';
import { integer, number, oneOf, optionalFunction, optionalNumber, orEmpty, section, type Keys } from './checks.ts';

export interface PacingOptions {
  /** Limits to start with; response headers correct them within one response. All above 0, default: unknown. */
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly inputTokensPerMinute?: number;
  readonly outputTokensPerMinute?: number;
  readonly requestsPerDay?: number;
  readonly tokensPerDay?: number;
  /** Calls that the account may have in flight. At least 1, default: unknown. */
  readonly maxConcurrent?: number;
  /** Share of the limits to leave unused. 0 … 0.9, default 0.01. */
  readonly headroom?: number;
  /** 'burst' spends what the provider has banked; 'smooth' spreads calls evenly. Default 'burst'. */
  readonly mode?: 'burst' | 'smooth';
  /** Counts the input tokens of a request body; default: an estimate by bytes that corrects itself. */
  readonly countTokens?: (body: unknown) => number;
}

export interface ResolvedPacing extends Readonly<Record<LimitOption, number | undefined>> {
  readonly maxConcurrent: number | undefined;
  readonly headroom: number;
  readonly mode: 'burst' | 'smooth';
  readonly countTokens: ((body: unknown) => number) | undefined;
}

const PACING_KEYS: Keys<PacingOptions> = {
  ...(Object.fromEntries(LIMIT_OPTIONS.map((key) => [key, true])) as Record<LimitOption, true>),
  maxConcurrent: true,
  headroom: true,
  mode: true,
  countTokens: true,
};

export function resolvePacing(given: PacingOptions | false | undefined): ResolvedPacing | undefined {
  if (given === false) return undefined;
  const pacing = section(orEmpty(given), 'pacing', PACING_KEYS);
  const limit = (key: LimitOption): number | undefined => {
    const value = optionalNumber(pacing[key], `pacing.${key}`, 0, Number.MAX_SAFE_INTEGER);
    if (value === 0) throw new TidegateOptionError(`pacing.${key}`, 'a number above 0', value);
    return value;
  };
  return {
    ...(Object.fromEntries(LIMIT_OPTIONS.map((key) => [key, limit(key)])) as Record<LimitOption, number | undefined>),
    maxConcurrent:
      pacing.maxConcurrent === undefined
        ? undefined
        : integer(pacing.maxConcurrent, 'pacing.maxConcurrent', 1, 1_000_000, 1),
    headroom: number(pacing.headroom, 'pacing.headroom', 0, 0.9, 0.01),
    mode: pacing.mode === undefined ? 'burst' : oneOf(pacing.mode, 'pacing.mode', ['burst', 'smooth']),
    countTokens: optionalFunction(pacing.countTokens, 'pacing.countTokens'),
  };
}
