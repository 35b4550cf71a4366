import { DEFAULT_THRESHOLDS } from '../thresholds.ts';
import type { Row } from './dashboard.ts';
import { FIRING } from './dashboard.ts';
import type { PanelSpec, Step } from './panel.ts';
import { type DashboardContext, LIMIT, LIMIT_LEGEND, quantile, rate, REFUSED, utilization } from './queries.ts';

const { tier, queue } = DEFAULT_THRESHOLDS;

export const USED: readonly Step[] = [
  { from: null, color: 'green' },
  { from: tier.nearlyExhausted, color: 'orange' },
  { from: tier.exhausted, color: 'red' },
];

const WAITED: readonly Step[] = [
  { from: null, color: 'green' },
  { from: queue.waitSeconds / 2, color: 'orange' },
  { from: queue.waitSeconds, color: 'red' },
];

const DRILL_DOWN = {
  title: 'Open the drill-down of this model',
  url: '/d/tidegate-provider?${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&var-provider=${__field.labels.gen_ai_provider_name}&var-model=${__field.labels.gen_ai_request_model}&${__url_time_range}',
};

const DAY = 'tidegate_limit_dimension=~".+_day"';

/** The first row: are we at our limit, which one, and is it getting worse? */
export function answerRow(context: DashboardContext): Row {
  const { select } = context;
  const answers: PanelSpec[] = [
    {
      kind: 'stat',
      title: 'Worst limit used',
      description:
        'Share in use of the limit that is closest to its end. Orange: calls begin to wait. Red: at the limit.',
      unit: 'percentunit',
      queries: [{ expr: `max(${utilization(context)})`, legend: 'used' }],
      width: 4,
      min: 0,
      max: 1,
      thresholds: USED,
    },
    {
      kind: 'stat',
      show: 'name',
      title: 'Which limit',
      description:
        'Model and dimension of that limit. Requests: slow down requests. Tokens: shrink tokens. Either: raise the tier.',
      unit: 'percentunit',
      queries: [{ expr: `topk(1, ${utilization(context)})`, legend: LIMIT_LEGEND }],
      width: 4,
      thresholds: USED,
      link: DRILL_DOWN,
    },
    {
      kind: 'stat',
      title: 'Change in 30 minutes',
      description: 'How much more of the worst limit is used than half an hour ago. Above zero it is getting worse.',
      unit: 'percentunit',
      queries: [{ expr: `max(${utilization(context)}) - max(${utilization(context, '30m')})`, legend: 'change' }],
      width: 4,
      thresholds: [
        { from: null, color: 'green' },
        { from: 0.05, color: 'orange' },
        { from: 0.15, color: 'red' },
      ],
    },
    {
      kind: 'stat',
      title: 'Refused calls',
      description:
        'Attempts that the provider refused for a rate limit. Pacing keeps this near zero; otherwise another client shares the account.',
      unit: 'reqpm',
      queries: [{ expr: `sum(${rate(select('tidegate.ratelimit.rejections', REFUSED))}) * 60`, legend: 'refused' }],
      width: 4,
      min: 0,
      thresholds: [
        { from: null, color: 'green' },
        { from: tier.refusals / 10, color: 'orange' },
        { from: tier.refusals, color: 'red' },
      ],
    },
    {
      kind: 'stat',
      title: 'Wait before sending (p95)',
      description: 'What being at the limit costs: the time that one call in twenty waits before it is sent.',
      unit: 's',
      queries: [{ expr: quantile(0.95, select('tidegate.wait.duration', '', 'bucket')), legend: 'p95' }],
      width: 4,
      min: 0,
      thresholds: WAITED,
    },
    {
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
    },
  ];
  const details: PanelSpec[] = [
    {
      kind: 'bargauge',
      title: 'Limits in use',
      description:
        'Share in use of each limit, the fullest first. Limits that a provider does not report are not shown.',
      unit: 'percentunit',
      queries: [{ expr: `sort_desc(topk(12, ${utilization(context)}))`, legend: LIMIT_LEGEND }],
      width: 8,
      min: 0,
      max: 1,
      thresholds: USED,
      link: DRILL_DOWN,
    },
    {
      kind: 'timeseries',
      title: 'Limits in use over time',
      description:
        'The same over time. Flat at the top: the tier is too small. Single peaks: bursts, which pacing absorbs.',
      unit: 'percentunit',
      queries: [{ expr: utilization(context), legend: LIMIT_LEGEND }],
      width: 8,
      min: 0,
      max: 1,
      thresholds: USED,
    },
    firingTable(8),
  ];
  return {
    title: 'Are we at our limit?',
    lines: [
      { height: 5, panels: answers },
      { height: 9, panels: details },
    ],
  };
}

/** Alerts that fire now. */
export function firingTable(width: number, alerts = FIRING): PanelSpec {
  return {
    kind: 'table',
    title: 'Firing alerts',
    description: 'Alerts that fire now. Each has a heading in the runbook, prometheus/runbook.md.',
    unit: 'short',
    queries: [{ expr: alerts, legend: '{{alertname}}' }],
    width,
    noValue: 'No alert fires.',
    transformations: [
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, Value: true, __name__: true, alertstate: true },
          indexByName: {
            severity: 0,
            alertname: 1,
            gen_ai_provider_name: 2,
            gen_ai_request_model: 3,
            tidegate_limit_dimension: 4,
          },
          renameByName: {
            alertname: 'Alert',
            severity: 'Severity',
            gen_ai_provider_name: 'Provider',
            gen_ai_request_model: 'Model',
            tidegate_limit_dimension: 'Limit',
          },
        },
      },
    ],
  };
}

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
            overrides: [
              {
                matching: '/ limit$/',
                properties: [
                  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
                  { id: 'custom.fillOpacity', value: 0 },
                ],
              },
            ],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Refusals by limit',
            description:
              'Attempts that the provider refused, by the limit that refused them. Quota is billing; overloaded is the provider.',
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
              { expr: `sum by (${LIMIT}) (${select('tidegate.pacer.rate')})`, legend: `${LIMIT_LEGEND} admitted` },
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
            queries: [{ expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.reset')})`, legend: LIMIT_LEGEND }],
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
  const lane = 'gen_ai_provider_name, gen_ai_request_model';
  return {
    kind: 'table',
    title: 'Limits now',
    description: 'Every limit that is known, with its state and the age of the last response that told it.',
    unit: 'short',
    queries: [
      { expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.limit')})`, legend: 'limit' },
      { expr: `min by (${LIMIT}) (${select('tidegate.ratelimit.remaining')})`, legend: 'remaining' },
      { expr: utilization(context), legend: 'used' },
      { expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.reset')})`, legend: 'reset' },
      {
        expr: `max by (${LIMIT}) (${select('tidegate.ratelimit.limit')}) * 0 + on (${lane}) group_left min by (${lane}) (${select('tidegate.ratelimit.observed_age')})`,
        legend: 'age',
      },
    ],
    width: 16,
    thresholds: USED,
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          renameByName: {
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
