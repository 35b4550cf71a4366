import { afterOutage } from './outage.ts';
import { FAILED } from '../recording-rules.ts';
import {
  type Alert,
  BY_MODEL,
  BY_PROVIDER,
  lookupOf,
  MODEL,
  percent,
  pieces,
  PROVIDER,
  type RuleContext,
} from '../alert.ts';
import { FAILED_ADVICE, FAILED_BECAUSE, whyFailed } from './why-failed.ts';
import { choice, largest, onePod, share } from '../number-templates.ts';

export function retryAlerts(context: RuleContext): Alert[] {
  const { series, thresholds } = context;
  const { retries, circuit } = thresholds;
  const halfAnHour = (matchers: string): string =>
    `sum by (${BY_MODEL}) (${pieces(`tidegate:calls:increase5m${matchers}`, 6)})`;
  const exhausted = halfAnHour('{tidegate_outcome="retries_exhausted"}');
  const worst = `sum by (${BY_MODEL}) (max_over_time(tidegate:calls:increase5m{tidegate_outcome="retries_exhausted"}[30m]))`;
  const ended = halfAnHour('');
  return [
    {
      name: 'TidegateRetrySpike',
      // `unless` rather than a comparison: a model without an hour of history has no baseline and still counts.
      expr: [
        `(tidegate:retry_ratio:rate5m > ${retries.spikeRatio})`,
        `and (tidegate:retries:rate5m > ${retries.spikeFloor})`,
        `unless (tidegate:retries:rate5m <= ${retries.spikeFactor} * (tidegate:retries:rate1h offset 10m))`,
      ].join('\n'),
      for: '5m',
      severity: 'warning',
      summary: 'LLM client retries are spiking.',
      description: `${whyRetried(series, '5m')}${MODEL} sends {{ printf "%f * 100" $value | query | first | value | printf "%.0f" }} retries for 100 calls{{ if $reason }}, mostly because ${RETRIED_BECAUSE}{{ end }} (threshold ${Number((retries.spikeRatio * 100).toPrecision(6))}), more than ${retries.spikeFactor} times those of the hour before. {{ if eq $reason "rate_limit" }}Slow down requests or shrink tokens.{{ else }}Wait for the provider, or use another model: your limits are not the cause.{{ end }}`,
    },
    {
      name: 'TidegateRetryStorm',
      // By then an opening circuit has ended it. A blip of 40 s is over, and out of the minute, before this fires.
      expr: `(tidegate:attempts_per_call:ratio1m > ${retries.stormAttempts})\nand (sum by (${BY_MODEL}) (rate(${series('tidegate.retries')}[2m])) > ${retries.stormFloor})\nunless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[2m])) > ${circuit.actingShare})`,
      for: '90s',
      keepFiringFor: '5m',
      severity: 'critical',
      summary: 'LLM clients send each call several times.',
      description: `${whyRetried(series, '2m')}${MODEL} needs {{ printf "%.1f" $value }} attempts per call{{ if $reason }}, mostly because ${RETRIED_BECAUSE}{{ end }} (threshold ${retries.stormAttempts}).${onePod(series, `rate(${series('tidegate.retries', lookupOf(BY_MODEL).matchers)}[2m])`, BY_MODEL)} Retries now make up most of the traffic: slow down requests, or stop the batch jobs, until the reason is gone.`,
    },
    {
      name: 'TidegateCallsFailing',
      // The burn alerts take nine minutes to detect that everything fails.
      expr: `(tidegate:call_failures:ratio2m > ${retries.failingRatio})${afterOutage('2m', context)}`,
      for: '30s',
      keepFiringFor: '2m',
      severity: 'critical',
      summary: 'Most LLM calls fail.',
      description: `${whyFailed('tidegate:calls:increase2m{MATCHERS}')}${PROVIDER} failed ${share()} of its calls in two minutes, ${FAILED_BECAUSE} (threshold ${percent(retries.failingRatio)}).${onePod(series, `increase(${series('tidegate.calls', `${lookupOf(BY_PROVIDER).matchers},${FAILED}`)}[2m])`, BY_PROVIDER)} ${FAILED_ADVICE}`,
    },
    {
      name: 'TidegateRetriesExhausted',
      // Only the burn alerts page: they know how much loss an objective allows. A fleet of quiet processes loses the
      // calls of a blip without opening a circuit.
      expr: `(${exhausted} / (${ended} > 0) > ${retries.exhaustedRatio})\nand (${exhausted} >= ${retries.exhaustedCalls})\nand (${exhausted} > ${retries.exhaustedSpread} * ${worst})${afterOutage('30m', context)}\nunless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:rejections:increase5m{tidegate_limit_dimension="quota"}[30m])) > 0)`,
      for: '2m',
      severity: 'warning',
      summary: 'LLM calls fail after all retries.',
      description: `${lastStatus()}${MODEL} lost ${share()} of its calls in 30 minutes with every retry used, mostly {{ if eq $status "429" }}because they are refused for a limit{{ else if eq $status "none" }}because attempts have no answer{{ else if eq $status "" }}for a reason that no attempt names{{ else }}because the provider answers {{ $status }}{{ end }} (threshold ${percent(retries.exhaustedRatio)}). The application sees these errors: {{ if eq $status "429" }}slow down requests or raise the tier{{ else }}wait for the provider, or use another model{{ end }}.`,
    },
  ];
}

const RETRIED_BECAUSE = choice(
  '$reason',
  {
    rate_limit: 'attempts are refused for a limit',
    overloaded: 'the provider is overloaded',
    server_error: 'the provider answers with errors',
    timeout: 'attempts time out',
    connection: 'the provider cannot be reached',
  },
  'of {{ $reason }}',
);

/** Template that sets `$reason` to the most frequent retry reason. */
function whyRetried(series: RuleContext['series'], window: string): string {
  const retries = series('tidegate.retries', lookupOf(BY_MODEL).matchers);
  return largest(
    '$reason',
    `sum by (tidegate_retry_reason) (rate(${retries}[${window}]))`,
    BY_MODEL,
    'tidegate_retry_reason',
  );
}

/** Template that sets `$status` to the most frequent status of retryable attempts. */
function lastStatus(): string {
  const attempts = `tidegate:attempts:increase5m{${lookupOf(BY_MODEL).matchers},http_response_status_code=~"408|409|429|5..|none"}`;
  const query = `sum by (http_response_status_code) (avg_over_time(${attempts}[25m]))`;
  return largest('$status', query, BY_MODEL, 'http_response_status_code');
}
