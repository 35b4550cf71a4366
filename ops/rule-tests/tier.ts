import { firing, labels, limit, refusals, SHRINK, used } from './limit-series.ts';
import {
  type ExpressionTest,
  type Firing,
  input,
  type InputSeries,
  type Labels,
  type RuleTest,
  type RuleTestFile,
} from './rule-test.ts';

const nearly = (percentage: string): Firing =>
  firing(
    'warning',
    'tokens',
    'An LLM provider limit is nearly exhausted.',
    `openai/gpt-5.1 (app) uses ${percentage} of its tokens limit of 100k (threshold 80%). ${SHRINK}`,
  );

const NEARLY: RuleTest[] = [
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'adds up what the processes of a job admit, fires, and resolves ten minutes after it has ended',
    input: [used('tokens', '0.775x20 0.1x60'), used('tokens', '0.1x80', 'b'), limit('tokens', '100000x80')],
    checks: [
      { at: '4m30s', situation: 'quiet', firing: [] },
      { at: '8m', situation: 'fires', firing: [nearly('88%')] },
      { at: '26m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'survives a lost scrape',
    input: [used('tokens', '0.875x8 _ 0.875x20'), limit('tokens', '100000x8 _ 100000x20')],
    checks: [{ at: '7m', situation: 'fires', firing: [nearly('88%')] }],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'stays quiet just below the share, and for a bucket that is full only now and then',
    input: [
      used('tokens', '0.795x40'),
      limit('tokens', '100000x40'),
      used('requests', '0.9 0.9 0.1 0.1 0.1 '.repeat(8).trim()),
      limit('requests', '1000x40'),
    ],
    checks: [{ at: '12m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'pages nobody for a limit that is full and refuses a call now and then: pacing retries it',
    input: [used('tokens', '1x60'), limit('tokens', '100000x60'), refusals('tokens', '0x10 1x50')],
    checks: [{ at: '12m', situation: 'quiet', firing: [nearly('100%')] }],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'sees a limit that is used up when it is first reported',
    input: [used('tokens', '_x6 0.96875x40'), limit('tokens', '_x6 100000x40')],
    checks: [{ at: '10m', situation: 'first-event', firing: [nearly('97%')] }],
  },
];

const WHERE = { cluster: 'eu', namespace: 'prod' };
NEARLY.push({
  alert: 'TidegateTierNearlyExhausted',
  does: 'is about one cluster and namespace, and finds the limit there',
  input: [
    input('tidegate.limit.utilization_ratio', { ...WHERE, ...labels('tokens') }, '0.875x20'),
    input('tidegate.ratelimit.limit', { ...WHERE, ...labels('tokens') }, '100000x20'),
    input('tidegate.limit.utilization_ratio', { cluster: 'eu', namespace: 'staging', ...labels('tokens') }, '0.7x20'),
    input('tidegate.ratelimit.limit', { cluster: 'eu', namespace: 'staging', ...labels('tokens') }, '500000x20'),
  ],
  checks: [
    {
      at: '8m',
      situation: 'fires',
      firing: [
        {
          ...nearly('88%'),
          labels: { severity: 'warning', ...WHERE, job: 'app', ...labels('tokens') },
          description: nearly('88%').description.replace('(app)', '(eu/prod/app)'),
        },
      ],
    },
  ],
});

const saturated = (percentage: string): Firing =>
  firing(
    'warning',
    'input_tokens',
    'An LLM provider tier is too small for the traffic.',
    `openai/gpt-5.1 (app) used ${percentage} of its input_tokens limit of 100k over 15 minutes (threshold 90%), so this is not a burst: calls queue behind the limit. Shrink tokens: shorten or cache prompts; for more, raise the tier.`,
  );

const SATURATED: RuleTest[] = [
  {
    alert: 'TidegateTierSaturated',
    does: 'fires when the limit stays used up, and resolves',
    input: [used('input_tokens', '0.9375x60 0.5x160'), limit('input_tokens', '100000x220')],
    checks: [
      { at: '14m', situation: 'quiet', firing: [] },
      { at: '20m', situation: 'fires', firing: [saturated('94%')] },
      { at: '88m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTierSaturated',
    does: 'stays quiet for bursts whose mean is just below the share',
    input: [used('input_tokens', '0.99 0.8 '.repeat(50).trim()), limit('input_tokens', '100000x100')],
    checks: [{ at: '45m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateTierSaturated',
    does: 'sees a limit that is used up from its first report on',
    input: [used('input_tokens', '_x20 0.9375x60'), limit('input_tokens', '_x20 100000x60')],
    checks: [{ at: '27m', situation: 'first-event', firing: [saturated('94%')] }],
  },
];

const at = (where: Labels, dimension: string, values: string): InputSeries =>
  input('tidegate.limit.utilization_ratio', { ...where, ...labels(dimension) }, values);

const EXPRESSIONS: ExpressionTest[] = [
  {
    does: 'utilization adds up what processes admit, and takes once what each of them sees whole',
    input: [
      used('tokens', '0.25x20'),
      used('tokens', '0.5x20', 'b'),
      used('requests_day', '0.4x20'),
      used('requests_day', '0.5x20', 'b'),
      used('concurrency', '0.3x20'),
      used('concurrency', '0.7x20', 'b'),
    ],
    expr: 'tidegate:limit:utilization',
    at: '5m',
    samples: [
      { labels: { job: 'app', ...labels('tokens') }, value: 0.75 },
      { labels: { job: 'app', ...labels('concurrency') }, value: 0.7 },
      { labels: { job: 'app', ...labels('requests_day') }, value: 0.5 },
    ],
  },
  {
    does: 'utilization keeps clusters, namespaces and clients of one job name apart',
    input: [
      at({ cluster: 'eu', namespace: 'prod' }, 'tokens', '0.05x20'),
      at({ cluster: 'us', namespace: 'prod' }, 'tokens', '0.1x20'),
      at({ cluster: 'eu', namespace: 'staging' }, 'tokens', '0.9x20'),
      at({ cluster: 'eu', namespace: 'prod', tidegate_client: 'batch' }, 'tokens', '0.2x20'),
    ],
    expr: 'tidegate:limit:utilization',
    at: '5m',
    samples: [
      { labels: { cluster: 'eu', namespace: 'prod', job: 'app', ...labels('tokens') }, value: 0.05 },
      { labels: { cluster: 'us', namespace: 'prod', job: 'app', ...labels('tokens') }, value: 0.1 },
      { labels: { cluster: 'eu', namespace: 'staging', job: 'app', ...labels('tokens') }, value: 0.9 },
      {
        labels: { cluster: 'eu', namespace: 'prod', job: 'app', tidegate_client: 'batch', ...labels('tokens') },
        value: 0.2,
      },
    ],
  },
];

export const TIER_TESTS: RuleTestFile = {
  name: 'tier',
  evaluationInterval: '30s',
  alerts: ['TidegateTierNearlyExhausted', 'TidegateTierSaturated'],
  tests: [...NEARLY, ...SATURATED],
  expressions: EXPRESSIONS,
};
