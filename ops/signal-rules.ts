import { BY_MODEL, BY_PROVIDER, pieces, type RuleContext, URGENT } from './alert.ts';
import type { MetricName } from './metrics.ts';
import type { RecordingRule } from './recording-rules.ts';

export const BY_CUT: string = `${BY_MODEL}, tidegate_cut_reason`;
const BY_LAYER = `${BY_MODEL}, tidegate_retry_layer`;
const BY_KIND = `${BY_MODEL}, tidegate_token_kind`;

/** The sum of non-overlapping five-minute recordings over a longer time. */
export function over(recorded: string, minutes: number): string {
  // One second less: with both ends a window would contain one piece too many.
  return `sum_over_time(${recorded}[${minutes * 60 - 1}s:5m])`;
}

/**
 * Recordings for alerts about cost and answers: the series of all processes once a minute, and long windows over those
 * recordings.
 */
export function signalRules({ series, thresholds }: RuleContext): RecordingRule[] {
  const counted = (name: MetricName, by: string, matchers = ''): string =>
    `sum by (${by}) (increase(${series(name, matchers)}[5m]))`;
  const within = (recorded: string, minutes: 10 | 60): string =>
    minutes === 10 ? pieces(recorded, 2) : over(recorded, minutes);
  const tokens = (kind: string, minutes: 10 | 60): string =>
    `sum by (${BY_MODEL}) (${within(`tidegate:tokens:increase5m{tidegate_token_kind="${kind}"}`, minutes)})`;
  // A model that has never read from a cache has no counter for it.
  const cached = (minutes: 10 | 60): string =>
    `(${tokens('cache_read', minutes)} or 0 * ${tokens('input', minutes)})\n/\n(${tokens('input', minutes)} > ${thresholds.answers.cacheTokens})`;
  const answered = `sum by (${BY_MODEL}) (${pieces('tidegate:calls:increase5m{tidegate_outcome=~"success|success_after_retry"}', 6)})`;
  const chunks = (part: 'bucket' | 'count', by: string, window: string): string =>
    `sum by (${by}) (rate(${series('tidegate.stream.first_chunk_seconds', '', part)}[${window}]))`;
  const firstChunk = (window: string): string =>
    `histogram_quantile(0.95, ${chunks('bucket', `${BY_MODEL}, le`, window)})`;
  const sent = (matchers: string): string =>
    `sum by (${BY_MODEL}) (rate(${series('tidegate.wait.duration_seconds', matchers, 'count')}[10m]))`;
  return [
    { record: 'tidegate:cost:increase5m', expr: counted('tidegate.cost', BY_MODEL) },
    { record: 'tidegate:unpriced:increase5m', expr: counted('tidegate.cost.unpriced_calls', BY_MODEL) },
    {
      record: 'tidegate:tokens:increase5m',
      expr: counted('tidegate.tokens', BY_KIND, 'tidegate_token_kind=~"input|cache_read"'),
    },
    { record: 'tidegate:answers_cut:increase5m', expr: counted('tidegate.answers.cut', BY_CUT) },
    { record: 'tidegate:repeated:increase5m', expr: counted('tidegate.repeated_calls', BY_LAYER) },
    {
      record: 'tidegate:tier_answers:increase5m',
      expr: counted('tidegate.tier.answers', `${BY_MODEL}, tidegate_tier_asked, tidegate_tier_served`),
    },
    // USD of the last hour, and of ten minutes.
    ...(
      [
        ['1h', 60],
        ['10m', 10],
      ] as const
    ).map(([window, minutes]) => ({
      record: `tidegate:cost:usd${window}`,
      expr: `sum by (${BY_PROVIDER}) (${within('tidegate:cost:increase5m', minutes)})`,
    })),
    { record: 'tidegate:cache:ratio1h', expr: cached(60) },
    { record: 'tidegate:cache:ratio10m', expr: cached(10) },
    {
      record: 'tidegate:answers_cut:ratio30m',
      // Answers are counted by another group, up to half a minute earlier, so with growing traffic they would be fewer.
      expr: `clamp_max(\n  sum by (${BY_CUT}) (${pieces('tidegate:answers_cut:increase5m', 6)})\n  / on (${BY_MODEL}) group_left ()\n  (${answered} > 0),\n  1\n)`,
    },
    // By design for models used mostly by batches.
    {
      record: 'tidegate:first_chunk:p95_10m',
      expr: [
        firstChunk('10m'),
        `and (${chunks('count', BY_MODEL, '10m')} * 600 >= ${thresholds.answers.firstChunks})`,
        `and (${sent(URGENT)} / (${sent('')} > 0) > 0.5)`,
      ].join('\n'),
    },
    // Excludes 40 s of failure from five minutes: infrequent callers open no circuit.
    { record: 'tidegate:first_chunk:p95_4m', expr: firstChunk('4m') },
  ];
}
