import {
  type ExpressionTest,
  type Firing,
  input,
  type InputSeries,
  MODEL,
  type RuleTest,
  type RuleTestFile,
} from './rule-test.ts';

const MODEL_LABELS = { job: 'app', ...MODEL };

const calls = (outcome: string, values: string): InputSeries =>
  input('tidegate.calls', { ...MODEL, gen_ai_operation_name: 'chat', tidegate_outcome: outcome }, values);
const retries = (values: string): InputSeries =>
  input('tidegate.retries', { ...MODEL, gen_ai_operation_name: 'chat', tidegate_retry_reason: 'rate_limit' }, values);
const attempts = (values: string): InputSeries =>
  input('tidegate.attempts', { ...MODEL, gen_ai_operation_name: 'chat', http_response_status_code: '429' }, values);

const measured = (values: string): InputSeries =>
  input('tidegate.attempt.duration_seconds', { ...MODEL, gen_ai_operation_name: 'chat' }, values, 'count');

const spike = (number: string): Firing => ({
  labels: { severity: 'warning', ...MODEL_LABELS },
  summary: 'LLM client retries are spiking.',
  description: `openai/gpt-5.1 (app) sends ${number} retries for 100 calls, mostly because attempts are refused for a limit (threshold 15), more than 3 times those of the hour before. Slow down requests or shrink tokens.`,
});

const storm = (number: string): Firing => ({
  labels: { severity: 'critical', ...MODEL_LABELS },
  summary: 'LLM clients send each call several times.',
  description: `openai/gpt-5.1 (app) needs ${number}.0 attempts per call, mostly because attempts are refused for a limit (threshold 2). Retries now make up most of the traffic: slow down requests, or stop the batch jobs, until the reason is gone.`,
});

const exhausted = (percentage: string): Firing => ({
  labels: { severity: 'warning', ...MODEL_LABELS },
  summary: 'LLM calls fail after all retries.',
  description: `openai/gpt-5.1 (app) lost ${percentage} of its calls in 30 minutes with every retry used, mostly for a reason that no attempt names (threshold 1%). The application sees these errors: wait for the provider, or use another model.`,
});

