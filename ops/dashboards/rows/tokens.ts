import type { Row } from '../dashboard.ts';
import { DASHED_LIMITS } from '../overrides.ts';
import { type DashboardContext, LIMIT, rate, ratio } from '../queries.ts';

export function tokenRow({ select }: DashboardContext): Row {
  const tokens = (kind: string): string => `sum(${rate(select('tidegate.tokens', `tidegate_token_kind="${kind}"`))})`;
  const byKind = (name: 'tidegate.pacer.estimated_tokens' | 'tidegate.tokens'): string =>
    `sum by (tidegate_token_kind) (${rate(select(name, 'tidegate_token_kind=~"input|output"'))})`;
  const legend = '{{tidegate_token_kind}}';
  return {
    title: 'Tokens and cost',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'Tokens a minute and limit',
            description:
              'Tokens by kind, and the limits on tokens as dashed lines. Cached tokens are part of input, reasoning part of output.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (tidegate_token_kind) (${rate(select('tidegate.tokens'))}) * 60`,
                legend,
              },
              {
                expr: `sum by (tidegate_limit_dimension) (max by (${LIMIT}) (${select('tidegate.ratelimit.limit', 'tidegate_limit_dimension=~"(input_|output_)?tokens"')}))`,
                legend: '{{tidegate_limit_dimension}} limit',
              },
            ],
            width: 6,
            min: 0,
            overrides: DASHED_LIMITS,
          },
          {
            kind: 'timeseries',
            title: 'Input read from cache',
            description:
              'Share of the input tokens that a prompt cache served. Cached tokens cost less, and some limits do not count them.',
            unit: 'percentunit',
            queries: [{ expr: ratio(tokens('cache_read'), tokens('input')), legend: 'cached' }],
            width: 6,
            noValue: 'Nothing was read from a cache.',
            min: 0,
            max: 1,
          },
          {
            kind: 'timeseries',
            title: 'Tokens per call',
            description: 'Mean of input and output. Growth here uses up token limits at the same number of calls.',
            unit: 'short',
            queries: ['input', 'output'].map((kind) => ({
              expr: ratio(tokens(kind), `sum(${rate(select('tidegate.calls'))})`),
              legend: kind,
            })),
            width: 6,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Tokens estimated per token counted',
            description:
              'What the pacer expected calls to use, against what the provider counted. Far above 100 % the limit is not used up, far below calls are refused; pacing.countTokens makes input exact.',
            unit: 'percentunit',
            queries: [{ expr: ratio(byKind('tidegate.pacer.estimated_tokens'), byKind('tidegate.tokens')), legend }],
            width: 6,
            min: 0,
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Spend an hour',
            description: 'US dollars an hour by model, where prices are given.',
            unit: 'currencyUSD',
            queries: [
              {
                expr: `sum by (gen_ai_request_model) (${rate(select('tidegate.cost'))}) * 3600`,
                legend: '{{gen_ai_request_model}}',
              },
            ],
            width: 8,
            noValue: 'No prices are given.',
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Spent on failures',
            description: 'Share of the money that went into calls that failed in the end.',
            unit: 'percentunit',
            queries: [
              {
                expr: ratio(
                  `sum(${rate(select('tidegate.cost', 'tidegate_cost_spent_on="failures"'))})`,
                  `sum(${rate(select('tidegate.cost'))})`,
                ),
                legend: 'failures',
              },
            ],
            width: 8,
            noValue: 'No prices are given.',
            min: 0,
            max: 1,
          },
          {
            kind: 'timeseries',
            title: 'Calls without a price',
            description: 'Answered calls of models that the price list does not know: their cost is in no panel.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (gen_ai_request_model) (${rate(select('tidegate.cost.unpriced_calls'))})`,
                legend: '{{gen_ai_request_model}}',
              },
            ],
            width: 8,
            noValue: 'Every model has a price.',
            min: 0,
          },
        ],
      },
    ],
  };
}
