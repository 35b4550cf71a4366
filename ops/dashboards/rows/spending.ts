import { FIRING, type Line, type Row } from '../dashboard.ts';
import type { PanelSpec, Step } from '../panel.ts';
import { type DashboardContext, rate, ratio, RECORDED } from '../queries.ts';
import { over } from '../../signal-rules.ts';
import { firingTable } from './firing.ts';

const BY_MODEL = `${RECORDED},gen_ai_request_model=~"$model"`;
const NO_PRICES = 'No prices are given.';
const PLAIN: readonly Step[] = [{ from: null, color: 'blue' }];

/** Alerts about the subjects of this dashboard. */
const ALERTS = FIRING.replace(
  'Tidegate.+',
  'Tidegate(Cost.+|ModelUnpriced|AnswersCut|CacheShareFell|FirstChunkSlow|TierDowngraded|SecondRetryLayer|TenantFloods|Batch.+|Fleet.+)',
);

export function spendingRow(context: DashboardContext): Row {
  const { cost } = context.thresholds;
  return { title: 'What does it cost?', lines: [stats(context), overTime(cost.budgetUsdPerDay, context)] };
}

function stats({ select, thresholds }: DashboardContext): Line {
  const { budgetUsdPerDay } = thresholds.cost;
  const hour = `sum(tidegate:cost:usd1h{${RECORDED}})`;
  const stat = (title: string, description: string, expr: string): PanelSpec => ({
    kind: 'stat',
    title,
    description,
    unit: 'currencyUSD',
    queries: [{ expr, legend: title }],
    width: 3,
    noValue: NO_PRICES,
    min: 0,
    decimals: 2,
    thresholds: PLAIN,
  });
  const day = `sum(${over(`tidegate:cost:increase5m{${BY_MODEL}}`, 1440)})`;
  return {
    height: 6,
    panels: [
      stat('Last hour', 'What the calls of the last hour have cost, those that failed included.', hour),
      {
        ...stat('Last 24 hours', 'What the calls of the last 24 hours have cost, by the prices of the guards.', day),
        ...(budgetUsdPerDay > 0 && {
          thresholds: [
            { from: null, color: 'green' },
            { from: 0.8 * budgetUsdPerDay, color: 'orange' },
            { from: budgetUsdPerDay, color: 'red' },
          ],
        }),
      },
      stat(
        'A month at this rate',
        'Thirty times the last 24 hours: what a month of such days would cost.',
        `${day} * 30`,
      ),
      {
        ...stat(
          'A call',
          'Mean cost of a call that was answered, in the chosen range.',
          ratio(
            `sum(increase(${select('tidegate.cost')}[$__range]))`,
            `sum(increase(${select('tidegate.calls', 'tidegate_outcome=~"success|success_after_retry"')}[$__range]))`,
          ),
        ),
        decimals: 4,
        width: 4,
      },
      firingTable(11, ALERTS),
    ],
  };
}

function overTime(budgetUsdPerDay: number, { select }: DashboardContext): Line {
  const own = (how: string): string => `sum(${how}_over_time(tidegate:cost:usd1h{${RECORDED}}[1d] offset 1h))`;
  return {
    height: 9,
    panels: [
      {
        kind: 'timeseries',
        title: 'The hour against its own day',
        description: `USD of the last hour, and the mean and the dearest hour of the day before. Far above both, it alerts.${budgetUsdPerDay > 0 ? ` The budget is ${budgetUsdPerDay} USD a day.` : ''}`,
        unit: 'currencyUSD',
        queries: [
          { expr: `sum(tidegate:cost:usd1h{${RECORDED}})`, legend: 'last hour' },
          { expr: own('avg'), legend: 'mean hour of the day before' },
          { expr: own('max'), legend: 'dearest hour of the day before' },
        ],
        width: 8,
        noValue: NO_PRICES,
        min: 0,
      },
      {
        kind: 'timeseries',
        title: 'Cost of a call by model',
        description: 'USD that an answered call of each model costs. It grows with longer prompts and missed caches.',
        unit: 'currencyUSD',
        queries: [
          {
            expr: ratio(
              `sum by (gen_ai_request_model) (${rate(select('tidegate.cost'))})`,
              `sum by (gen_ai_request_model) (${rate(select('tidegate.calls', 'tidegate_outcome=~"success|success_after_retry"'))})`,
            ),
            legend: '{{gen_ai_request_model}}',
          },
        ],
        width: 8,
        noValue: NO_PRICES,
        min: 0,
      },
      {
        kind: 'timeseries',
        title: 'Input from a cache by model',
        description:
          'Share of the input tokens of an hour that a prompt cache served. Half of its own day or less, it alerts.',
        unit: 'percentunit',
        queries: [
          {
            expr: `max by (gen_ai_request_model) (tidegate:cache:ratio1h{${BY_MODEL}})`,
            legend: '{{gen_ai_request_model}}',
          },
        ],
        width: 8,
        noValue: 'Too few tokens in an hour.',
        min: 0,
        max: 1,
      },
    ],
  };
}
