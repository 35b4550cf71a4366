import { BY_LIMIT, BY_MODEL, BY_PROVIDER, type RuleContext, URGENT } from './alert.ts';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

// While an open circuit holds every call back none ends, and a ratio to zero would be infinite.
const SOME_CALLS = '(tidegate:calls:rate5m > 0)';

const BY_OUTCOME = `${BY_MODEL}, tidegate_outcome`;
const BY_STATUS = `${BY_MODEL}, http_response_status_code`;

/**
 * Totals over the counters of all processes. The series of a fleet are read once here; alerts read the few recorded
 * ones, and longer windows are composed of these.
 */
export function countedRules({ series }: RuleContext): RecordingRule[] {
  const counted = (
    name: 'tidegate.calls' | 'tidegate.attempts' | 'tidegate.ratelimit.rejections',
    by: string,
  ): string => `sum by (${by}) (increase(${series(name)}[5m]))`;
  return [
    { record: 'tidegate:calls:increase5m', expr: counted('tidegate.calls', BY_OUTCOME) },
    { record: 'tidegate:attempts:increase5m', expr: counted('tidegate.attempts', BY_STATUS) },
    { record: 'tidegate:rejections:increase5m', expr: counted('tidegate.ratelimit.rejections', BY_LIMIT) },
  ];
}

/** The same for the last two minutes, as far as pages read it. */
export function recentRules({ series, thresholds }: RuleContext): RecordingRule[] {
  const calls = (matchers: string): string => `sum by (${BY_PROVIDER}) (tidegate:calls:increase2m{${matchers}})`;
  // One series per model, where those by status are many. An attempt abandoned by its caller counts neither as call nor
  // as answer.
  const measured = series('tidegate.attempt.duration_seconds', '', 'count');
  const rate = (of: string, window: string): string => `sum by (${BY_MODEL}) (rate(${of}[${window}]))`;
  const perCall = (window: string): string =>
    `${rate(measured, window)} / (${rate(series('tidegate.calls'), window)} > 0)`;
  return [
    { record: 'tidegate:calls:increase2m', expr: `sum by (${BY_OUTCOME}) (increase(${series('tidegate.calls')}[2m]))` },
    { record: 'tidegate:attempts:increase2m', expr: `sum by (${BY_MODEL}) (increase(${measured}[2m]))` },
    // Over the last minute, so that a disturbance soon leaves it; over two if a minute has only one scrape, or no call
    // ended.
    { record: 'tidegate:attempts_per_call:ratio1m', expr: `${perCall('1m')}\nor\n${perCall('2m')}` },
    // If enough fail for a share to be meaningful.
    {
      record: 'tidegate:call_failures:ratio2m',
      expr: `(${calls(FAILED)} / (${calls(COUNTED)} > 0))\nand (${calls(FAILED)} >= ${thresholds.retries.failingCalls})`,
    },
  ];
}

/** Percentiles: the maximum over all processes, for alerts that look at minutes. */
export function quantileRules({ series }: RuleContext): RecordingRule[] {
  const buckets = (
    name: 'tidegate.attempt.duration_seconds' | 'tidegate.wait.duration_seconds',
    by: string,
    matchers = '',
  ): string => `histogram_quantile(0.95, sum by (${by}, le) (rate(${series(name, matchers, 'bucket')}[5m])))`;
  return [
    {
      record: 'tidegate:attempt_duration:p95_5m',
      expr: [
        buckets('tidegate.attempt.duration_seconds', BY_MODEL),
        `and (sum by (${BY_MODEL}) (rate(${series('tidegate.attempt.duration_seconds', '', 'count')}[5m])) > 0)`,
      ].join('\n'),
    },
    // A circuit that holds calls back has its own alert.
    {
      record: 'tidegate:wait_duration:p95_5m',
      expr: buckets(
        'tidegate.wait.duration_seconds',
        `${BY_MODEL}, tidegate_wait_stage`,
        `${URGENT},tidegate_wait_stage!="circuit"`,
      ),
    },
  ];
}

