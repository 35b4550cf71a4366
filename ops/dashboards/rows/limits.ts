import type { Row } from '../dashboard.ts';
import type { PanelSpec } from '../panel.ts';
import { type DashboardContext, LANE, LIMIT, LIMIT_LEGEND, rate, ratio, utilization } from '../queries.ts';

/** Limits per minute, or per second. */
const MINUTE = 'tidegate_limit_dimension!~".+_day|concurrency"';
const DAY = 'tidegate_limit_dimension=~".+_day"';

export function limitRow(context: DashboardContext): Row {
  const { select } = context;
  return {
    title: 'Rate limits',
    lines: [
      {
        height: 9,
        panels: [
          {
            kind: 'timeseries',
            title: 'Left of each limit',
            description:
              'What is left of each limit as the provider last told it, as a share. It tells of the account, and of a bucket of seconds next to nothing: that one is nearly full again whenever it is told. What is used is above.',
            unit: 'percentunit',
            queries: [
              {
                expr: ratio(
                  `min by (${LIMIT}) (${select('tidegate.ratelimit.remaining')})`,
                  `max by (${LIMIT}) (${select('tidegate.ratelimit.limit')})`,
                ),
                legend: LIMIT_LEGEND,
              },
            ],
            width: 8,
            min: 0,
            max: 1,
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Refusals by limit',
            description:
              'Attempts that the provider refused, by the limit that refused them. Quota is billing; overloaded is the provider; no_capacity is its tier.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (tidegate_limit_dimension) (${rate(select('tidegate.ratelimit.rejections'))})`,
                legend: '{{tidegate_limit_dimension}}',
              },
            ],
            width: 8,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Rate that pacing allows',
            description:
              'What may be sent now, summed over the processes, as a share of the limit a minute; how much is, is above. Far below 100 %: others on the account, headroom, or refusals not long ago.',
            unit: 'percentunit',
            queries: [
              {
                expr: ratio(
                  `60 * sum by (${LIMIT}) (${select('tidegate.pacer.rate_per_second', MINUTE)})`,
                  `max by (${LIMIT}) (${select('tidegate.ratelimit.limit', MINUTE)})`,
                ),
                legend: LIMIT_LEGEND,
              },
            ],
            width: 8,
            min: 0,
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'Time until reset',
            description: 'Until each bucket of a minute is full again. Those of a day are in the table beside it.',
            unit: 's',
            queries: [
              {
                expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.reset_seconds', MINUTE)})`,
                legend: LIMIT_LEGEND,
              },
            ],
            width: 6,
            min: 0,
          },
          dayLimit(context),
          limitTable(context),
        ],
      },
    ],
  };
}

/** One for all limits: the first to run out. */
function dayLimit({ select, thresholds: { tier } }: DashboardContext): PanelSpec {
  return {
    kind: 'stat',
    title: 'Day limit lasts',
    description: 'Until the first daily limit is used up at the rate of the last 30 minutes.',
    unit: 's',
    queries: [
      {
        expr: `min(min by (${LIMIT}) (${select('tidegate.ratelimit.remaining', DAY)}) / -(min by (${LIMIT}) (deriv(${select('tidegate.ratelimit.remaining', DAY)}[30m])) < 0))`,
        legend: 'lasts',
      },
    ],
    width: 4,
    noValue: 'not in use',
    thresholds: [
      { from: null, color: 'red' },
      { from: tier.dayForecastSeconds, color: 'orange' },
      { from: 86_400, color: 'green' },
    ],
  };
}

function limitTable(context: DashboardContext): PanelSpec {
  const { select } = context;
  return {
    kind: 'table',
    title: 'Limits now',
    description: 'Every limit that is known, with its state and the age of the last response that told it.',
    unit: 'short',
    queries: [
      { expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.limit')})`, legend: 'limit' },
      { expr: `min by (${LIMIT}) (${select('tidegate.ratelimit.remaining')})`, legend: 'remaining' },
      { expr: utilization(context), legend: 'used' },
      { expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.reset_seconds')})`, legend: 'reset' },
      {
        expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.limit')}) * 0 + on (${LANE}) group_left min by (${LANE}) (${select('tidegate.ratelimit.observed_age_seconds')})`,
        legend: 'age',
      },
    ],
    width: 14,
    thresholds: context.steps.used,
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          renameByName: {
            cluster: 'Cluster',
            namespace: 'Namespace',
            job: 'Job',
            tidegate_client: 'Client',
            gen_ai_provider_name: 'Provider',
            gen_ai_request_model: 'Model',
            tidegate_limit_dimension: 'Limit by',
            'Value #A': 'Limit',
            'Value #B': 'Remaining',
            'Value #C': 'Used',
            'Value #D': 'Reset',
            'Value #E': 'Age',
          },
        },
      },
    ],
    overrides: [
      {
        matching: '/^Used$/',
        properties: [
          { id: 'unit', value: 'percentunit' },
          { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
        ],
      },
      { matching: '/^(Reset|Age)$/', properties: [{ id: 'unit', value: 's' }] },
    ],
  };
}
