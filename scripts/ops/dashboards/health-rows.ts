import { DEFAULT_THRESHOLDS } from '../thresholds.ts';
import type { Row } from './dashboard.ts';
import type { State } from './panel.ts';
import { type DashboardContext, eitherName, rate, ratio, TARGETS } from './queries.ts';

const STATES: readonly State[] = [
  { value: 0, text: 'closed', color: 'green' },
  { value: 1, text: 'half open', color: 'yellow' },
  { value: 2, text: 'open', color: 'red' },
  { value: 3, text: 'isolated', color: 'purple' },
];

export function resilienceRow({ select }: DashboardContext): Row {
  const state = (name: string): string => select('tidegate.circuit.state', `tidegate_circuit_state="${name}"`);
  const circuit = 'gen_ai_provider_name, tidegate_circuit';
  const bulkhead = 'gen_ai_provider_name, tidegate_bulkhead';
  const worst = `max by (${circuit}) (${state('half_open')} * 1 or ${state('open')} * 2 or ${state('isolated')} * 3)`;
  return {
    title: 'Circuits and queues',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'state-timeline',
            title: 'Circuits',
            description: 'State of each circuit, the worst of all processes. Open: calls wait or fail at once.',
            unit: 'short',
            queries: [{ expr: worst, legend: '{{tidegate_circuit}}' }],
            width: 16,
            states: STATES,
          },
          {
            kind: 'timeseries',
            title: 'Circuit openings',
            description: `Openings in 30 minutes. More than ${DEFAULT_THRESHOLDS.circuit.openings} is flapping.`,
            unit: 'short',
            queries: [
              {
                expr: `sum by (${circuit}) (increase(${select('tidegate.circuit.transitions', 'tidegate_circuit_state="open"')}[30m]))`,
                legend: '{{tidegate_circuit}}',
              },
            ],
            width: 8,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: DEFAULT_THRESHOLDS.circuit.openings, color: 'red' },
            ],
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'Slots in use',
            description: 'Calls in flight as a share of the slots, the fullest process of each lane.',
            unit: 'percentunit',
            queries: [
              {
                expr: `max by (${bulkhead}) (${ratio(select('tidegate.bulkhead.active'), select('tidegate.bulkhead.capacity'))})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 8,
            min: 0,
            max: 1,
            thresholds: [
              { from: null, color: 'green' },
              { from: 0.95, color: 'orange' },
            ],
          },
          {
            kind: 'timeseries',
            title: 'Queue in use',
            description:
              'Waiting calls as a share of the queue, the fullest process of each lane. When full, calls fail at once.',
            unit: 'percentunit',
            queries: [
              {
                expr: `max by (${bulkhead}) (${ratio(select('tidegate.bulkhead.queued'), select('tidegate.bulkhead.queue_capacity'))})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 8,
            min: 0,
            max: 1,
            thresholds: [
              { from: null, color: 'green' },
              { from: DEFAULT_THRESHOLDS.queue.filled, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Rejected before sending',
            description: 'Calls that never left: the circuit was open or the queue was full.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (tidegate_outcome) (${rate(select('tidegate.calls', 'tidegate_outcome=~"rejected_.+"'))})`,
                legend: '{{tidegate_outcome}}',
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

export function errorRow({ select }: DashboardContext): Row {
  const byType = (name: 'gen_ai.client.operation.duration' | 'gen_ai.client.inference.duration'): string =>
    `sum by (error_type) (${rate(select(name, 'error_type!=""', 'count'))})`;
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
                expr: eitherName(
                  byType('gen_ai.client.operation.duration'),
                  byType('gen_ai.client.inference.duration'),
                ),
                legend: '{{error_type}}',
              },
            ],
            width: 6,
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

export function tokenRow({ select }: DashboardContext): Row {
  const tokens = (kind: string): string => `sum(${rate(select('tidegate.tokens', `tidegate_token_kind="${kind}"`))})`;
  return {
    title: 'Tokens',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'Tokens a minute and limit',
            description:
              'Tokens by kind, and the limits on tokens as dashed lines. Cached tokens are part of input, reasoning part of output.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (tidegate_token_kind) (${rate(select('tidegate.tokens'))}) * 60`,
                legend: '{{tidegate_token_kind}}',
              },
              {
                expr: `sum by (tidegate_limit_dimension) (max by (gen_ai_provider_name, gen_ai_request_model, tidegate_limit_dimension) (${select('tidegate.ratelimit.limit', 'tidegate_limit_dimension=~"(input_|output_)?tokens"')}))`,
                legend: '{{tidegate_limit_dimension}} limit',
              },
            ],
            width: 8,
            min: 0,
            overrides: [
              {
                matching: '/ limit$/',
                properties: [
                  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
                  { id: 'custom.fillOpacity', value: 0 },
                ],
              },
            ],
          },
          {
            kind: 'timeseries',
            title: 'Input read from cache',
            description:
              'Share of the input tokens that a prompt cache served. Cached tokens cost less, and some limits do not count them.',
            unit: 'percentunit',
            queries: [{ expr: ratio(tokens('cache_read'), tokens('input')), legend: 'cached' }],
            width: 8,
            min: 0,
            max: 1,
          },
          {
            kind: 'timeseries',
            title: 'Tokens per call',
            description: 'Mean of input and output. Growth here uses up token limits at the same number of calls.',
            unit: 'short',
            queries: ['input', 'output'].map((kind) => ({
              expr: ratio(tokens(kind), `sum(${rate(select('tidegate.calls'))})`),
              legend: kind,
            })),
            width: 8,
            min: 0,
          },
        ],
      },
    ],
  };
}

export function telemetryRow({ naming, select }: DashboardContext): Row {
  return {
    title: 'Telemetry health',
    collapsed: true,
    lines: [
      {
        height: 7,
        panels: [
          naming === 'exporter'
            ? {
                kind: 'stat',
                title: 'Targets up',
                description: 'Share of the chosen targets that answered their last scrape.',
                unit: 'percentunit',
                queries: [{ expr: `avg(up{${TARGETS}})`, legend: 'up' }],
                width: 6,
                min: 0,
                max: 1,
                thresholds: [
                  { from: null, color: 'red' },
                  { from: 1, color: 'green' },
                ],
              }
            : {
                kind: 'stat',
                title: 'Processes reporting',
                description: 'Processes whose metrics arrived in the last 5 minutes.',
                unit: 'short',
                queries: [{ expr: `count(${select('tidegate.build_info')})`, legend: 'processes' }],
                width: 6,
                min: 0,
                thresholds: [
                  { from: null, color: 'red' },
                  { from: 1, color: 'green' },
                ],
              },
          {
            kind: 'timeseries',
            title: 'Age of the limits',
            description: 'Since a response last told a limit. Old: no traffic, so the numbers above are estimates.',
            unit: 's',
            queries: [
              {
                expr: `min by (gen_ai_provider_name, gen_ai_request_model) (${select('tidegate.ratelimit.observed_age')})`,
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
    ],
  };
}
