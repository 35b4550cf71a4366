import type { Row } from '../dashboard.ts';
import { DASHED_LIMITS } from '../overrides.ts';
import type { PanelSpec } from '../panel.ts';
import { type DashboardContext, LANE, LIMIT, LIMIT_LEGEND, rate, utilization } from '../queries.ts';

export function limitRow(context: DashboardContext): Row {
  const { select } = context;
  const perMinute = 'tidegate_limit_dimension!~".+_day|concurrency"';
  return {
    title: 'Rate limits',
    lines: [
      {
        height: 9,
        panels: [
          {
            kind: 'timeseries',
            title: 'Remaining and limit',
            description:
              'What is left of each limit, and the limit itself as a dashed line. Both are those of the account.',
            unit: 'short',
            queries: [
              {
                expr: `min by (${LIMIT}) (${select('tidegate.ratelimit.remaining')})`,
                legend: `${LIMIT_LEGEND} remaining`,
              },
              { expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.limit')})`, legend: `${LIMIT_LEGEND} limit` },
            ],
            width: 8,
            min: 0,
            overrides: DASHED_LIMITS,
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
            title: 'Admitted rate and limit',
            description:
              'What the pacer lets through a second, summed over the processes, and a sixtieth of the limit. Equal: the tier is fully used.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (${LIMIT}) (${select('tidegate.pacer.rate_per_second')})`,
                legend: `${LIMIT_LEGEND} admitted`,
              },
              {
                expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.limit', perMinute)}) / 60`,
                legend: `${LIMIT_LEGEND} limit`,
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
            description: 'Until each bucket is full again. Long for a daily limit, seconds for one by the minute.',
            unit: 's',
            queries: [
              { expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.reset_seconds')})`, legend: LIMIT_LEGEND },
            ],
            width: 8,
            min: 0,
          },
          limitTable(context),
        ],
      },
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
    width: 16,
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
