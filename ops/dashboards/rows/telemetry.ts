import type { Row } from '../dashboard.ts';
import { type DashboardContext, rate, TARGETS } from '../queries.ts';

export function telemetryRow({ select }: DashboardContext): Row {
  return {
    title: 'Telemetry health',
    collapsed: true,
    lines: [
      {
        height: 7,
        panels: [
          {
            kind: 'stat',
            title: 'Processes reporting',
            description: 'Processes whose metrics arrive now.',
            unit: 'short',
            queries: [
              {
                expr: `count(${select('tidegate.build_info')}) or vector(0)`,
                legend: 'processes',
              },
            ],
            width: 3,
            min: 0,
            thresholds: [
              { from: null, color: 'red' },
              { from: 1, color: 'green' },
            ],
          },
          {
            kind: 'stat',
            title: 'Targets down',
            description:
              'Scraped targets of these jobs that do not answer. Metrics that arrive by OTLP have no target.',
            unit: 'short',
            queries: [{ expr: `count(up{${TARGETS}} == 0) or vector(0)`, legend: 'down' }],
            width: 3,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: 1, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            title: 'Age of the limits',
            description: 'Since a response last told a limit. Old: no traffic, so the numbers above are estimates.',
            unit: 's',
            queries: [
              {
                expr: `min by (gen_ai_provider_name, gen_ai_request_model) (${select('tidegate.ratelimit.observed_age_seconds')})`,
                legend: '{{gen_ai_provider_name}} {{gen_ai_request_model}}',
              },
            ],
            width: 6,
            min: 0,
          },
          {
            kind: 'stat',
            title: 'Series without labels',
            description:
              'Series into which the SDK folded label sets beyond its limit. Above zero, panels by model miss calls.',
            unit: 'short',
            queries: [
              {
                expr: `count({__name__=~"tidegate_.+|gen_ai_.+",otel_metric_overflow="true",${TARGETS}}) or vector(0)`,
                legend: 'overflow',
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
            kind: 'table',
            title: 'Versions',
            description: 'Versions of tidegate, and how many processes of each job run them.',
            unit: 'short',
            queries: [{ expr: `count by (job, version) (${select('tidegate.build_info')})`, legend: '{{version}}' }],
            width: 6,
            transformations: [
              {
                id: 'organize',
                options: {
                  excludeByName: { Time: true },
                  renameByName: { job: 'Job', version: 'Version', Value: 'Processes' },
                },
              },
            ],
          },
        ],
      },
      {
        height: 7,
        panels: [
          {
            kind: 'timeseries',
            title: 'Requests past the guard',
            description:
              'Requests to a provider that no guard sent, where the notice is on. sdk: a bundled or second copy of an SDK. They share the limit and are in no other panel.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (gen_ai_provider_name, tidegate_unguarded_via) (${rate(select('tidegate.unguarded.requests'))})`,
                legend: '{{gen_ai_provider_name}} {{tidegate_unguarded_via}}',
              },
            ],
            width: 8,
            noValue: 'No request went past a guard.',
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Calls that a layer above sent again',
            description:
              'A request that was given up came again within seconds: a framework retries as well, and one call may become dozens of requests. Turn its retries off.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (gen_ai_request_model, tidegate_retry_layer) (${rate(select('tidegate.repeated_calls'))}) > 0`,
                legend: '{{gen_ai_request_model}} {{tidegate_retry_layer}}',
              },
            ],
            width: 8,
            noValue: 'No second layer retries.',
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Lines that the record of hits lost',
            description: 'The record of limit hits could not be written: the disk is full or slow.',
            unit: 'short',
            queries: [
              { expr: `sum(increase(${select('tidegate.hits.lost_lines')}[30m]))`, legend: 'lost in 30 minutes' },
            ],
            width: 8,
            noValue: 'No line was lost.',
            min: 0,
          },
        ],
      },
    ],
  };
}
