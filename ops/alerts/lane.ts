import {
  adviceFor,
  type Alert,
  BY_BULKHEAD,
  BY_CIRCUIT,
  BY_MODEL,
  BY_PROVIDER,
  lookupOf,
  MODEL,
  percent,
  pieces,
  PROVIDER,
  type RuleContext,
  URGENT,
} from '../alert.ts';
import { duration, onePod, share, spoken } from '../words.ts';

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

const OUTAGE =
  'Its calls wait or fail at once. The provider fails or cannot be reached: check its status page and the network; it closes by itself once a probe succeeds.';

/** Circuit, queue and waits: what the client does to calls before the provider sees them. */
export function laneAlerts({ series, thresholds }: RuleContext): Alert[] {
  const { circuit, queue, tier, callFloor } = thresholds;
  const rejected = `(sum by (${BY_MODEL}) (tidegate:calls:increase5m{tidegate_outcome="rejected_bulkhead"}) / 300)`;
  const urgent = 'avg_over_time(tidegate:lanes:urgent[2m])';
  const admitted = `sum by (${BY_PROVIDER}) (tidegate:admitted:rate2m{${URGENT},tidegate_wait_stage!="circuit"})`;
  return [
    {
      name: 'TidegateCircuitOpen',
      expr: `tidegate:circuit:not_closed > ${circuit.openShare}`,
      for: '30s',
      severity: 'critical',
      summary: 'The circuit to an LLM provider is open.',
      description: `${PROVIDER}: circuit {{ $labels.tidegate_circuit }} was not closed for ${share()} of the last two minutes over all processes (threshold ${percent(circuit.openShare)}). ${OUTAGE}`,
    },
    {
      // Few of many processes: a network of their own, perhaps, but not the provider.
      name: 'TidegateCircuitOpen',
      expr: `(tidegate:circuit:not_closed_of_one > ${circuit.openShare})\nunless on (${BY_CIRCUIT}) (tidegate:circuit:not_closed > ${circuit.openShare})`,
      for: '5m',
      severity: 'warning',
      summary: 'The circuit to an LLM provider is open in some processes.',
      description: `${PROVIDER}: circuit {{ $labels.tidegate_circuit }} of {{ $labels.instance }} has not been closed for five minutes, while most processes reach the provider. Look at that process and its network; restart it where nothing else helps.`,
    },
    {
      name: 'TidegateCircuitFlapping',
      expr: `${pieces('tidegate:circuit:closings_increase5m', 6)} > ${circuit.closings}`,
      for: '0m',
      severity: 'warning',
      summary: 'The circuit to an LLM provider closes and opens again.',
      description: `${PROVIDER}: circuit {{ $labels.tidegate_circuit }} closed {{ printf "%.0f" $value }} times in 30 minutes (threshold ${circuit.closings}). The provider recovers and fails again: slow down requests, or use another model until it is stable.`,
    },
    {
      name: 'TidegateStalled',
      expr: [
        '(min_over_time(tidegate:lanes:busy[2m]) > 0)',
        // Asked of those that still report: what is no longer scraped ends no attempt either.
        'and (tidegate:lanes:busy > 0)',
        `and (sum by (${BY_PROVIDER}) (tidegate:attempts:increase2m) == 0)`,
        `and (sum by (${BY_PROVIDER}) (avg_over_time(tidegate:attempts:increase2m[15m] offset 2m)) > ${queue.stalledFrom})`,
      ].join('\n'),
      for: '15s',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: 'LLM calls are under way and none gets an answer.',
      description: `${PROVIDER} has {{ printf "%.0f" $value }} calls in flight or waiting, and no attempt has ended for two minutes; in the quarter of an hour before more than ${queue.stalledFrom} did in that time.${onePod(series, series('tidegate.bulkhead.active', lookupOf(BY_PROVIDER).matchers), BY_PROVIDER)} The provider hangs, or the network does: check both, and use another provider for what is urgent.`,
    },
    {
      name: 'TidegateBulkheadQueueFilling',
      // Averaged, so that one lost scrape neither fires nor resolves an alert.
      expr: `avg_over_time(tidegate:lanes:queue_used[2m]) > ${queue.filled}`,
      for: '5m',
      severity: 'warning',
      summary: 'The queue of waiting LLM calls is filling up.',
      description: `${PROVIDER}: queue {{ $labels.tidegate_bulkhead }} of one process is ${share()} full (threshold ${percent(queue.filled)}); when full, calls fail at once.${onePod(series, series('tidegate.bulkhead.queued', lookupOf(BY_BULKHEAD).matchers), BY_BULKHEAD)} Slow down requests at the source, raise the tier, or raise bulkhead.maxQueued if waiting longer is acceptable.`,
    },
    {
      name: 'TidegateCallsRejectedLocally',
      expr: `(${rejected} / tidegate:calls:rate5m > ${queue.rejectedRatio})\nand (tidegate:calls:rate5m > ${callFloor})`,
      for: '5m',
      severity: 'warning',
      summary: 'LLM calls are rejected before they are sent.',
      description: `${MODEL} has ${share()} of its calls rejected by the client because its queue is full (threshold ${percent(queue.rejectedRatio)}). Slow down requests at the source, raise the tier, or raise bulkhead.maxQueued if waiting longer is acceptable.`,
    },
    {
      name: 'TidegateBelowLimit',
      expr: [
        `(avg_over_time(tidegate:lanes:queued[5m]) > ${queue.idleQueue})`,
        `and (max by (${BY_PROVIDER}) (avg_over_time(tidegate:limit:utilization[5m])) < ${queue.idleShare})`,
        `and (avg_over_time(tidegate:lanes:slots_used[5m]) < ${queue.idleShare})`,
        `unless (sum by (${BY_PROVIDER}) (${pieces('tidegate:rejections:increase5m', 3)}) >= ${tier.refusals})`,
        `unless (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[10m])) > 0)`,
      ].join('\n'),
      for: '2m',
      severity: 'warning',
      summary: 'LLM calls wait though no limit is used up.',
      description: `${PROVIDER} has {{ printf "%.0f" $value }} calls waiting, while each limit and the slots are used by less than ${percent(queue.idleShare)}, next to nothing was refused and the circuit is closed. The client holds them back by itself: a limit in pacing that is too low, another client that takes most of the account, or a fault of tidegate. A higher tier would not help.`,
    },
    {
      name: 'TidegateQueueSlow',
      expr: [
        `(${urgent} / ${admitted} > ${queue.drainSeconds})`,
        `and (${urgent} > ${queue.idleQueue})`,
        `unless (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[5m])) > ${circuit.openShare})`,
      ].join('\n'),
      for: '3m',
      keepFiringFor: '5m',
      severity: 'warning',
      summary: 'LLM calls queue faster than they are sent.',
      description: `${PROVIDER} needs ${duration()} to send the calls that wait now (threshold ${spoken(queue.drainSeconds)}), batches apart.${mostlyOne(series)}${onePod(series, series('tidegate.queue.urgent', lookupOf(BY_PROVIDER).matchers), BY_PROVIDER)} Slow down requests at the source or raise the tier; where only some of it is urgent, give the rest the priority batch.`,
    },
    {
      name: 'TidegateClientWaitHigh',
      expr: `tidegate:wait_duration:p95_5m > ${queue.waitSeconds}`,
      for: '5m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'LLM calls wait long before they are sent.',
      description: `${longestWait(series)}${MODEL} waits ${duration()} at the 95th percentile in stage {{ $labels.tidegate_wait_stage }}{{ if and $dimension (eq $labels.tidegate_wait_stage "pacer") }}, mostly for {{ $dimension }}{{ end }} (threshold ${spoken(queue.waitSeconds)}).${mostlyOne(series)}${othersTakeIt()} {{ if eq $labels.tidegate_wait_stage "bulkhead" }}All slots are taken: raise bulkhead.maxConcurrent or shorten the answers.{{ else }}${adviceFor(WAITED_FOR, '$dimension')}{{ end }}`,
    },
  ];
}

