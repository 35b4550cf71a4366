import {
  adviceFor,
  type Alert,
  BY_MODEL,
  BY_PROVIDER,
  lookupOf,
  MODEL,
  percent,
  PROVIDER,
  type RuleContext,
} from '../alert.ts';

const BY_CIRCUIT = `${BY_PROVIDER}, tidegate_circuit`;
const BY_BULKHEAD = `${BY_PROVIDER}, tidegate_bulkhead`;
const WAITED_FOR = [
  'requests',
  'tokens',
  'input_tokens',
  'output_tokens',
  'requests_day',
  'tokens_day',
  'concurrency',
  'acceleration',
  'pause',
  'circuit',
] as const;

/** Circuit, queue and waits: what the client does to calls before the provider sees them. */
export function laneAlerts({ series, thresholds }: RuleContext): Alert[] {
  const { circuit, queue, callFloor } = thresholds;
  const rejected = `sum by (${BY_MODEL}) (rate(${series('tidegate.calls', 'tidegate_outcome=~"rejected_.+"')}[5m]))`;
  // Averaged, so that one lost scrape neither fires nor resolves an alert. Every process has a queue of its own.
  const filled = `avg_over_time(${series('tidegate.bulkhead.queued')}[2m]) / (avg_over_time(${series('tidegate.bulkhead.queue_capacity')}[2m]) > 0)`;
  return [
    {
      name: 'TidegateCircuitOpen',
      // A share of time: during an outage the circuit is half open whenever it probes.
      expr: `max by (${BY_CIRCUIT}) (avg_over_time(${series('tidegate.circuit.state', 'tidegate_circuit_state="open"')}[2m])) > ${circuit.openShare}`,
      for: '1m',
      severity: 'critical',
      summary: 'The circuit to an LLM provider is open.',
      description: `${PROVIDER}: circuit {{ $labels.tidegate_circuit }} was open {{ $value | humanizePercentage }} of the last 2 minutes (threshold ${percent(circuit.openShare)}). Its calls wait or fail at once. The provider fails or cannot be reached: check its status page and the network; it closes by itself once a probe succeeds.`,
    },
    {
      name: 'TidegateCircuitFlapping',
      expr: `sum by (${BY_CIRCUIT}) (increase(${series('tidegate.circuit.transitions', 'tidegate_circuit_state="open"')}[30m])) > ${circuit.openings}`,
      for: '0m',
      severity: 'warning',
      summary: 'The circuit to an LLM provider keeps opening.',
      description: `${PROVIDER}: circuit {{ $labels.tidegate_circuit }} opened {{ $value | humanize }} times in 30 minutes (threshold ${circuit.openings}). The provider recovers and fails again: slow down requests, or use another model until it is stable.`,
    },
    {
      name: 'TidegateBulkheadQueueFilling',
      expr: `max by (${BY_BULKHEAD}) (${filled}) > ${queue.filled}`,
      for: '5m',
      severity: 'warning',
      summary: 'The queue of waiting LLM calls is filling up.',
      description: `${PROVIDER}: queue {{ $labels.tidegate_bulkhead }} of one process is {{ $value | humanizePercentage }} full (threshold ${percent(queue.filled)}); when full, calls fail at once. Slow down requests at the source, raise the tier, or raise bulkhead.maxQueued if waiting longer is acceptable.`,
    },
    {
      name: 'TidegateCallsRejectedLocally',
      expr: `(${rejected} / tidegate:calls:rate5m > ${queue.rejectedRatio})\nand (tidegate:calls:rate5m > ${callFloor})`,
      for: '5m',
      severity: 'warning',
      summary: 'LLM calls are rejected before they are sent.',
      description: `${MODEL} has {{ $value | humanizePercentage }} of its calls rejected by the client (threshold ${percent(queue.rejectedRatio)}): the circuit is open or the queue is full. Look at both; slow down requests at the source if it is the queue.`,
    },
    {
      name: 'TidegateClientWaitHigh',
      expr: `histogram_quantile(0.95, sum by (${BY_MODEL}, tidegate_wait_stage, le) (rate(${series('tidegate.wait.duration', '', 'bucket')}[5m]))) > ${queue.waitSeconds}`,
      for: '10m',
      severity: 'warning',
      summary: 'LLM calls wait long before they are sent.',
      description: `${longestWait(series)}${MODEL} waits {{ $value | humanizeDuration }} at the 95th percentile in stage {{ $labels.tidegate_wait_stage }}{{ if $dimension }}, mostly for {{ $dimension }}{{ end }} (threshold ${queue.waitSeconds}s). {{ if eq $labels.tidegate_wait_stage "bulkhead" }}All slots are taken: raise bulkhead.maxConcurrent or shorten the answers.{{ else }}${adviceFor(WAITED_FOR, '$dimension')}{{ end }}`,
    },
  ];
}

/** Template that sets `$dimension` to what the alert's calls spent most of their waiting on; empty when unknown. */
function longestWait(series: RuleContext['series']): string {
  const { matchers: own, args } = lookupOf(`${BY_MODEL}, tidegate_wait_stage`);
  const matchers = `${own},tidegate_limit_dimension!~"none|"`;
  const query = `topk(1, sum by (tidegate_limit_dimension) (rate(${series('tidegate.wait.duration', matchers, 'sum')}[5m])))`;
  return `{{ $dimension := "" }}{{ with printf \`${query}\` ${args} | query }}{{ $dimension = . | first | label "tidegate_limit_dimension" }}{{ end }}`;
}
