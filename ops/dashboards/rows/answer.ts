import { BY_JOB } from '../../alert.ts';
import type { Row } from '../dashboard.ts';
import type { PanelSpec } from '../panel.ts';
import { type DashboardContext, LIMIT, LIMIT_LEGEND, quantile, rate, REFUSED, utilization } from '../queries.ts';
import { firingTable } from './firing.ts';

const DRILL_DOWN = {
  title: 'Open the drill-down of this model',
  url: '/d/tidegate-provider?${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&var-provider=${__field.labels.gen_ai_provider_name}&var-model=${__field.labels.gen_ai_request_model}&${__url_time_range}',
};

const DAY = 'tidegate_limit_dimension=~".+_day"';

/** The first row: are we at our limit, which one, and is it getting worse? */
export function answerRow(context: DashboardContext): Row {
  const { select, steps } = context;
  const { tier } = context.thresholds;
  const answers: PanelSpec[] = [
    {
      kind: 'stat',
      title: 'Worst limit used',
      description:
        'Share in use of the limit that is closest to its end. Orange: calls begin to wait. Red: at the limit.',
      unit: 'percentunit',
      queries: [{ expr: `max(${utilization(context)})`, legend: 'used' }],
      width: 3,
      min: 0,
      max: 1,
      thresholds: steps.used,
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
      thresholds: steps.used,
      link: DRILL_DOWN,
    },
    {
      kind: 'stat',
      title: 'Near the limit for',
      description: `Minutes of the last hour in which a limit was used by more than ${tier.nearlyExhausted * 100} %.`,
      unit: 's',
      queries: [
        {
          expr: `count_over_time((max(${utilization(context)}) > ${tier.nearlyExhausted})[1h:1m]) * 60 or vector(0)`,
          legend: 'near the limit',
        },
      ],
      width: 3,
      min: 0,
      thresholds: [
        { from: null, color: 'green' },
        { from: 60, color: 'orange' },
        { from: 900, color: 'red' },
      ],
    },
    {
      kind: 'stat',
      show: 'name',
      title: 'Whose calls wait',
      description:
        'The process with the most calls waiting. More than half of one tenant: see "One tenant of the queue" below.',
      unit: 'short',
      queries: [
        {
          expr: `topk(1, sum by (${BY_JOB}, instance) (${select('tidegate.bulkhead.queued')}) > 0)`,
          legend: '{{job}} {{instance}}',
        },
      ],
      width: 4,
      noValue: 'nobody',
      thresholds: [{ from: null, color: 'orange' }],
    },
    {
      kind: 'stat',
      title: 'Refused calls',
      description:
        'Attempts that the provider refused for a rate limit. Pacing keeps this near zero; otherwise another client shares the account.',
      unit: 'reqpm',
      queries: [{ expr: `sum(${rate(select('tidegate.ratelimit.rejections', REFUSED))}) * 60`, legend: 'refused' }],
      width: 3,
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
      queries: [{ expr: quantile(0.95, select('tidegate.wait.duration_seconds', '', 'bucket')), legend: 'p95' }],
      width: 4,
      min: 0,
      thresholds: steps.waited,
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
      width: 3,
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
      thresholds: steps.used,
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
      thresholds: steps.used,
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
