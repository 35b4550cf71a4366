import type { DashboardSpec, Variables } from './dashboard.ts';
import { BY_JOB } from '../alert.ts';
import { GEN_AI_SERIES, type GenAiName } from '../gen-ai-series.ts';
import { type DashboardContext, quantile, rate, TARGETS, utilization } from './queries.ts';
import { firingTable } from './rows/firing.ts';
import type { PanelSpec } from './panel.ts';

const CHOSEN = `${TARGETS},gen_ai_provider_name=~"$provider|",gen_ai_request_model=~"$model|"`;
const NO_TIDEGATE = 'tidegate is not in use here.';

/** Rate of a metric under the first of its names that a job emits: no job is counted twice, and none is left out. */
function each(name: GenAiName, part: '' | '_bucket' | '_sum' | '_count', by: string, matchers = ''): string {
  const labels = matchers === '' ? CHOSEN : `${CHOSEN},${matchers}`;
  return GEN_AI_SERIES[name]
    .map((family) => `sum by (${ofJob(by)}) (${rate(`${family}${part}{${labels}}`)})`)
    .join(' or ');
}

const sum = (rates: string, by = ''): string => (by === '' ? `sum(${rates})` : `sum by (${by}) (${rates})`);

function quantileOf(q: number, name: GenAiName): string {
  return `histogram_quantile(${q}, ${sum(each(name, '_bucket', 'le'), 'le')})`;
}

/** Metrics of any emitter of the conventions, plus tidegate's metrics of limits. */
export function genAiDashboard(context: DashboardContext): DashboardSpec {
  return {
    uid: 'tidegate-gen-ai',
    title: 'Tidegate / GenAI, any emitter',
    description:
      'Calls, errors, latency and tokens by the plain gen_ai metrics of OpenTelemetry, whoever emits them, and the limits by tidegate beside them.',
    from: 'now-3h',
    variables: VARIABLES,
    rows: [
      { title: 'Calls', lines: [{ height: 8, panels: calls() }] },
      { title: 'Latency', lines: [{ height: 8, panels: latency() }] },
      { title: 'Tokens', lines: [{ height: 8, panels: tokens(context) }] },
      { title: 'Limits, by tidegate', lines: [{ height: 8, panels: limits(context) }] },
    ],
  };
}

const VARIABLES: Variables = {
  job: '{__name__=~"gen_ai_.+_count"}',
  calls: '{__name__=~"gen_ai_.+_count"}',
};

const MODEL = 'gen_ai_request_model';

function calls(): PanelSpec[] {
  return [
    {
      kind: 'timeseries',
      stack: 'normal',
      title: 'Calls by model',
      description: 'Operations a second by the model that they ask for, those that failed included.',
      unit: 'reqps',
      queries: [{ expr: sum(each('duration', '_count', MODEL), MODEL), legend: `{{${MODEL}}}` }],
      width: 8,
      noValue: 'No gen_ai metrics arrive.',
      min: 0,
    },
    {
      kind: 'timeseries',
      stack: 'normal',
      title: 'Failed calls by error',
      description:
        'Operations that ended with an error, by its type: a status, a code of the provider or an exception.',
      unit: 'reqps',
      queries: [
        {
          expr: sum(each('duration', '_count', 'error_type', 'error_type!=""'), 'error_type'),
          legend: '{{error_type}}',
        },
      ],
      width: 8,
      noValue: 'No call failed.',
      min: 0,
    },
    {
      kind: 'timeseries',
      stack: 'normal',
      title: 'Calls by job',
      description: 'Operations a second by the job that makes them, to tell applications apart.',
      unit: 'reqps',
      queries: [{ expr: sum(each('duration', '_count', ''), 'job'), legend: '{{job}}' }],
      width: 8,
      noValue: 'No gen_ai metrics arrive.',
      min: 0,
    },
  ];
}

