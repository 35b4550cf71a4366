import { DEFAULT_THRESHOLDS } from '../thresholds.ts';
import type { Row } from './dashboard.ts';
import type { Step } from './panel.ts';
import { COUNTED, type DashboardContext, eitherName, quantile, rate, ratio } from './queries.ts';

const { retries, slo, queue } = DEFAULT_THRESHOLDS;

const RETRIED: readonly Step[] = [
  { from: null, color: 'green' },
  { from: retries.spikeRatio, color: 'red' },
];

const ATTEMPTS: readonly Step[] = [
  { from: null, color: 'green' },
  { from: 1 + retries.spikeRatio, color: 'orange' },
  { from: retries.stormAttempts, color: 'red' },
];

const SUCCEEDED: readonly Step[] = [
  { from: null, color: 'red' },
  { from: slo.objective, color: 'green' },
];

export function callRow({ select }: DashboardContext): Row {
  const calls = `sum(${rate(select('tidegate.calls'))})`;
  return {
    title: 'Calls',
    lines: [
      {
        height: 5,
        panels: [
          {
            kind: 'stat',
            title: 'Calls',
            description: 'Calls that the application made, whatever became of them.',
            unit: 'reqps',
            queries: [{ expr: calls, legend: 'calls' }],
            width: 4,
            min: 0,
          },
          {
            kind: 'stat',
            title: 'Success',
            description:
              'Share of calls that succeeded, retries included. Cancelled calls and mistakes of the application do not count.',
            unit: 'percentunit',
            queries: [
              {
                expr: ratio(
                  `sum(${rate(select('tidegate.calls', 'tidegate_outcome=~"success|success_after_retry"'))})`,
                  `sum(${rate(select('tidegate.calls', COUNTED))})`,
                ),
                legend: 'success',
              },
            ],
            width: 4,
            min: 0,
            max: 1,
            decimals: 2,
            thresholds: SUCCEEDED,
          },
          {
            kind: 'stat',
            title: 'Retries per call',
            description: 'Near zero when pacing works. Red: as many as the alert on spikes needs.',
            unit: 'percentunit',
            queries: [{ expr: ratio(`sum(${rate(select('tidegate.retries'))})`, calls), legend: 'retries' }],
            width: 4,
            min: 0,
            thresholds: RETRIED,
          },
          {
            kind: 'stat',
            title: 'Attempts per call',
            description: 'HTTP requests that one call needs. 1 is ideal; 2 means that half of the traffic is retries.',
            unit: 'short',
            queries: [{ expr: ratio(`sum(${rate(select('tidegate.attempts'))})`, calls), legend: 'attempts' }],
            width: 4,
            min: 0,
            decimals: 2,
            thresholds: ATTEMPTS,
          },
          {
            kind: 'stat',
            title: 'Circuits open',
            description: 'Circuits that are open or isolated in any process: their calls wait or fail at once.',
            unit: 'short',
            queries: [
              {
                expr: `sum(max by (gen_ai_provider_name, tidegate_circuit) (${select('tidegate.circuit.state', 'tidegate_circuit_state=~"open|isolated"')}))`,
                legend: 'open',
              },
            ],
            width: 4,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: 1, color: 'red' },
            ],
          },
          {
            kind: 'stat',
            title: 'Queued now',
            description: 'Calls that wait for a limit or a slot, in all processes.',
            unit: 'short',
            queries: [{ expr: `sum(${select('tidegate.bulkhead.queued')})`, legend: 'queued' }],
            width: 4,
            min: 0,
          },
        ],
      },
    ],
  };
}

