import { duration, number } from '../batch/progress-lines.ts';
import type { LimitSummary, PoolCalls } from './summarize.ts';

/** Share of a limit that is left to other processes and to estimates that are off. */
const USABLE = 0.95;

const MINUTE_LIMITS = {
  requests: 'requests',
  tokens: 'tokens',
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
} as const satisfies Readonly<Record<string, keyof PoolCalls['busiest']>>;

/** What would have kept calls inside a limit, in numbers; one sentence each. */
export function advise({ dimension, limit, hits }: LimitSummary, calls: PoolCalls | undefined): string[] {
  switch (dimension) {
    case 'quota':
      return ['The account has no credit left, or a spend limit: waiting does not help. Raise it in the console.'];
    case 'overloaded':
      return [`The provider was overloaded ${number(hits)} times: no limit of yours, and no tier changes it.`];
    case 'no_capacity':
      return ["The tier had no capacity: onFlexUnavailable: 'standard' sends such calls at the usual price."];
    default:
      return limit === null ? [] : byLimit(dimension, limit, calls);
  }
}

function byLimit(dimension: string, limit: number, calls: PoolCalls | undefined): string[] {
  const unit = dimension.replaceAll('_', ' ');
  if (!Object.hasOwn(MINUTE_LIMITS, dimension)) return [`The limit is ${number(limit)} (${unit}).`];
  const kind = MINUTE_LIMITS[dimension as keyof typeof MINUTE_LIMITS];
  const perSecond = (limit * USABLE) / 60;
  const advice = [`Inside the limit of ${number(limit)} a minute: ${amount(perSecond)} ${unit} a second.`];
  if (!calls)
    return [...advice, "With record: 'all' the report tells concurrency, tokens to cut and the limit to buy."];
  const most = calls.busiest[kind];
  const mean = kind === 'requests' ? 1 : meanOf(calls, kind);
  if (mean > 0) {
    const together = Math.max(1, Math.floor((perSecond / mean) * (calls.meanDurationMs / 1000)));
    advice.push(`At ${duration(calls.meanDurationMs / 1000)} a call that is ${number(together)} calls at once.`);
  }
  if (most > limit) {
    const cut = Math.ceil((1 - (limit * USABLE) / most) * 100);
    advice.push(
      `The busiest minute asked for ${number(most)}: a limit of ${number(Math.ceil(most / USABLE))} takes it at once, ` +
        (kind === 'requests' ? `so do ${cut} % fewer calls.` : `so do ${cut} % fewer ${unit} a call.`),
    );
  } else {
    advice.push(
      `The busiest minute asked for ${number(most)}, which fits: calls came in bursts, or others use the account.`,
    );
  }
  return advice;
}

function meanOf({ calls, sums }: PoolCalls, kind: keyof PoolCalls['busiest']): number {
  return sums[kind] / calls;
}

function amount(value: number): string {
  return value >= 10 ? number(Math.floor(value)) : value.toFixed(1);
}