function latency(): PanelSpec[] {
  return [
    {
      kind: 'timeseries',
      title: 'Duration of calls',
      description: 'From the start of an operation to its end, retries and waits of the client included.',
      unit: 's',
      queries: [0.5, 0.95, 0.99].map((q) => ({ expr: quantileOf(q, 'duration'), legend: `p${q * 100}` })),
      width: 8,
      noValue: 'No gen_ai metrics arrive.',
      min: 0,
    },
    {
      kind: 'timeseries',
      title: 'First chunk of streams',
      description: 'From the start of a streaming operation to its first chunk, as the client sees it.',
      unit: 's',
      queries: [0.5, 0.95].map((q) => ({ expr: quantileOf(q, 'firstChunk'), legend: `p${q * 100}` })),
      width: 8,
      noValue: 'Nobody measures it.',
      min: 0,
    },
    {
      kind: 'timeseries',
      title: 'First token and time per token of servers',
      description:
        'Of model servers and gateways that emit the server metrics, such as vLLM or Envoy AI Gateway (p95).',
      unit: 's',
      queries: [
        { expr: quantileOf(0.95, 'firstToken'), legend: 'first token' },
        { expr: quantileOf(0.95, 'perToken'), legend: 'each further token' },
      ],
      width: 8,
      noValue: 'No server emits it.',
      min: 0,
    },
  ];
}

function ofJob(by: string): string {
  return by === '' ? BY_JOB : `${BY_JOB}, ${by}`;
}

/** tidegate counts tokens under its own name, and optionally under those of the conventions. */
function tokens({ select }: DashboardContext): PanelSpec[] {
  const counted = (kind: 'input' | 'output', by: string): string =>
    `sum by (${ofJob(by)}) (${rate(select('tidegate.tokens', `tidegate_token_kind="${kind}"`))})`;
  const used = (kind: 'input' | 'output', by: string): string =>
    `${each('tokens', '_sum', by, `gen_ai_token_type="${kind}"`)} or ${each(kind === 'input' ? 'inputTokens' : 'outputTokens', '', by)} or ${counted(kind, by)}`;
  const both = ['input', 'output'] as const;
  return [
    {
      kind: 'timeseries',
      title: 'Tokens a minute',
      description: 'Input and output tokens that providers have counted, over all chosen jobs and models.',
      unit: 'short',
      queries: both.map((kind) => ({ expr: `${sum(used(kind, ''))} * 60`, legend: kind })),
      width: 8,
      noValue: 'No tokens are counted.',
      min: 0,
    },
    {
      kind: 'timeseries',
      stack: 'normal',
      title: 'Input tokens a minute by model',
      description: 'Which model reads most: long prompts use up limits on tokens at few calls.',
      unit: 'short',
      queries: [{ expr: `${sum(used('input', MODEL), MODEL)} * 60`, legend: `{{${MODEL}}}` }],
      width: 8,
      noValue: 'No tokens are counted.',
      min: 0,
    },
    {
      kind: 'timeseries',
      title: 'Tokens a call',
      description: 'Mean of input and output tokens of a call. Growth here uses up limits at the same number of calls.',
      unit: 'short',
      queries: both.map((kind) => ({
        expr: `${sum(used(kind, ''))} / (${sum(each('duration', '_count', ''))} > 0)`,
        legend: kind,
      })),
      width: 8,
      noValue: 'No tokens are counted.',
      min: 0,
    },
  ];
}

function limits(context: DashboardContext): PanelSpec[] {
  const { select, steps } = context;
  return [
    {
      kind: 'bargauge',
      title: 'Limits in use',
      description: 'Share in use of the limits of the account, the fullest first. The overview has the rest.',
      unit: 'percentunit',
      queries: [
        {
          expr: `sort_desc(topk(8, ${utilization(context)}))`,
          legend: '{{gen_ai_request_model}} {{tidegate_limit_dimension}}',
        },
      ],
      width: 7,
      noValue: NO_TIDEGATE,
      min: 0,
      max: 1,
      thresholds: steps.used,
    },
    {
      kind: 'timeseries',
      title: 'Wait for limits (p95)',
      description: 'The time that one call in twenty waits before it is sent: part of the duration above.',
      unit: 's',
      queries: [{ expr: quantile(0.95, select('tidegate.wait.duration_seconds', '', 'bucket')), legend: 'p95' }],
      width: 7,
      noValue: NO_TIDEGATE,
      min: 0,
      thresholds: steps.waited,
    },
    firingTable(10),
  ];
}
