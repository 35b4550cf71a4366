import { type Alert, BY_MODEL, MODEL, percent, type RuleContext } from '../alert.ts';

export function retryAlerts({ series, thresholds }: RuleContext): Alert[] {
  const { retries } = thresholds;
  const exhausted = `sum by (${BY_MODEL}) (increase(${series('tidegate.calls', 'tidegate_outcome="retries_exhausted"')}[30m]))`;
  const ended = `sum by (${BY_MODEL}) (increase(${series('tidegate.calls')}[30m]))`;
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
      description: `${MODEL} sends {{ $value | humanizePercentage }} retries per call (threshold ${percent(retries.spikeRatio)}) and more than ${retries.spikeFactor} times the hour before. Retries by reason tell the cause: for rate_limit slow down requests or shrink tokens, for overloaded and server_error wait for the provider.`,
    },
    {
      name: 'TidegateRetryStorm',
      expr: `(tidegate:attempts_per_call:ratio_rate5m > ${retries.stormAttempts})\nand (tidegate:retries:rate5m > ${retries.stormFloor})`,
      for: '5m',
      severity: 'critical',
      summary: 'LLM clients send each call several times.',
      description: `${MODEL} needs {{ $value | humanize }} attempts per call (threshold ${retries.stormAttempts}). Retries now make up most of the traffic: slow down requests, or stop the batch jobs, until the reason is gone.`,
    },
    {
      name: 'TidegateRetriesExhausted',
      // A page is the burn alerts' to make: they know how much loss an objective allows.
      expr: `(${exhausted} / (${ended} > 0) > ${retries.exhaustedRatio})\nand (${exhausted} >= ${retries.exhaustedCalls})`,
      for: '5m',
      severity: 'warning',
      summary: 'LLM calls fail after all retries.',
      description: `${MODEL} lost {{ $value | humanizePercentage }} of its calls in 30 minutes with every retry used (threshold ${percent(retries.exhaustedRatio)}). The application sees these errors: find the status code of the attempts; for 429 slow down requests or raise the tier, for 5xx wait for the provider or use another model.`,
    },
  ];
}
