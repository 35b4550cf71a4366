import type { Usage } from '../../core/outcome.ts';
import type { PriceFunction } from '../../cost/prices.ts';
import type { ProviderName } from '../../core/provider.ts';
import { harmless } from '../harmless.ts';
import { tableText } from '../table.ts';
import type { BatchArgs } from './batch-args.ts';
import type { InputTotals, ModelTotals } from './input-totals.ts';
import type { Interval } from './token-interval.ts';
import { durations, number, usd } from '../amounts.ts';

interface Forecast {
  readonly rows: number;
  /** Fewer than `rows` if some are identical, since those are sent once. */
  readonly calls: number;
  readonly models: readonly string[];
  readonly inputTokens: Interval;
  /** Null if a row has no maximum. */
  readonly outputTokensAtMost: number | null;
  /** Duration under the given limits; null if none are given. */
  readonly seconds: Interval | null;
  /** In USD; without an upper bound if a row has no output maximum, null if a model has no known price. */
  readonly usd: readonly [number, number | null] | null;
  /** Models without a known price. */
  readonly unpriced: readonly string[];
}

/** Factor on the time that the limits need: a run is slower if the provider enforces them in fractions of a minute. */
const SLOWER = 1.5;
/** Seconds for the last answers. */
const ANSWERS_S = 5;

/** Estimates what sending the input would take, without sending anything. */
export function forecast(
  input: InputTotals,
  { rpm, tpm, via }: Pick<BatchArgs, 'rpm' | 'tpm' | 'via'>,
  provider: ProviderName,
  priceOf: PriceFunction | undefined,
): Forecast {
  const totals = input.all();
  const calls = sum(totals.map((of) => of.calls));
  const from = Math.ceil(sum(totals.map(({ inputTokens }) => inputTokens[0])));
  const to = Math.ceil(sum(totals.map(({ inputTokens }) => inputTokens[1])));
  const output = totals.some(({ outputTokens }) => outputTokens === undefined)
    ? undefined
    : sum(totals.map(({ outputTokens }) => outputTokens!));
  // The limits may be full at the start, and tokens read from a cache may not count.
  const counted = from - sum(totals.map(({ cachedTokens }) => cachedTokens));
  const atLeast = Math.max(0, rpm ? calls / rpm - 1 : 0, tpm ? counted / tpm - 1 : 0) * 60;
  const atMost = Math.max(rpm ? calls / rpm : 0, tpm ? (to + (output ?? 0)) / tpm : 0) * 60 * SLOWER + ANSWERS_S;
  const prices = totals.map((of) => ({ of, interval: priceInterval(of, via, provider, priceOf) }));
  const unpriced = prices.filter(({ interval }) => !interval).map(({ of }) => nameOf(of));
  const ends = prices.map(({ interval }) => interval?.[1] ?? null);
  return {
    rows: input.rows,
    calls,
    models: [...new Set(totals.map(({ model }) => model))].filter((model) => model !== '').sort(),
    inputTokens: [from, to],
    outputTokensAtMost: output ?? null,
    seconds: rpm || tpm ? [atLeast, atMost] : null,
    usd:
      unpriced.length > 0
        ? null
        : [sum(prices.map(({ interval }) => interval![0])), ends.includes(null) ? null : sum(ends as number[])],
    unpriced,
  };
}

/** Prices all calls at their mean length, even if the price depends on the length of a prompt. */
function priceInterval(
  totals: ModelTotals,
  via: BatchArgs['via'],
  provider: ProviderName,
  priceOf: PriceFunction | undefined,
): readonly [number, number | null] | undefined {
  const { model, tier, calls, inputTokens, cachedTokens, writtenTokens, outputTokens, hidden } = totals;
  if (!priceOf || model === '') return undefined;
  const [from, to] = inputTokens;
  const price = (used: Partial<Usage>, serviceTier: string | undefined): number | undefined => {
    const { inputTokens: input = 0, outputTokens: output = 0, cacheReadTokens = 0, cacheWriteTokens = 0 } = used;
    const usage: Usage = {
      inputTokens: input / calls,
      outputTokens: output / calls,
      cacheReadTokens: cacheReadTokens / calls,
      cacheWriteTokens: cacheWriteTokens / calls,
      reasoningTokens: 0,
    };
    const each = priceOf({ provider, model, usage, serviceTier });
    return each === undefined ? undefined : each * calls;
  };
  // Rows that a provider batch leaves unfinished have the regular price.
  const least = price({ inputTokens: from, cacheReadTokens: cachedTokens }, via === 'sync' ? tier : 'batch');
  const dearest = { inputTokens: to, outputTokens: outputTokens ?? 0, cacheWriteTokens: writtenTokens };
  const most = outputTokens === undefined || hidden ? null : price(dearest, via === 'sync' ? tier : undefined);
  return least === undefined || most === undefined ? undefined : [least, most];
}

const nameOf = ({ model, tier }: ModelTotals): string =>
  (model || 'none named') + (tier === undefined ? '' : ` in service tier ${tier}`);

export function forecastText(made: Forecast, priced: boolean): string {
  const { rows, calls, models, inputTokens, outputTokensAtMost, seconds } = made;
  const [from, to] = inputTokens;
  const output =
    outputTokensAtMost === null ? 'unknown: some rows set no maximum' : `up to ${number(outputTokensAtMost)}`;
  const time = seconds ? durations(seconds[0], seconds[1]) : 'unknown: name your limits with --rpm and --tpm';
  return tableText([
    ['Rows', calls === rows ? number(rows) : `${number(rows)}, of which ${number(calls)} are distinct and sent`],
    ['Models', harmless(models.join(', ')) || 'none named'],
    ['Input tokens', `${number(from)} to ${number(to)}, estimated from their text`],
    ['Output tokens', output],
    ['Time', time],
    ['Price', harmless(priceText(made, priced))],
  ]);
}

function priceText({ usd: interval, unpriced }: Forecast, priced: boolean): string {
  if (!priced) return 'unknown: name a file with --prices, or install @pydantic/genai-prices';
  if (!interval) return `unknown: no price for ${unpriced.join(', ')}`;
  const [from, to] = interval;
  return to === null
    ? `from ${usd(from)}: some rows set no maximum of output, or have more than text as input`
    : `${usd(from)} to ${usd(to)}`;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