/** Template that says how much of the waiting calls one tenant has sent, where that is most of them. */
function mostlyOne(series: RuleContext['series']): string {
  const { matchers, args } = lookupOf(BY_PROVIDER);
  const query = `max(${series('tidegate.queue.tenant_share_ratio', matchers)}) > 0.5`;
  return `{{ with printf \`${query}\` ${args} | query }} One tenant has {{ $share := . | first | value }}${share('$share')} of them: see guard.snapshot() for its name.{{ end }}`;
}

/** Template that says that others use up the limit that calls wait for, where the job's own count is far below it. */
function othersTakeIt(): string {
  const { matchers, args } = lookupOf(BY_MODEL);
  const query = `max(tidegate:limit:utilization{${matchers},tidegate_limit_dimension=%q}) < 0.8`;
  return `{{ if and $dimension (eq $labels.tidegate_wait_stage "pacer") }}{{ with printf \`${query}\` ${args} $dimension | query }} By its own count this job uses {{ $share := . | first | value }}${share('$share')} of that limit: others on the account take the rest, find them.{{ end }}{{ end }}`;
}

/** Template that sets `$dimension` to what the alert's calls spent most of their waiting on; empty when unknown. */
function longestWait(series: RuleContext['series']): string {
  const { matchers: own, args } = lookupOf(BY_MODEL);
  const matchers = `${own},${URGENT},tidegate_limit_dimension!~"circuit|concurrency"`;
  const query = `topk(1, sum by (tidegate_limit_dimension) (rate(${series('tidegate.wait.spent_seconds', matchers)}[5m])))`;
  return `{{ $dimension := "" }}{{ with printf \`${query}\` ${args} | query }}{{ $dimension = . | first | label "tidegate_limit_dimension" }}{{ end }}`;
}
