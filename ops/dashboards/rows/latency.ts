import type { Row } from '../dashboard.ts';
import { type DashboardContext, quantile, rate } from '../queries.ts';

export function latencyRow({ select, thresholds }: DashboardContext): Row {
  const attempt = select('tidegate.attempt.duration_seconds', '', 'bucket');
  const call = select('tidegate.call.duration_seconds', '', 'bucket');
  const firstChunk = select('tidegate.stream.first_chunk_seconds', '', 'bucket');
  return {
    title: 'Latency',
    lines: [
      {
        height: 9,
        panels: [
          {
            kind: 'timeseries',
            title: 'Call and attempt latency',
            description:
              'A call includes waiting and retries, an attempt does not: the gap between the two is time spent in the client.',
            unit: 's',
            queries: [0.5, 0.95, 0.99].flatMap((q) => [
              { expr: quantile(q, call), legend: `call p${q * 100}` },
              { expr: quantile(q, attempt), legend: `attempt p${q * 100}` },
            ]),
            width: 12,
            min: 0,
          },
          {
            kind: 'heatmap',
            title: 'Attempt latency',
            description:
              'Distribution of the duration of single attempts: to the response head for streams, to the end of the body otherwise.',
            unit: 's',
            queries: [{ expr: `sum by (le) (increase(${attempt}[$__rate_interval]))`, legend: '{{le}}' }],
            width: 12,
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'Time to first chunk',
            description: 'From the start of a streaming call to its first chunk, waiting included.',
            unit: 's',
            queries: [0.5, 0.95].map((q) => ({ expr: quantile(q, firstChunk), legend: `p${q * 100}` })),
            width: 8,
            noValue: 'Nothing was streamed.',
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Wait by stage (p95)',
            description: 'pacer: for a limit. bulkhead: for a free slot. circuit: for a provider that fails.',
            unit: 's',
            queries: [
              {
                expr: quantile(0.95, select('tidegate.wait.duration_seconds', '', 'bucket'), 'tidegate_wait_stage'),
                legend: '{{tidegate_wait_stage}}',
              },
            ],
            width: 8,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: thresholds.queue.waitSeconds, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Waiting calls by limit',
            description:
              'Calls that wait at a time, on average, by what they wait for; concurrency: for a free slot. The largest area is what to raise.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (tidegate_limit_dimension) (${rate(select('tidegate.wait.spent_seconds'))})`,
                legend: '{{tidegate_limit_dimension}}',
              },
            ],
            width: 8,
            noValue: 'No call waits.',
            min: 0,
          },
        ],
      },
    ],
  };
}
