import { firing, labels, limit, refusals, remaining, SHRINK } from './limit-series.ts';
import type { ExpressionTest, Firing, RuleTest, RuleTestFile } from './rule-test.ts';

const nearly = (percentage: string): Firing =>
  firing(
    'warning',
    'tokens',
    'An LLM provider limit is nearly exhausted.',
    `openai/gpt-5.1 (app) uses ${percentage} of its tokens limit of 100k (threshold 80%). ${SHRINK}`,
  );

const exhausted = (percentage: string): Firing =>
  firing(
    'critical',
    'tokens',
    'An LLM provider limit is exhausted and calls are refused.',
    `openai/gpt-5.1 (app) uses ${percentage} of its tokens limit of 100k (threshold 95%), and the provider refuses calls for it. ${SHRINK}`,
  );

const NEARLY: RuleTest[] = [
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'fires for the emptiest view of the bucket in the fleet, and resolves',
    input: [
      remaining('tokens', '12500x20 90000x20'),
      remaining('tokens', '90000x40', 'b'),
      limit('tokens', '100000x40'),
    ],
    checks: [
      { at: '1m30s', situation: 'quiet', firing: [] },
      { at: '5m', situation: 'fires', firing: [nearly('87.5%')] },
      { at: '14m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'survives a lost scrape',
    input: [remaining('tokens', '12500x8 _ 12500x20'), limit('tokens', '100000x8 _ 100000x20')],
    checks: [{ at: '4m30s', situation: 'fires', firing: [nearly('87.5%')] }],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'stays quiet just below the share, and for a bucket that is full only now and then',
    input: [
      remaining('tokens', '20500x40'),
      limit('tokens', '100000x40'),
      remaining('requests', '100 100 900 900 900 100 100 900 900 900 100 100 900 900 900 100 100 900 900 900'),
      limit('requests', '1000x40'),
    ],
    checks: [{ at: '9m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'pages once the provider refuses calls as well, and stops when it no longer does',
    input: [remaining('tokens', '3125x60'), limit('tokens', '100000x60'), refusals('tokens', '0x10 1+1x10 11x40')],
    checks: [
      { at: '5m', situation: 'quiet', firing: [nearly('96.88%')] },
      { at: '9m', situation: 'fires', firing: [nearly('96.88%'), exhausted('96.88%')] },
      { at: '18m', situation: 'resolves', firing: [nearly('96.88%')] },
    ],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'does not page for refusals below its own threshold',
    input: [remaining('tokens', '6250x40'), limit('tokens', '100000x40'), refusals('tokens', '0+1x40')],
    checks: [{ at: '10m', situation: 'quiet', firing: [nearly('93.75%')] }],
  },
  {
    alert: 'TidegateTierNearlyExhausted',
    does: 'sees a limit that is exhausted when it is first reported, and the first refusal',
    input: [remaining('tokens', '_x6 3125x40'), limit('tokens', '_x6 100000x40'), refusals('tokens', '0x8 1x40')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '8m', situation: 'first-event', firing: [nearly('96.88%'), exhausted('96.88%')] },
    ],
  },
];

const saturated = (percentage: string): Firing =>
  firing(
    'warning',
    'input_tokens',
    'An LLM provider tier is too small for the traffic.',
    `openai/gpt-5.1 (app) used ${percentage} of its input_tokens limit of 100k over 15 minutes (threshold 90%), so this is no burst: calls queue behind the limit. Shrink tokens: shorten or cache prompts; for more, raise the tier.`,
  );

const SATURATED: RuleTest[] = [
  {
    alert: 'TidegateTierSaturated',
    does: 'fires when the limit stays used up, and resolves',
    input: [remaining('input_tokens', '6250x60 50000x60'), limit('input_tokens', '100000x120')],
    checks: [
      { at: '14m', situation: 'quiet', firing: [] },
      { at: '20m', situation: 'fires', firing: [saturated('93.75%')] },
      { at: '50m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTierSaturated',
    does: 'stays quiet for bursts whose mean is just below the share',
    input: [remaining('input_tokens', '1000 20000 '.repeat(50).trim()), limit('input_tokens', '100000x100')],
    checks: [{ at: '45m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateTierSaturated',
    does: 'sees a limit that is used up from its first report on',
    input: [remaining('input_tokens', '_x20 6250x60'), limit('input_tokens', '_x20 100000x60')],
    checks: [{ at: '27m', situation: 'first-event', firing: [saturated('93.75%')] }],
  },
];

const EXPRESSIONS: ExpressionTest[] = [
  {
    does: 'utilization is that of the account: least remaining over largest limit',
    input: [remaining('tokens', '5000x20'), remaining('tokens', '90000x20', 'b'), limit('tokens', '100000x20')],
    expr: 'tidegate:rate_limit:utilization',
    at: '5m',
    samples: [{ labels: { job: 'app', ...labels('tokens') }, value: 0.95 }],
  },
  {
    does: 'utilization needs both numbers, and a limit above zero',
    input: [remaining('tokens', '5000x20'), remaining('requests', '0x20'), limit('requests', '0x20')],
    expr: 'tidegate:rate_limit:utilization',
    at: '5m',
    samples: [],
  },
];

export const TIER_TESTS: RuleTestFile = {
  name: 'tier',
  evaluationInterval: '30s',
  alerts: ['TidegateTierNearlyExhausted', 'TidegateTierSaturated'],
  tests: [...NEARLY, ...SATURATED],
  expressions: EXPRESSIONS,
};
