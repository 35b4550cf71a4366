import { BY_CIRCUIT, BY_LIMIT, BY_MODEL, BY_PROVIDER, type RuleContext } from './alert.ts';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

// While an open circuit holds every call back none ends, and a ratio to none would be infinite.
const SOME_CALLS = '(tidegate:calls:rate5m > 0)';

/** Rates and ratios that several alerts share. */
export function recordingRules({ series }: RuleContext): RecordingRule[] {
  return [
    { record: 'tidegate:calls:rate5m', expr: `sum by (${BY_MODEL}) (rate(${series('tidegate.calls')}[5m]))` },
    {
      record: 'tidegate:attempts_per_call:ratio_rate5m',
      expr: `sum by (${BY_MODEL}) (rate(${series('tidegate.attempts')}[5m]))\n/\n${SOME_CALLS}`,
    },
    { record: 'tidegate:retries:rate5m', expr: `sum by (${BY_MODEL}) (rate(${series('tidegate.retries')}[5m]))` },
    { record: 'tidegate:retries:rate1h', expr: `sum by (${BY_MODEL}) (rate(${series('tidegate.retries')}[1h]))` },
    { record: 'tidegate:retry_ratio:rate5m', expr: `tidegate:retries:rate5m / ${SOME_CALLS}` },
    // Share of the last two minutes, and of the processes, in which a circuit was not closed: it probes half open.
    {
      record: 'tidegate:circuit:not_closed',
      expr: `1 - avg by (${BY_CIRCUIT}) (avg_over_time(${series('tidegate.circuit.state', 'tidegate_circuit_state="closed"')}[2m]))`,
    },
    {
      record: 'tidegate:limit:utilization',
      expr: utilization(BY_LIMIT, (matchers) => series('tidegate.limit.utilization_ratio', matchers)),
    },
    // Present only while a day limit is being used up.
    {
      record: 'tidegate:day_limit:seconds_to_empty',
      expr: [
        `min by (${BY_LIMIT}) (${series('tidegate.ratelimit.remaining', DAY)})`,
        '/',
        `-(min by (${BY_LIMIT}) (deriv(${series('tidegate.ratelimit.remaining', DAY)}[30m])) < 0)`,
      ].join('\n'),
    },
  ];
}

const SEEN_BY_ALL = '.+_day|concurrency';

/**
 * Share of each limit in use. Each process counts what it admits itself, and they draw on one bucket: that adds up. What
 * is gone of a day every process sees whole, and slots are its own.
 */
export function utilization(by: string, select: (matchers: string) => string): string {
  return [
    // A bucket that was full is spent within a minute in which it fills again: more than all of it is no news.
    `clamp_max(sum by (${by}) (${select(`tidegate_limit_dimension!~"${SEEN_BY_ALL}"`)}), 1)`,
    `or max by (${by}) (${select(`tidegate_limit_dimension=~"${SEEN_BY_ALL}"`)})`,
  ].join('\n');
}

const DAY = 'tidegate_limit_dimension=~".+_day"';

// Anchored: success_after_retry must be listed. A call that the application cancelled or got wrong is not our failure.
const FAILED = 'tidegate_outcome!~"success|success_after_retry|cancelled|bad_request|client_error"';

/** Error ratios and call counts over every window that a burn alert or the SLO dashboard needs. */
export function sloRules({ series, thresholds }: RuleContext): RecordingRule[] {
  const windows = [...new Set(thresholds.slo.burns.flatMap((burn) => [burn.short, burn.long]))];
  windows.sort((a, b) => seconds(a) - seconds(b));
  const longWindows = [...new Set(thresholds.slo.burns.map((burn) => burn.long))];
  return [
    ...windows.map((window) => ({
      record: `tidegate:call_errors:ratio_rate${window}`,
      expr: [
        `sum by (${BY_PROVIDER}) (rate(${series('tidegate.calls', FAILED)}[${window}]))`,
        '/',
        `sum by (${BY_PROVIDER}) (rate(${series('tidegate.calls', 'tidegate_outcome!="cancelled"')}[${window}]))`,
      ].join('\n'),
    })),
    ...longWindows.map((window) => ({
      record: `tidegate:calls:increase${window}`,
      expr: `sum by (${BY_PROVIDER}) (increase(${series('tidegate.calls', 'tidegate_outcome!="cancelled"')}[${window}]))`,
    })),
  ];
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function seconds(duration: string): number {
  const match = /^(\d+)([smhd])$/.exec(duration);
  const unit = UNIT_SECONDS[match?.[2] ?? ''];
  if (!match || unit === undefined) throw new Error(`Expected a duration such as 30m, got ${duration}`);
  return Number(match[1]) * unit;
}
