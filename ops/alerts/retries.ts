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
import { onePod, share } from '../words.ts';

export function retryAlerts(context: RuleContext): Alert[] {
  const { series, thresholds } = context;
  const { retries, circuit } = thresholds;
  const halfAnHour = (matchers: string): string =>
    `sum by (${BY_MODEL}) (${pieces(`tidegate:calls:increase5m${matchers}`, 6)})`;
  const exhausted = halfAnHour('{tidegate_outcome="retries_exhausted"}');
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
      description: `${MODEL} sends {{ printf "%f * 100" $value | query | first | value | printf "%.0f" }} retries for 100 calls (threshold ${Number((retries.spikeRatio * 100).toPrecision(6))}), more than ${retries.spikeFactor} times those of the hour before. Retries by reason tell the cause: for rate_limit slow down requests or shrink tokens, for overloaded and server_error wait for the provider.`,
    },
    {
      name: 'TidegateRetryStorm',
      // A circuit that opens has ended it already.
      expr: `(sum by (${BY_MODEL}) (tidegate:attempts:increase2m) / (sum by (${BY_MODEL}) (tidegate:calls:increase2m) > 0) > ${retries.stormAttempts})\nand (sum by (${BY_MODEL}) (rate(${series('tidegate.retries')}[2m])) > ${retries.stormFloor})\nunless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[2m])) > ${circuit.actingShare})`,
      for: '30s',
      keepFiringFor: '5m',
      severity: 'critical',
      summary: 'LLM clients send each call several times.',
      description: `${MODEL} needs {{ printf "%.1f" $value }} attempts per call (threshold ${retries.stormAttempts}).${onePod(series, `rate(${series('tidegate.retries', lookupOf(BY_MODEL).matchers)}[2m])`, BY_MODEL)} Retries now make up most of the traffic: slow down requests, or stop the batch jobs, until the reason is gone.`,
    },
    {
      name: 'TidegateCallsFailing',
      // The burn alerts take nine minutes to see that everything fails.
      expr: `(tidegate:call_failures:ratio2m > ${retries.failingRatio})${afterOutage('2m', context)}`,
      for: '30s',
      keepFiringFor: '2m',
      severity: 'critical',
      summary: 'Most LLM calls fail.',
      description: `${PROVIDER} failed ${share()} of its calls in two minutes (threshold ${percent(retries.failingRatio)}).${onePod(series, `increase(${series('tidegate.calls', `${lookupOf(BY_PROVIDER).matchers},${FAILED}`)}[2m])`, BY_PROVIDER)} Find the outcome that dominates: timeout is a deadline that answers no longer meet, retries_exhausted a provider that refuses or fails, rejected_bulkhead a full queue, rejected_circuit an open circuit.`,
    },
    {
      name: 'TidegateRetriesExhausted',
      // A page is the burn alerts' to make: they know how much loss an objective allows.
      expr: `(${exhausted} / (${ended} > 0) > ${retries.exhaustedRatio})\nand (${exhausted} >= ${retries.exhaustedCalls})${afterOutage('30m', context)}\nunless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:rejections:increase5m{tidegate_limit_dimension="quota"}[30m])) > 0)`,
      for: '5m',
      severity: 'warning',
      summary: 'LLM calls fail after all retries.',
      description: `${MODEL} lost ${share()} of its calls in 30 minutes with every retry used (threshold ${percent(retries.exhaustedRatio)}). The application sees these errors: find the status code of the attempts; for 429 slow down requests or raise the tier, for 5xx wait for the provider or use another model.`,
    },
  ];
}
