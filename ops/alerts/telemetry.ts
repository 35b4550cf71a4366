import { type Alert, BY_JOB, BY_PROVIDER, JOB, type RuleContext } from '../alert.ts';

export function telemetryAlerts(context: RuleContext): Alert[] {
  const { series, selector, thresholds } = context;
  const info = series('tidegate.build_info');
  const { memory, awayShare, unguardedRequests } = thresholds.telemetry;
  const past = `increase(${series('tidegate.unguarded.requests')}[15m])`;
  const overflow = [
    `__name__=~"tidegate_.+|gen_ai_.+"`,
    ...(selector === '' ? [] : [selector]),
    'otel_metric_overflow="true"',
  ];
  return [
    ...scrapeAlerts(selector, info, memory),
    ...vanished(selector, awayShare),
    {
      name: 'TidegateWatchdog',
      expr: 'vector(1)',
      for: '0m',
      severity: 'none',
      summary: 'Alerts about LLM calls can be delivered.',
      description:
        'This alert always fires: it proves that Prometheus evaluates these rules and that Alertmanager delivers. Route it to a service that calls when it stops to come; nothing else tells of an alerting that is dead.',
    },
    {
      name: 'TidegateTelemetryAbsent',
      // JobVanished or TelemetryDown report a job that existed: some run once a week.
      expr: `absent(${info})\nunless on () (count(count_over_time(tidegate:job:busy[8d])) > 0)`,
      for: '5m',
      severity: 'warning',
      summary: 'No tidegate telemetry arrives at all.',
      description:
        'No process reports tidegate metrics, and none has within eight days, so none of the other alerts can fire. Check that startTelemetry() runs in the application and that Prometheus knows its address.',
    },
    {
      name: 'TidegateTelemetryCardinalityOverflow',
      expr: `count by (${BY_JOB}) ({${overflow.join(',')}}) > 0`,
      for: '5m',
      severity: 'warning',
      summary: 'Tidegate metrics lose their labels.',
      description: `${JOB} has {{ $value }} series without labels, because a metric has more label sets than the SDK keeps. Per-model alerts miss those calls: lower telemetry.maxModels or use fewer telemetry.attributes.`,
    },
    {
      name: 'TidegateUnguardedRequests',
      expr: `sum by (${BY_PROVIDER}, tidegate_unguarded_via) (${past}) >= ${unguardedRequests}`,
      for: '5m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'Requests to a provider bypass every guard.',
      description: `${JOB} has sent {{ printf "%.0f" $value }} requests to {{ $labels.gen_ai_provider_name }} past tidegate in 15 minutes (via {{ $labels.tidegate_unguarded_via }}). They share the limit and are neither paced nor retried nor in any other alert. ${UNGUARDED}`,
    },
  ];
}

const UNGUARDED =
  '{{ if eq $labels.tidegate_unguarded_via "sdk" }}It is an SDK that was bundled, a second copy, or a client that nobody guards: mark the SDK external, or guard the client.{{ else }}Send them with the guarded fetch, or with a guarded client.{{ end }}';

/**
 * Two minutes after the last process is gone. A job that is removed for good is reported once more, since a job deleted
 * by mistake looks the same.
 */
function vanished(selector: string, awayShare: number): Alert[] {
  // A job that sends by OTLP has no target, but must be missed too.
  const target = `max by (${BY_JOB}) (up${selector === '' ? '' : `{${selector}}`})`;
  const gone = (busy: string): string =>
    `(tidegate:job:gone ${busy} 0)\nand on (${BY_JOB}) count_over_time(tidegate:job:busy[1h])\nunless on (${BY_JOB}) ${target}`;
  // Both are recorded twice a minute, one while the job is there and one while it is not. Excludes the hour in which
  // this fires.
  const away = 'count_over_time(tidegate:job:gone[8d] offset 1h)';
  const there = 'count_over_time(tidegate:job:busy[8d] offset 1h)';
  const text = `${JOB} has no process left that reports, and Prometheus scrapes no target of it.`;
  const where = 'Check its deployment and the service discovery or the Collector';
  return [
    {
      name: 'TidegateJobVanished',
      // A job that is away for much of the time is intermittent, and ends with its last call. One that was away for an
      // hour, even repeatedly, is still missed.
      expr: `${gone('>')}\nunless on (${BY_JOB}) (${away} > 60 and ${away} / (${away} + ${there}) > ${awayShare})`,
      for: '1m',
      severity: 'critical',
      summary: 'A job that makes LLM calls has disappeared.',
      description: `${text} Until then it made calls. None of its other alerts can fire. ${where}; if it was removed on purpose this ends by itself within the hour.`,
    },
    {
      name: 'TidegateJobVanished',
      // Within eight days it was gone for more than three minutes, and came back.
      expr: `${gone('==')}\nunless on (${BY_JOB}) (${away} > 6)`,
      for: '3m',
      severity: 'warning',
      summary: 'A job that made LLM calls is gone.',
      description: `${text} In its last minutes it had nothing to do, or ran batches alone: it may have ended or been scaled to nothing, and if it comes and goes this is not told again. ${where} if it should be there.`,
    },
  ];
}

/** Scraped targets report their own absence through `up`; only targets that once served tidegate metrics count. */
function scrapeAlerts(selector: string, info: string, memory: string): Alert[] {
  const up = `up${selector === '' ? '' : `{${selector}}`}`;
  const known = `and on (${BY_JOB}, instance) (max_over_time(${info}[${memory}]))`;
  const down =
    'so its calls are on no dashboard and in no alert. Check the process, its metrics port and its bind address.';
  return [
    {
      name: 'TidegateTelemetryDown',
      expr: `(${up} == 0)\n${known}`,
      for: '5m',
      severity: 'warning',
      labels: { scope: 'instance' },
      summary: 'A tidegate metrics endpoint cannot be scraped.',
      description: `{{ $labels.instance }} (${JOB}) has not answered scrapes for 5 minutes, ${down}`,
    },
    {
      // A separate scope, because only a job that is completely blind may inhibit its other alerts.
      name: 'TidegateTelemetryDown',
      expr: `max by (${BY_JOB}) (${up} ${known}) == 0`,
      for: '5m',
      severity: 'warning',
      labels: { scope: 'job' },
      summary: 'No tidegate metrics endpoint of a job can be scraped.',
      description: `No instance of ${JOB} has answered scrapes for 5 minutes, ${down}`,
    },
  ];
}