const SPIKE: RuleTest[] = [
  {
    alert: 'TidegateRetrySpike',
    does: 'has no ratio to give while no call ends',
    input: [calls('success', '0x40'), retries('0+6x40')],
    checks: [{ at: '12m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetrySpike',
    does: 'fires after a quiet hour and resolves when retries stop',
    input: [calls('success', '0+30x260'), retries('0+0x160 15+15x39 600+0x60')],
    checks: [
      { at: '80m', situation: 'quiet', firing: [] },
      { at: '92m', situation: 'fires', firing: [spike('50')] },
      { at: '110m', situation: 'resolves', firing: [] },
    ],
  },
  {
    // Measured: 20 calls a second to a provider that answers one attempt in six with 500.
    alert: 'TidegateRetrySpike',
    does: 'fires for a busy client whose provider fails for long',
    input: [
      calls('success', '0+471x160 75753+393x40'),
      calls('success_after_retry', '0x160 78+78x40'),
      retries('0x160 111+111x40'),
    ],
    checks: [{ at: '92m', situation: 'fires', firing: [spike('24')] }],
  },
  {
    alert: 'TidegateRetrySpike',
    does: 'fires at the most retries that the budget leaves a busy client',
    input: [
      calls('success', '0+300x160 48240+240x40'),
      calls('retries_exhausted', '0x160 60+60x40'),
      retries('0x160 60+60x40'),
    ],
    checks: [{ at: '92m', situation: 'fires', firing: [spike('20')] }],
  },
  {
    alert: 'TidegateRetrySpike',
    does: 'stays quiet just below the ratio',
    input: [calls('success', '0+30x200'), retries('0+0x160 4+4x40')],
    checks: [{ at: '95m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetrySpike',
    does: 'stays quiet just below three times the hour before',
    input: [calls('success', '0+30x200'), retries('0+4x160 651+11x40')],
    checks: [{ at: '92m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetrySpike',
    does: 'stays quiet when retries have always been that many',
    input: [calls('success', '0+30x260'), retries('0+15x260')],
    checks: [{ at: '120m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetrySpike',
    does: 'stays quiet below one retry in 20 s',
    input: [calls('success', '0+2x200'), retries('0+0x160 1.4+1.4x40')],
    checks: [{ at: '95m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetrySpike',
    does: 'needs no hour of history: a new model may spike at once',
    input: [calls('success', '0+30x30'), retries('0+15x30')],
    checks: [{ at: '12m', situation: 'first-event', firing: [spike('50')] }],
  },
];

const STORM: RuleTest[] = [
  {
    alert: 'TidegateRetryStorm',
    does: 'has no ratio to give while no call ends',
    input: [calls('success', '0x40'), measured('0+9x40'), retries('0+9x40')],
    checks: [{ at: '12m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetryStorm',
    does: 'stays quiet for 40 seconds of it, after which all calls end at once',
    interval: '10s',
    input: [
      calls('success', '0+10x60 600x4 640+10x60'),
      measured('0+10x60 640+40x3 770+10x60'),
      retries('0x60 30+30x3 120x61'),
    ],
    checks: ['10m30s', '11m', '11m30s', '12m'].map((at) => ({ at, situation: 'quiet' as const, firing: [] })),
  },
  {
    alert: 'TidegateRetryStorm',
    does: 'sees it where a scrape takes place once a minute',
    interval: '1m',
    input: [calls('success', '0+60x40'), measured('0+180x40'), retries('0+120x40')],
    checks: [{ at: '15m', situation: 'fires', firing: [storm('3')] }],
  },
  {
    alert: 'TidegateRetryStorm',
    does: 'fires at three attempts a call and resolves',
    input: [calls('success', '0+30x80'), measured('0+90x30 2730+30x49'), retries('0+60x30 1800+0x49')],
    checks: [
      { at: '30s', situation: 'quiet', firing: [] },
      { at: '12m', situation: 'fires', firing: [storm('3')] },
      { at: '25m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateRetryStorm',
    does: 'stays quiet just below the ratio',
    input: [calls('success', '0+30x40'), measured('0+59x40'), retries('0+29x40')],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetryStorm',
    does: 'stays quiet below one retry in 2 s',
    input: [calls('success', '0+2x40'), measured('0+7.7x40'), retries('0+5.7x40')],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetryStorm',
    does: 'counts the first retries of counters that start at zero',
    input: [calls('success', '0x10 0+30x30'), measured('0x10 0+90x30'), retries('0x10 0+60x30')],
    checks: [{ at: '15m', situation: 'first-event', firing: [storm('3')] }],
  },
];

const EXHAUSTED: RuleTest[] = [
  {
    alert: 'TidegateRetriesExhausted',
    does: 'opens a ticket when calls fail for good and resolves',
    input: [calls('success', '0+24x160'), calls('retries_exhausted', '0+1x30 30+0x130')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '13m', situation: 'fires', firing: [exhausted('4%')] },
      { at: '60m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateRetriesExhausted',
    does: 'stays quiet just below the share',
    input: [calls('success', '0+110x80'), calls('retries_exhausted', '0+1x80')],
    checks: [{ at: '35m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetriesExhausted',
    does: 'stays quiet for nine failed calls of a quiet night',
    input: [calls('success', '0+1x80'), calls('retries_exhausted', '0x20 9x60')],
    checks: [{ at: '25m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateRetriesExhausted',
    does: 'counts the first failures of a counter that starts at zero',
    input: [calls('success', '0+24x80'), calls('retries_exhausted', '0x20 8x14 16x45')],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '22m', situation: 'first-event', firing: [exhausted('1.5%')] },
    ],
  },
  {
    // 200 processes, none of which sees enough failures to open its circuit.
    alert: 'TidegateRetriesExhausted',
    does: 'stays quiet for what a fleet loses in 40 seconds',
    input: [calls('success', '0+100x160'), calls('retries_exhausted', '0x40 150 300x120')],
    checks: ['23m', '26m', '30m', '40m', '52m'].map((at) => ({ at, situation: 'quiet' as const, firing: [] })),
  },
  {
    alert: 'TidegateRetriesExhausted',
    does: 'does not count calls that a retry saved',
    input: [calls('success', '0+24x40'), calls('success_after_retry', '0+10x40'), calls('retries_exhausted', '0x40')],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
];

// Nothing ends while a circuit is open, and its probes are retries.
const NO_CALL_ENDS = [
  calls('success', '0x40'),
  calls('retries_exhausted', '0x40'),
  attempts('0+6x40'),
  retries('0+6x40'),
];

const RATIOS: ExpressionTest[] = [
  {
    does: 'retries without a finished call have no ratio',
    input: NO_CALL_ENDS,
    expr: 'tidegate:retry_ratio:rate5m',
    at: '10m',
    samples: [],
  },
  {
    does: 'attempts without a finished call have no ratio',
    input: NO_CALL_ENDS,
    expr: 'tidegate:attempts_per_call:ratio_rate5m',
    at: '10m',
    samples: [],
  },
  {
    does: 'a retry of every second call makes it one and a half attempts a call',
    input: [calls('success', '0+15x40'), calls('success_after_retry', '0+15x40'), attempts('0+45x40')],
    expr: 'tidegate:attempts_per_call:ratio_rate5m',
    at: '10m',
    samples: [{ labels: MODEL_LABELS, value: 1.5 }],
  },
];

export const RETRY_TESTS: RuleTestFile = {
  name: 'retries',
  evaluationInterval: '30s',
  alerts: ['TidegateRetrySpike', 'TidegateRetryStorm', 'TidegateRetriesExhausted'],
  tests: [...SPIKE, ...STORM, ...EXHAUSTED],
  expressions: RATIOS,
};
