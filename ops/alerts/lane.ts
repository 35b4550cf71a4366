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
  TIER,
  URGENT,
} from '../alert.ts';
import { choice, duration, largest, mean, onePod, share, spoken } from '../number-templates.ts';

const WAITED_FOR = [...TIER, 'acceleration', 'pause', 'circuit'] as const;

/** What calls wait for most, after the name of a provider, by `$dimension`. */
const WHY_QUEUED = choice(
  '$dimension',
  {
    '': 'gets more calls than are sent',
    concurrency: 'gets more calls than there are slots for',
    pause: 'has asked to wait, and calls pile up',
    circuit: 'fails, and its circuit holds calls back',
    acceleration: 'gets calls that grow faster than the account may',
  },
  'gets more calls than its {{ $dimension }} limit admits',
);

/** Circuit, queue and waits: what happens to calls before the provider sees them. */
export function laneAlerts({ series, thresholds }: RuleContext): Alert[] {
  const { circuit, queue, tier, callFloor } = thresholds;
  const rejected = `(sum by (${BY_MODEL}) (tidegate:calls:increase5m{tidegate_outcome="rejected_bulkhead"}) / 300)`;
  const urgent = 'avg_over_time(tidegate:lanes:urgent[2m])';
  const admitted = `sum by (${BY_PROVIDER}) (tidegate:admitted:rate2m{${URGENT},tidegate_wait_stage!="circuit"})`;
  return [
    {
      name: 'TidegateCircuitOpen',
      expr: `tidegate:circuit:not_closed > ${circuit.openShare}`,
      // More than one of two minutes: no blip is that long. A new process may have been scraped only once.
      for: '15s',
      severity: 'critical',
      summary: 'The circuit to an LLM provider is open.',
      description: `${PROVIDER} fails or cannot be reached: circuit {{ $labels.tidegate_circuit }} was not closed for ${share()} of the last two minutes over all processes (threshold ${percent(circuit.openShare)}). Its calls wait or fail at once: check its status page and the network; the circuit closes by itself once a probe succeeds.`,
    },
    {
      // Few of many processes: perhaps their network, but not the provider.
      name: 'TidegateCircuitOpen',
      expr: `(tidegate:circuit:not_closed_of_one > ${circuit.openShare})\nunless on (${BY_CIRCUIT}) (tidegate:circuit:not_closed > ${circuit.openShare})`,
      for: '5m',
      severity: 'warning',
      summary: 'The circuit to an LLM provider is open in some processes.',
      description: `${PROVIDER}: circuit {{ $labels.tidegate_circuit }} of {{ $labels.instance }} has not been closed for five minutes, while most processes reach the provider. Check that process and its network; restart it where nothing else helps.`,
    },
    {
      name: 'TidegateCircuitFlapping',
      expr: `${pieces('tidegate:circuit:closings_increase5m', 6)} > ${circuit.closings + 0.5}`,
      // Extrapolation is no closing: three may read as 3.2.
      for: '0m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'The circuit to an LLM provider closes and opens again.',
      description: `${PROVIDER} recovers and fails again: circuit {{ $labels.tidegate_circuit }} closed {{ printf "%.0f" $value }} times in 30 minutes (threshold ${circuit.closings}). Slow down requests, or use another model until it is stable.`,
    },
    {
      name: 'TidegateStalled',
      expr: [
        // A lane that waits because the provider has asked for it does not hang.
        '(min_over_time(tidegate:lanes:unpaused[2m]) > 0)',
        // Only targets that still report: one that is no longer scraped shows no attempts either.
        'and (tidegate:lanes:busy > 0)',
        `and (sum by (${BY_PROVIDER}) (tidegate:attempts:increase2m) == 0)`,
        `and (sum by (${BY_PROVIDER}) (avg_over_time(tidegate:attempts:increase2m[15m] offset 2m)) > ${queue.stalledFrom})`,
      ].join('\n'),
      for: '15s',
      keepFiringFor: '15m',
      severity: 'critical',
      summary: 'LLM calls are in flight and none is answered.',
      description: `The provider hangs, or the network does: ${PROVIDER} has {{ printf "%.0f" $value }} calls in flight or waiting, and no attempt has ended for two minutes; in the quarter of an hour before more than ${queue.stalledFrom} did in that time.${onePod(series, series('tidegate.bulkhead.active', lookupOf(BY_PROVIDER).matchers), BY_PROVIDER)} Check both, and use another provider for what is urgent.`,
    },
    {
      name: 'TidegateBulkheadQueueFilling',
      // Averaged, so that one lost scrape neither fires nor resolves an alert.
      expr: `avg_over_time(tidegate:lanes:queue_used[2m]) > ${queue.filled}`,
      for: '5m',
      severity: 'warning',
      summary: 'The queue of waiting LLM calls is filling up.',
      description: `${PROVIDER} gets more calls than are sent: queue {{ $labels.tidegate_bulkhead }} of one process is ${share()} full (threshold ${percent(queue.filled)}); when full, calls fail at once.${onePod(series, series('tidegate.bulkhead.queued', lookupOf(BY_BULKHEAD).matchers), BY_BULKHEAD)} Slow down requests at the source, raise the tier, or raise bulkhead.maxQueued if waiting longer is acceptable.`,
    },
    {
      name: 'TidegateCallsRejectedLocally',
      expr: `(${rejected} / tidegate:calls:rate5m > ${queue.rejectedRatio})\nand (tidegate:calls:rate5m > ${callFloor})`,
      for: '5m',
      severity: 'warning',
      summary: 'LLM calls are rejected before they are sent.',
      description: `${MODEL} gets more calls than its queue holds: ${share()} of them are rejected by the client (threshold ${percent(queue.rejectedRatio)}). Slow down requests at the source, raise the tier, or raise bulkhead.maxQueued if waiting longer is acceptable.`,
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
      summary: 'LLM calls wait although no limit is used up.',
      description: `${pausedFor(series)}{{ if $paused }}The provider has asked to wait{{ else }}Another client takes most of the account, a limit in pacing is too low, or tidegate is at fault{{ end }}: {{ printf "%.0f" $value }} calls to ${PROVIDER} wait, while each limit and the slots are used by less than ${percent(queue.idleShare)}, next to nothing was refused and the circuit is closed. {{ if $paused }}A pause had up to ${duration('$paused')} left in the last five minutes, as a refusal asked for: its events tidegate.ratelimit.hit name the limit.{{ else }}The client holds them back by itself: compare the limits in guard.snapshot() with those of the account.{{ end }} A higher tier would not help.`,
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
      description: `${longestWait(series, BY_PROVIDER, URGENT)}${PROVIDER} ${WHY_QUEUED}${mostlyOne(series)}: it takes ${duration()} to send the calls that wait now (threshold ${spoken(queue.drainSeconds)}), batches apart.${onePod(series, series('tidegate.queue.urgent', lookupOf(BY_PROVIDER).matchers), BY_PROVIDER)} {{ if eq $dimension "concurrency" }}Raise bulkhead.maxConcurrent or shorten the answers{{ else }}Slow down requests at the source or raise the tier{{ end }}; where only some of it is urgent, give the rest the priority batch.`,
    },
    {
      name: 'TidegateClientWaitHigh',
      expr: `tidegate:wait_duration:p95_5m > ${queue.waitSeconds}`,
      for: '5m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'LLM calls wait long before they are sent.',
      description: `${longestWait(series, BY_MODEL, `${URGENT},tidegate_limit_dimension!~"circuit|concurrency"`)}${waits(series)}Calls to ${MODEL} wait {{ if gt $waits 0.0 }}${duration('$waits')} on average{{ else }}long{{ end }} {{ if eq $labels.tidegate_wait_stage "bulkhead" }}for a slot{{ else if eq $dimension "" }}in stage {{ $labels.tidegate_wait_stage }}{{ else if eq $dimension "pause" }}because the provider has asked for it{{ else }}for the {{ $dimension }} limit{{ end }}${mostlyOne(series)}, and one in twenty more than ${spoken(queue.waitSeconds)}${othersTakeIt()}. {{ if eq $labels.tidegate_wait_stage "bulkhead" }}Raise bulkhead.maxConcurrent or shorten the answers.{{ else }}${adviceFor(WAITED_FOR, '$dimension')}{{ end }}`,
    },
  ];
}

