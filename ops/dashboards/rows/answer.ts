import { BY_JOB, URGENT } from '../../alert.ts';
import { RUNBOOK_URL } from '../../runbook-url.ts';
import type { MetricName } from '../../metrics.ts';
import { FIRING, type Row } from '../dashboard.ts';
import type { PanelSpec, State } from '../panel.ts';
import { type DashboardContext, LIMIT_LEGEND, orZero, quantile, rate, REFUSED, utilization } from '../queries.ts';
import { firingTable } from './firing.ts';

const DRILL_DOWN = {
  title: 'Open the drill-down of this model',
  url: '/d/tidegate-provider?${datasource:queryparam}&${cluster:queryparam}&${namespace:queryparam}&${job:queryparam}&${instance:queryparam}&var-provider=${__field.labels.gen_ai_provider_name}&var-model=${__field.labels.gen_ai_request_model}&${__url_time_range}',
};

const OF_PROCESS = {
  title: 'Show this process alone',
  url: '/d/tidegate-overview?${datasource:queryparam}&${cluster:queryparam}&${namespace:queryparam}&var-job=${__field.labels.job}&var-instance=${__field.labels.instance}&${__url_time_range}',
};

const runbook = (alert: `Tidegate${string}`): { readonly title: string; readonly url: string } => ({
  title: 'Open the runbook',
  url: `${RUNBOOK_URL}#${alert.toLowerCase()}`,
});

const ACTIONS: readonly State[] = [
  { value: 0, text: 'nothing', color: 'green' },
  { value: 1, text: 'fewer requests, or a higher tier', color: 'red' },
  { value: 2, text: 'fewer tokens, or a higher tier', color: 'red' },
  { value: 3, text: 'fewer calls at a time', color: 'red' },
  { value: 4, text: 'provider fails: use another', color: 'red' },
  { value: 5, text: 'add credit to the account', color: 'red' },
  { value: 6, text: 'fix the key', color: 'red' },
  { value: 7, text: 'requests are wrong: look at the release', color: 'red' },
  { value: 8, text: 'find who else uses the account', color: 'red' },
  { value: 9, text: 'wait: the provider asks for it', color: 'orange' },
  { value: 10, text: 'read the alerts', color: 'orange' },
];

/** The first condition that holds; among limits the most used one. */
function whatNow(context: DashboardContext): string {
  const { select, thresholds } = context;
  const { tier, queue, provider } = thresholds;
  // A batch uses the whole tier by design: there is nothing to do while hardly any other call waits.
  const waiting = (name: 'tidegate.queue.urgent' | 'tidegate.bulkhead.queued'): string =>
    `sum(avg_over_time(${select(name)}[2m]))`;
  const urgent = waiting('tidegate.queue.urgent');
  const urgentlyWaiting = `(${urgent} > 0.1 * ${waiting('tidegate.bulkhead.queued')} or ${urgent} > ${queue.idleQueue})`;
  const used = `max(${utilization(context)})`;
  const near = (dimensions: string, action: number): string => {
    const own = `max(${utilization(context, `tidegate_limit_dimension=~"${dimensions}"`)})`;
    return `(${own} >= ${used} and ${own} > ${tier.nearlyExhausted} and ${urgentlyWaiting}) * 0 + ${action}`;
  };
  const lately = (name: MetricName, matchers = ''): string => `sum(increase(${select(name, matchers)}[5m]))`;
  const wrong = lately('tidegate.calls', 'tidegate_outcome="bad_request"');
  const refused = lately(
    'tidegate.ratelimit.rejections',
    'tidegate_limit_dimension!~"quota|overloaded|no_capacity|unknown"',
  );
  return [
    `(${lately('tidegate.ratelimit.rejections', 'tidegate_limit_dimension="quota"')} > 0) * 0 + 5`,
    `(${lately('tidegate.attempts', 'http_response_status_code=~"401|403"')} > ${provider.refusedKeyRatio} * ${lately('tidegate.attempts')}) * 0 + 6`,
    `(max(${select('tidegate.circuit.state', 'tidegate_circuit_state!="closed"')}) > 0) * 0 + 4`,
    `(${wrong} > ${provider.badRequestRatio} * ${lately('tidegate.calls')} and ${wrong} >= ${provider.badRequests}) * 0 + 7`,
    near('(.+_)?tokens(_day)?|long_context', 2),
    near('concurrency', 3),
    near('.+', 1),
    // A limit that refuses although our own count is far below it.
    `(${refused} > ${tier.refusedRatio} * ${lately('tidegate.attempts')} and ${refused} >= ${tier.refusals} and ${used} < ${tier.nearlyExhausted}) * 0 + 8`,
    `(max(min_over_time(${select('tidegate.queue.paused_seconds')}[1m])) > 0) * 0 + 9`,
    `(count(${FIRING.replace('{', '{severity=~"critical|warning",')}) > 0) * 0 + 10`,
    'vector(0)',
  ].join('\nor ');
}

/** The summary row: are we at our limit, which one, and is it getting worse? */
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
      links: [DRILL_DOWN],
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
      links: [OF_PROCESS],
      thresholds: [{ from: null, color: 'orange' }],
    },
    {
      kind: 'stat',
      title: 'What now',
      description:
        'What helps first. What no tier would help comes before limits: an empty account, a refused key, a provider that fails, wrong requests. The alerts below say more.',
      unit: 'short',
      queries: [{ expr: whatNow(context), legend: 'what now' }],
      width: 4,
      states: ACTIONS,
      links: [{ title: 'Open the runbook', url: RUNBOOK_URL }],
      thresholds: ACTIONS.map(({ value, color }, index) => ({ from: index === 0 ? null : value, color })),
    },
    {
      kind: 'stat',
      title: 'Refused calls',
      description:
        'Attempts that the provider refused for a rate limit. Pacing keeps this near zero; otherwise another client shares the account.',
      unit: 'reqpm',
      queries: [
        { expr: orZero(`sum(${rate(select('tidegate.ratelimit.rejections', REFUSED))}) * 60`), legend: 'refused' },
      ],
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
      title: 'Wait (p95)',
      description:
        'What being at the limit costs: the time that one call in twenty waits before it is sent. Batches, which wait by design, are left out.',
      unit: 's',
      queries: [{ expr: quantile(0.95, select('tidegate.wait.duration_seconds', URGENT, 'bucket')), legend: 'p95' }],
      width: 3,
      noValue: 'nobody waits',
      min: 0,
      thresholds: steps.waited,
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
      width: 7,
      min: 0,
      max: 1,
      thresholds: steps.used,
      links: [DRILL_DOWN, runbook('TidegateTierNearlyExhausted')],
    },
    {
      kind: 'timeseries',
      title: 'Limits in use over time',
      description:
        'The same over time. Flat at the top: the tier is too small. Single peaks: bursts, which pacing absorbs.',
      unit: 'percentunit',
      queries: [{ expr: utilization(context), legend: LIMIT_LEGEND }],
      width: 7,
      min: 0,
      max: 1,
      thresholds: steps.used,
    },
    firingTable(10),
  ];
  return {
    title: 'Are we at our limit?',
    lines: [
      { height: 5, panels: answers },
      { height: 9, panels: details },
    ],
  };
}