/** Rates and ratios that several alerts share. */
export function recordingRules({ series }: RuleContext): RecordingRule[] {
  const admitted = (matchers: string): string => `sum by (${BY_MODEL}) (tidegate:admitted:rate5m${matchers})`;
  return [
    { record: 'tidegate:calls:rate5m', expr: `sum by (${BY_MODEL}) (tidegate:calls:increase5m) / 300` },
    {
      record: 'tidegate:attempts_per_call:ratio_rate5m',
      expr: `(sum by (${BY_MODEL}) (tidegate:attempts:increase5m) / 300)\n/\n${SOME_CALLS}`,
    },
    { record: 'tidegate:retries:rate5m', expr: `sum by (${BY_MODEL}) (rate(${series('tidegate.retries')}[5m]))` },
    { record: 'tidegate:retries:rate1h', expr: 'avg_over_time(tidegate:retries:rate5m[1h])' },
    { record: 'tidegate:retry_ratio:rate5m', expr: `tidegate:retries:rate5m / ${SOME_CALLS}` },
    {
      record: 'tidegate:limit:utilization',
      expr: utilization(BY_LIMIT, (matchers) => series('tidegate.limit.utilization_ratio', matchers)),
    },
    // Usage and refusals by interactive and normal calls only: a batch takes the rest by design. If several models
    // share a limit, the calls of one do not suffice.
    {
      record: 'tidegate:admitted:urgent_ratio5m',
      expr: `(${admitted(`{${URGENT}}`)} or 0 * ${admitted('')}) / (${admitted('')} > 0)`,
    },
    {
      record: 'tidegate:limit:urgent_utilization',
      expr: [
        `tidegate:limit:utilization{tidegate_limit_dimension!~".+_day"}`,
        `* on (${BY_MODEL}) group_left () tidegate:admitted:urgent_ratio5m`,
        `or tidegate:limit:utilization{tidegate_limit_dimension!~".+_day"}`,
      ].join('\n'),
    },
    {
      record: 'tidegate:limit:known',
      expr: `max by (${BY_LIMIT}) (${series('tidegate.ratelimit.limit', 'tidegate_limit_dimension!="concurrency"')})`,
    },
    {
      record: 'tidegate:day_limit:left',
      expr: `min by (${BY_LIMIT}) (${series('tidegate.ratelimit.remaining', DAY)})`,
    },
    // Present only while a day limit is being used up.
    {
      record: 'tidegate:day_limit:seconds_to_empty',
      expr: [
        'tidegate:day_limit:left',
        '/',
        `-(min by (${BY_LIMIT}) (deriv(${series('tidegate.ratelimit.remaining', DAY)}[10m])) < 0)`,
      ].join('\n'),
    },
  ];
}

const SEEN_BY_ALL = '.+_day|concurrency';

/**
 * Share of each limit in use. Each process counts what it admits, and they share one bucket, so the counts are summed.
 * Every process sees the whole usage of a day, and slots are its own.
 */
export function utilization(by: string, select: (matchers: string) => string): string {
  return [
    // A full bucket can be spent within a minute in which it refills: shares above one are not reported.
    `clamp_max(sum by (${by}) (${select(`tidegate_limit_dimension!~"${SEEN_BY_ALL}"`)}), 1)`,
    `or max by (${by}) (${select(`tidegate_limit_dimension=~"${SEEN_BY_ALL}"`)})`,
  ].join('\n');
}

/** The shortest window of the burn alerts, and of the recordings for the others. */
const SHORTEST = '5m';
const FAILURES = 'tidegate:call_failures:increase5m';
const ENDED = 'tidegate:calls_ended:increase5m';

const DAY = 'tidegate_limit_dimension=~".+_day"';

/**
 * A call that the application cancelled or got wrong is not our failure. Outcomes are listed rather than excluded: what
 * the SDK folds into a series without labels, because there are too many, has no outcome at all.
 */
export const FAILED = 'tidegate_outcome=~"retries_exhausted|rejected_circuit|rejected_bulkhead|timeout"';

/** Calls that count towards success: those that the application neither cancelled nor got wrong. */
const COUNTED = 'tidegate_outcome!~"cancelled|bad_request|client_error"';

/** Error ratios and call counts over every window that a burn alert or the SLO dashboard needs. */
export function sloRules({ thresholds }: RuleContext): RecordingRule[] {
  const windows = [...new Set(thresholds.slo.burns.flatMap((burn) => [burn.short, burn.long]))];
  windows.sort((a, b) => seconds(a) - seconds(b));
  const longWindows = [...new Set(thresholds.slo.burns.map((burn) => burn.long))];
  // Days are averages of recordings: a window over the counters of every process would read everything again each time.
  const over = (name: string, window: string): string =>
    window === SHORTEST ? name : `avg_over_time(${name}[${window}])`;
  return [
    {
      record: FAILURES,
      expr: `sum by (${BY_PROVIDER}) (tidegate:calls:increase${SHORTEST}{${FAILED}})`,
    },
    {
      record: ENDED,
      expr: `sum by (${BY_PROVIDER}) (tidegate:calls:increase${SHORTEST}{tidegate_outcome!="cancelled"})`,
    },
    ...windows.map((window) => ({
      record: `tidegate:call_errors:ratio_rate${window}`,
      expr: `${over(FAILURES, window)}\n/\n(${over(ENDED, window)} > 0)`,
    })),
    ...longWindows.map((window) => ({
      record: `tidegate:calls:increase${window}`,
      // In pieces that do not overlap.
      expr: `sum_over_time(${ENDED}[${window}:${SHORTEST}])`,
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
