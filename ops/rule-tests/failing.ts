import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

const calls = (outcome: string, values: string): InputSeries =>
  input('tidegate.calls', { ...MODEL, gen_ai_operation_name: 'chat', tidegate_outcome: outcome }, values);

const failing = (percentage: string): Firing => ({
  labels: { severity: 'critical', job: 'app', gen_ai_provider_name: 'openai' },
  summary: 'Most LLM calls fail.',
  description: `openai (app) failed ${percentage} of its calls in two minutes, mostly because they run into their deadline (threshold 50%). Compare waits and the latency of attempts with the deadline: slow down requests, or allow more time.`,
});

const FAILING: RuleTest[] = [
  {
    alert: 'TidegateCallsFailing',
    does: 'pages within three minutes when calls end for nothing, and resolves',
    input: [calls('success', '0+30x20 600x20 600+30x40'), calls('timeout', '0x20 30+30x19 600x41')],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '13m', situation: 'fires', firing: [failing('100%')] },
      { at: '26m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCallsFailing',
    does: 'stays quiet just below the share, for few calls, for requests that are wrong, and for labels that were lost',
    input: [
      calls('success', '0+30x40'),
      calls('retries_exhausted', '0+29x40'),
      calls('bad_request', '0+90x40'),
      input('tidegate.calls', { job: 'few', gen_ai_provider_name: 'openai', tidegate_outcome: 'timeout' }, '0+4x40'),
      input('tidegate.calls', { job: 'overflown', otel_metric_overflow: 'true' }, '0+90x40'),
    ],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCallsFailing',
    does: 'counts the first failures of a counter that starts at zero',
    input: [calls('success', '0x40'), calls('timeout', '0x10 15+15x30')],
    checks: [{ at: '8m', situation: 'first-event', firing: [failing('100%')] }],
  },
];

export const FAILING_TESTS: RuleTestFile = {
  name: 'failing',
  evaluationInterval: '30s',
  alerts: ['TidegateCallsFailing'],
  tests: FAILING,
};
