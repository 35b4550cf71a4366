import type { LimitScope } from '../limits/limit-engine-types.ts';
import { type LimitView, PLAIN_VIEW } from '../limits/limit-view.ts';
import { booleanFrom, checkKeys, integerFrom, numberFrom, oneOf, refuse } from '../validate.ts';

/**
 * Semantics of the rate-limit headers. The default is what OpenAI, Anthropic and Groq were observed to send; everything
 * else is documented or reported for a provider or a gateway.
 */
export interface SimulatorHeaderDialect {
  /**
   * `window`: the rest of the whole limit. `bucket`: what can be spent now, which with `bucketSeconds: 1`
   * is never more than a sixtieth of the limit. `share`: the same, as a share of the whole limit: each request then
   * takes 60 of them. Default `window`.
   */
  readonly remaining?: 'window' | 'bucket' | 'share';
  /** `window`: the whole limit. `bucket`: what is enforced at once (reported of Azure). Default `window`. */
  readonly limit?: 'window' | 'bucket';
  /**
   * `full`: the time until the limit is full again (OpenAI, Groq, Anthropic). `next`: until the next unit, or the
   * window ends. `absolute`: when the limit is full again, in seconds since 1970 (gateways; Anthropic sends dates in any
   * case). Default `full`.
   */
  readonly reset?: 'full' | 'next' | 'absolute';
  /** `remaining` is rounded to a multiple of this; an integer of at least 1. Default 1; Anthropic rounds to 1,000 besides. */
  readonly roundTo?: number;
  /** Factor by which the stated limit exceeds the enforced one, 1 … 100. Default 1. */
  readonly inflated?: number;
  /** Headers describe the previous answer. Default false. */
  readonly late?: boolean;
  /** Headers of another scope: the organization's if the project's limit refuses. Default: of the limit itself. */
  readonly scope?: SimulatorScope;
}

export interface SimulatorScope {
  /** The other scope's limits, as a multiple of the enforced ones; 0.1 … 1000. */
  readonly factor: number;
  /** Share of the other scope's limits that others use, 0 … 1. Default 0. */
  readonly othersShare?: number;
}

export interface ResolvedHeaderDialect {
  readonly view: LimitView;
  readonly absoluteResets: boolean;
  readonly late: boolean;
  readonly scope: LimitScope | undefined;
}

export function resolveHeaderDialect(dialect: SimulatorHeaderDialect = {}): ResolvedHeaderDialect {
  const at = (name: string): string => `headerDialect.${name}`;
  checkKeys(dialect, 'headerDialect', ['remaining', 'limit', 'reset', 'roundTo', 'inflated', 'late', 'scope']);
  const limit = oneOf(dialect.limit, at('limit'), ['window', 'bucket'], PLAIN_VIEW.limit);
  // The rest of a minute says nothing about a limit per second.
  const remaining = oneOf(dialect.remaining, at('remaining'), ['window', 'bucket', 'share'], limit);
  if (limit === 'bucket' && remaining === 'window') refuse(at('remaining'), "'bucket' where the limit is", remaining);
  const reset = oneOf(dialect.reset, at('reset'), ['full', 'next', 'absolute'], 'full');
  return {
    view: {
      limit,
      remaining,
      reset: reset === 'next' ? 'next' : 'full',
      roundTo: integerFrom(dialect.roundTo, at('roundTo'), 1, 1_000_000_000, PLAIN_VIEW.roundTo),
      inflated: numberFrom(dialect.inflated, at('inflated'), 1, 100, PLAIN_VIEW.inflated),
    },
    absoluteResets: reset === 'absolute',
    late: booleanFrom(dialect.late, at('late'), false),
    scope: dialect.scope && resolveScope(dialect.scope),
  };
}

function resolveScope(scope: SimulatorScope): LimitScope {
  checkKeys(scope, 'headerDialect.scope', ['factor', 'othersShare']);
  if (scope.factor === undefined) refuse('headerDialect.scope.factor', 'a number from 0.1 to 1000', undefined);
  return {
    factor: numberFrom(scope.factor, 'headerDialect.scope.factor', 0.1, 1_000, 1),
    othersShare: numberFrom(scope.othersShare, 'headerDialect.scope.othersShare', 0, 1, 0),
  };
}
