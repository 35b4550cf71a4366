import type { ProviderName } from '../../core/provider.ts';
import { REPLAYED } from '../../hits/replay/replay.ts';
import { limitTable } from '../../simulator/limits/limit-table.ts';
import type { LimitName } from '../../simulator/limits/limits.ts';
import type { PresetName } from '../../simulator/limits/presets.ts';
import { duration, number } from '../amounts.ts';
import type { Amounts, LimitSummary, PoolCalls } from './summarize.ts';

/** Share of a limit that is reserved for other processes and estimation errors. */
const USABLE = 0.95;

interface MinuteLimit {
  readonly kind: keyof Amounts;
  readonly name: LimitName;
}

const MINUTE_LIMITS = {
  requests: { kind: 'requests', name: 'requestsPerMinute' },
  tokens: { kind: 'tokens', name: 'tokensPerMinute' },
  input_tokens: { kind: 'inputTokens', name: 'inputTokensPerMinute' },
  output_tokens: { kind: 'outputTokens', name: 'outputTokensPerMinute' },
} as const satisfies Readonly<Record<string, MinuteLimit>>;

/** Tiers on sale today, smallest first. */
const TIERS: Readonly<Record<string, readonly PresetName[]>> = {
  openai: ['build', 'launch', 'grow'],
  anthropic: ['start', 'build', 'scale'],
  groq: ['free', 'developer'],
};

/** What would have kept calls within a limit, in numbers; one sentence each. */
export function advise(summary: LimitSummary, calls: PoolCalls | undefined): string[] {
  const { dimension, limit, hits } = summary;
  switch (dimension) {
    case 'quota':
      return ['The account has no credit left, or a spend limit: waiting does not help. Raise it in the console.'];
    case 'overloaded':
      return [
        `The provider was overloaded ${number(hits)} times: your limits are not the cause, and a higher tier would not help.`,
      ];
    case 'no_capacity':
      return ["The tier had no capacity: onFlexUnavailable: 'standard' sends such calls at the usual price."];
    default:
      return limit === null ? [] : byLimit(summary, limit, calls);
  }
}

function byLimit({ dimension, provider, pool }: LimitSummary, limit: number, calls: PoolCalls | undefined): string[] {
  const unit = dimension.replaceAll('_', ' ');
  if (!Object.hasOwn(MINUTE_LIMITS, dimension)) return [`The limit is ${number(limit)} (${unit}).`];
  const { kind, name } = MINUTE_LIMITS[dimension as keyof typeof MINUTE_LIMITS];
  const perSecond = (limit * USABLE) / 60;
  const rate = perSecond < 1 ? `${amount(limit * USABLE)} ${unit} a minute` : `${amount(perSecond)} ${unit} a second`;
  const advice = [`To stay within ${number(limit)} a minute: ${rate}.`];
  if (!calls)
    return [...advice, "With record: 'all' the report also suggests concurrency, tokens to cut and the limit to buy."];
  const most = calls.busiest[kind];
  const mean = kind === 'requests' ? 1 : calls.sums[kind] / calls.calls;
  if (mean > 0) {
    const seconds = calls.meanDurationMs / 1000;
    const together = Math.floor((perSecond / mean) * seconds);
    const those = together === 1 ? 'one call' : `${number(together)} calls`;
    advice.push(
      together === 0
        ? `At ${duration(seconds)} a call even one at a time is too many: start one every ${duration(mean / perSecond)}.`
        : `At ${duration(seconds)} a call that is ${those} at once.`,
    );
  }
  if (most > limit) {
    const cut = Math.ceil((1 - (limit * USABLE) / most) * 100);
    const wanted = Math.ceil(most / USABLE);
    const tier = tierFor(provider as ProviderName, pool, name, wanted);
    advice.push(
      `The busiest minute asked for ${number(most)}: a limit of ${number(wanted)} takes it at once` +
        `${tier === undefined ? '' : ` (${tier})`}, ` +
        `and so would ${cut} % fewer ${kind === 'requests' ? 'calls' : `${unit} a call`}.`,
    );
  } else {
    advice.push(
      `The busiest minute asked for ${number(most)}, which fits: calls came in bursts, or others use the account.`,
    );
  }
  const binding = bindingOf(calls);
  return binding === undefined ? advice : [...advice, binding];
}

/** Which of several limits is reached first. */
function bindingOf({ busiest, limits }: PoolCalls): string | undefined {
  const shares = Object.values(MINUTE_LIMITS)
    .flatMap(({ kind }) => (limits[kind] ? [{ kind, share: busiest[kind] / limits[kind] }] : []))
    .sort((a, b) => b.share - a.share);
  const [first, second] = shares;
  if (!first || !second) return undefined;
  const words = (kind: keyof Amounts): string => kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const text = `${words(first.kind)} bind: the busiest minute asked for ${percent(first.share)} of them`;
  return `${text[0]!.toUpperCase()}${text.slice(1)}, and for ${percent(second.share)} of the ${words(second.kind)}.`;
}

/** The smallest tier with a sufficient limit. */
function tierFor(provider: ProviderName, pool: string, name: LimitName, wanted: number): string | undefined {
  const simulated = REPLAYED[provider];
  const tiers = simulated && TIERS[simulated];
  if (!tiers) return undefined;
  const model = pool.slice(pool.indexOf('/') + 1);
  const tier = tiers.find((preset) => (limitTable(simulated, { preset })(model)[name] ?? 0) >= wanted);
  return tier === undefined ? 'more than any published tier' : `tier ${tier}`;
}

/** Rounded down, to stay inside. */
function amount(value: number): string {
  return value >= 10 ? number(Math.floor(value)) : (Math.floor(value * 10) / 10).toFixed(1);
}