export function retryRow({ select }: DashboardContext): Row {
  const calls = `sum(${rate(select('tidegate.calls'))})`;
  return {
    title: 'Retries',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Retries by reason',
            description:
              'rate_limit: slow down. overloaded and server_error: the provider. timeout and connection: network or timeout.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (tidegate_retry_reason) (${rate(select('tidegate.retries'))})`,
                legend: '{{tidegate_retry_reason}}',
              },
            ],
            width: 8,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Retries per call over time',
            description: 'Above the dashed line for 5 minutes, and three times the hour before, it alerts.',
            unit: 'percentunit',
            queries: [{ expr: ratio(`sum(${rate(select('tidegate.retries'))})`, calls), legend: 'retries per call' }],
            width: 8,
            min: 0,
            thresholds: RETRIED,
          },
          {
            kind: 'timeseries',
            title: 'Attempts per call by model',
            description: 'HTTP requests that one call of a model needs.',
            unit: 'short',
            queries: [
              {
                expr: ratio(
                  `sum by (gen_ai_request_model) (${rate(select('tidegate.attempts'))})`,
                  `sum by (gen_ai_request_model) (${rate(select('tidegate.calls'))})`,
                ),
                legend: '{{gen_ai_request_model}}',
              },
            ],
            width: 8,
            min: 0,
            thresholds: ATTEMPTS,
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            stack: 'percent',
            title: 'How calls end',
            description:
              'Shares of the outcomes. success_after_retry is what retrying saved; retries_exhausted and rejected reach the application.',
            unit: 'percentunit',
            queries: [
              { expr: `sum by (tidegate_outcome) (${rate(select('tidegate.calls'))})`, legend: '{{tidegate_outcome}}' },
            ],
            width: 8,
            min: 0,
            max: 1,
          },
          {
            kind: 'heatmap',
            title: 'Delays before retries',
            description:
              'Distribution of the time between a failed attempt and the next, in all jobs of the chosen providers.',
            unit: 's',
            queries: [
              {
                expr: `sum by (le) (increase(${select('tidegate.retry.delay', '', 'bucket')}[$__rate_interval]))`,
                legend: '{{le}}',
              },
            ],
            width: 8,
          },
          {
            kind: 'timeseries',
            stack: 'percent',
            title: 'Who sets the delay',
            description:
              'retry_after, reset_header and body: the provider said how long. backoff: it did not, and the delay grows by attempt.',
            unit: 'percentunit',
            queries: [
              {
                expr: `sum by (tidegate_delay_source) (${rate(select('tidegate.retry.delay', '', 'count'))})`,
                legend: '{{tidegate_delay_source}}',
              },
            ],
            width: 8,
            min: 0,
            max: 1,
          },
        ],
      },
    ],
  };
}

export function latencyRow({ select }: DashboardContext): Row {
  const attempt = select('tidegate.attempt.duration', '', 'bucket');
  const call = (q: number): string =>
    eitherName(
      quantile(q, select('gen_ai.client.operation.duration', '', 'bucket')),
      quantile(q, select('gen_ai.client.inference.duration', '', 'bucket')),
    );
  const firstChunk = (q: number): string =>
    eitherName(
      quantile(q, select('gen_ai.client.operation.time_to_first_chunk', '', 'bucket')),
      quantile(q, select('gen_ai.client.inference.time_to_first_chunk', '', 'bucket')),
    );
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
              { expr: call(q), legend: `call p${q * 100}` },
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
            queries: [0.5, 0.95].map((q) => ({ expr: firstChunk(q), legend: `p${q * 100}` })),
            width: 8,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Wait by stage (p95)',
            description: 'pacer: for a limit. bulkhead: for a free slot.',
            unit: 's',
            queries: [
              {
                expr: quantile(0.95, select('tidegate.wait.duration', '', 'bucket'), 'tidegate_wait_stage'),
                legend: '{{tidegate_wait_stage}}',
              },
            ],
            width: 8,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: queue.waitSeconds, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Waiting calls by limit',
            description:
              'Calls that wait at a time, on average, by what they wait for. The largest area is the limit to raise.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (tidegate_limit_dimension) (${rate(select('tidegate.wait.duration', 'tidegate_wait_stage="pacer",tidegate_limit_dimension!="none"', 'sum'))})`,
                legend: '{{tidegate_limit_dimension}}',
              },
            ],
            width: 8,
            min: 0,
          },
        ],
      },
    ],
  };
}
