import type { Row } from '../dashboard.ts';
import { type DashboardContext, rate } from '../queries.ts';

export function errorRow({ select }: DashboardContext): Row {
  return {
    title: 'Errors',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Attempts by status code',
            description: 'Answers of the provider; none: there was no answer.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (http_response_status_code) (${rate(select('tidegate.attempts'))})`,
                legend: '{{http_response_status_code}}',
              },
            ],
            width: 6,
            min: 0,
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Failed calls by error type',
            description: 'What finally reached the application, by the provider’s error code where there is one.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (error_type) (${rate(select('tidegate.call.errors'))})`,
                legend: '{{error_type}}',
              },
            ],
            width: 6,
            noValue: 'No call failed.',
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Refused keys',
            description: 'Attempts answered with 401 or 403, in 5 minutes. Any is worth a look.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (gen_ai_provider_name, http_response_status_code) (increase(${select('tidegate.attempts', 'http_response_status_code=~"401|403"')}[5m]))`,
                legend: '{{gen_ai_provider_name}} {{http_response_status_code}}',
              },
            ],
            width: 6,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: 1, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            stack: 'percent',
            title: 'How streams end',
            description:
              'completed; interrupted by the provider or the network; cancelled by the application; unread: never read to its end.',
            unit: 'percentunit',
            queries: [
              {
                expr: `sum by (tidegate_stream_outcome) (${rate(select('tidegate.streams'))})`,
                legend: '{{tidegate_stream_outcome}}',
              },
            ],
            width: 6,
            min: 0,
            max: 1,
          },
        ],
      },
    ],
  };
}