/** Template that sets `$waits` to how long calls of the stage wait, on average. */
function waits(series: RuleContext['series']): string {
  const labels = `${BY_MODEL}, tidegate_wait_stage`;
  const matchers = `${lookupOf(labels).matchers},${URGENT}`;
  return mean('$waits', (part) => series('tidegate.wait.duration_seconds', matchers, part), labels);
}

/** Template that prints one tenant's share of the queued calls, if it has most of them. */
function mostlyOne(series: RuleContext['series']): string {
  const { matchers, args } = lookupOf(BY_PROVIDER);
  const query = `max(${series('tidegate.queue.tenant_share_ratio', matchers)}) > 0.5`;
  return `{{ with printf \`${query}\` ${args} | query }}, {{ $share := . | first | value }}${share('$share')} of those that wait from one tenant (guard.snapshot() has its name){{ end }}`;
}

/** Template that states that others use up the limit, if the job's own use is far below it. */
function othersTakeIt(): string {
  const { matchers, args } = lookupOf(BY_MODEL);
  const query = `max(tidegate:limit:utilization{${matchers},tidegate_limit_dimension=%q}) < 0.8`;
  return `{{ if and $dimension (eq $labels.tidegate_wait_stage "pacer") }}{{ with printf \`${query}\` ${args} $dimension | query }}; by its own count this job uses {{ $share := . | first | value }}${share('$share')} of that limit: others on the account take the rest, or pacing takes it for lower than it is{{ end }}{{ end }}`;
}

/** Template that sets `$dimension` to the main cause of waiting; empty if unknown. */
function longestWait(series: RuleContext['series'], labels: string, which: string): string {
  const spent = series('tidegate.wait.spent_seconds', `${lookupOf(labels).matchers},${which}`);
  const query = `sum by (tidegate_limit_dimension) (rate(${spent}[5m]))`;
  return largest('$dimension', query, labels, 'tidegate_limit_dimension');
}

/** Template that sets `$paused` to the longest pause of the last minutes that is more than a moment; else zero. */
function pausedFor(series: RuleContext['series']): string {
  const { matchers, args } = lookupOf(BY_PROVIDER);
  const query = `max(max_over_time(${series('tidegate.queue.paused_seconds', matchers)}[5m])) > 5`;
  return `{{ $paused := 0.0 }}{{ with printf \`${query}\` ${args} | query }}{{ $paused = . | first | value }}{{ end }}`;
}
