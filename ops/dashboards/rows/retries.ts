import type { Row } from '../dashboard.ts';
import { OUTCOME_COLORS } from '../overrides.ts';
import { type DashboardContext, rate, ratio } from '../queries.ts';

export function retryRow({ select, steps }: DashboardContext): Row {
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
            thresholds: steps.retried,
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
            thresholds: steps.attempts,
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
            overrides: OUTCOME_COLORS,
          },
          {
            kind: 'heatmap',
            title: 'Delays before retries',
            description:
              'Distribution of the time between a failed attempt and the next, in all jobs of the chosen providers.',
            unit: 's',
            queries: [
              {
                expr: `sum by (le) (increase(${select('tidegate.retry.delay_seconds', '', 'bucket')}[$__rate_interval]))`,
                legend: '{{le}}',
              },
            ],
            width: 8,
            noValue: 'No call was retried.',
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
                expr: `sum by (tidegate_delay_source) (${rate(select('tidegate.retry.delay_seconds', '', 'count'))})`,
                legend: '{{tidegate_delay_source}}',
              },
            ],
            width: 8,
            noValue: 'No call was retried.',
            min: 0,
            max: 1,
          },
        ],
      },
    ],
  };
}
