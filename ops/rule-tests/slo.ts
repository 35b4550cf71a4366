import { type Firing, input, type InputSeries, type RuleTest, type RuleTestFile } from './rule-test.ts';

const calls = (outcome: string, values: string): InputSeries =>
  input(
    'tidegate.calls',
    {
      gen_ai_provider_name: 'openai',
      gen_ai_request_model: 'm',
      gen_ai_operation_name: 'chat',
      tidegate_outcome: outcome,
    },
    values,
  );

const quotaRefusals = (values: string): InputSeries =>
  input(
    'tidegate.ratelimit.rejections',
    {
      gen_ai_provider_name: 'openai',
      gen_ai_request_model: 'm',
      gen_ai_operation_name: 'chat',
      tidegate_limit_dimension: 'quota',
    },
    values,
  );

interface Window {
  readonly severity: string;
  readonly long: string;
  readonly short: string;
  readonly words: string;
  readonly threshold: string;
}

const HOUR: Window = {
  severity: 'critical',
  long: '1h',
  short: '5m',
  words: '1 hour',
  threshold: '14.4%, 14.4 times ',
};
const QUARTER_DAY: Window = {
  severity: 'critical',
  long: '6h',
  short: '30m',
  words: '6 hours',
  threshold: '6%, 6 times ',
};
const THREE_DAYS: Window = { severity: 'warning', long: '3d', short: '6h', words: '3 days', threshold: '1%, ' };

type Cause = 'refused' | 'late' | 'open';
const CAUSES: Readonly<Record<Cause, readonly [because: string, advice: string]>> = {
  refused: [
    'the provider refuses or fails each attempt',
    'Find the status code of the attempts: for 429 slow down requests, for 5xx wait for the provider or use another.',
  ],
  late: [
    'they run into their deadline',
    'Compare waits and the latency of attempts with the deadline: slow down requests, or allow more time.',
  ],
  open: ['the circuit is open', "Check the provider's status page and the network."],
};

const burn = (
  { severity, long, short, words, threshold }: Window,
  percentage: string,
  cause: Cause = 'refused',
): Firing => ({
  labels: { severity, long, short, job: 'app', gen_ai_provider_name: 'openai' },
  summary: 'LLM calls fail so often that the error budget runs out.',
  description: `openai (app) failed ${percentage} of its calls over ${words}, mostly because ${CAUSES[cause][0]} (threshold ${threshold}what an objective of 99% allows). ${CAUSES[cause][1]}`,
});

const BURNS: RuleTest[] = [
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'pages once for a steep burn, and resolves soon after it',
    interval: '1m',
    input: [calls('success', '0+8x20 170+10x460'), calls('retries_exhausted', '0+2x20 40+0x460')],
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '10m', situation: 'fires', firing: [burn(HOUR, '20%')] },
      { at: '21m', situation: 'fires', firing: [burn(HOUR, '20%')] },
      { at: '35m', situation: 'resolves', firing: [] },
      { at: '55m', situation: 'resolves', firing: [] },
      { at: '8h', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'pages again where half an hour after a steep burn calls still fail, though fewer',
    interval: '1m',
    input: [calls('success', '0+8x30 249+9x240'), calls('retries_exhausted', '0+2x30 61+1x240')],
    checks: [
      { at: '20m', situation: 'fires', firing: [burn(HOUR, '20%')] },
      { at: '50m', situation: 'resolves', firing: [] },
      { at: '2h50m', situation: 'fires', firing: [burn(THREE_DAYS, '12%'), burn(QUARTER_DAY, '12%')] },
    ],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'leaves calls that mostly fail to their own page, during it and after it',
    interval: '30s',
    input: [calls('success', '0+20x60 1200+4x60 1460+20x120'), calls('timeout', '0x60 16+16x60 976x120')],
    checks: ['35m', '50m', '61m', '64m', '70m', '85m'].map((at) => ({ at, situation: 'quiet' as const, firing: [] })),
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'leaves an outage to its own page, while it lasts and while its failures leave the short window',
    interval: '1m',
    input: [
      calls('success', '0+10x20 200x10 210+10x60'),
      calls('rejected_circuit', '0x20 10+10x10 110x60'),
      input(
        'tidegate.circuit.state',
        { gen_ai_provider_name: 'openai', tidegate_circuit: 'openai/m', tidegate_circuit_state: 'closed' },
        '1x20 0x10 1x60',
      ),
    ],
    checks: [
      { at: '26m', situation: 'quiet', firing: [] },
      { at: '33m', situation: 'quiet', firing: [] },
    ],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'pages on a moderate burn without the fast window',
    interval: '1m',
    input: [calls('success', '0+93x60'), calls('timeout', '0+7x60')],
    checks: [{ at: '40m', situation: 'fires', firing: [burn(QUARTER_DAY, '7%', 'late')] }],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'opens a ticket on a slow burn',
    interval: '1m',
    input: [calls('success', '0+98x120'), calls('rejected_circuit', '0+2x120')],
    checks: [
      { at: '50m', situation: 'quiet', firing: [] },
      { at: '90m', situation: 'fires', firing: [burn(THREE_DAYS, '2%', 'open')] },
    ],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'stays quiet while the objective is met',
    interval: '1m',
    input: [calls('success', '0+991x120'), calls('retries_exhausted', '0+9x120')],
    checks: [{ at: '110m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'counts neither saved calls, nor cancelled ones, nor the application’s own mistakes',
    interval: '1m',
    input: [
      calls('success', '0+50x120'),
      calls('success_after_retry', '0+50x120'),
      calls('cancelled', '0+50x120'),
      calls('client_error', '0+50x120'),
      calls('retries_exhausted', '0x120'),
    ],
    checks: [{ at: '110m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'leaves an empty account to TidegateQuotaExhausted, also in the hours after it is filled',
    interval: '1m',
    input: [
      calls('success', '0+10x30 300+0x60 300+10x350'),
      calls('retries_exhausted', '0x30 10+10x60 610x350'),
      quotaRefusals('0x30 1+1x60 61x350'),
    ],
    checks: ['35m', '60m', '95m', '110m', '2h', '4h', '7h'].map((at) => ({
      at,
      situation: 'quiet' as const,
      firing: [],
    })),
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'pages for another reason soon after an empty account was filled',
    interval: '1m',
    input: [
      calls('success', '0+10x30 300+0x10 300+8x60'),
      calls('retries_exhausted', '0x30 10+10x10 112+2x59'),
      quotaRefusals('0x30 1+1x10 11x60'),
    ],
    checks: [
      { at: '44m', situation: 'quiet', firing: [] },
      { at: '55m', situation: 'fires', firing: [burn(HOUR, '26%')] },
    ],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'stays quiet when a handful of calls fail at night',
    interval: '10m',
    input: [calls('success', '0x40'), calls('timeout', '0+1x19 19x20')],
    checks: [{ at: '4h20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCallErrorBudgetBurn',
    does: 'sees failures from the first call on when counters start at zero',
    interval: '1m',
    input: [calls('success', '0x30'), calls('retries_exhausted', '0x5 5+5x25')],
    checks: [{ at: '12m', situation: 'first-event', firing: [burn(HOUR, '100%')] }],
  },
];

export const SLO_TESTS: RuleTestFile = {
  name: 'slo',
  evaluationInterval: '1m',
  alerts: ['TidegateCallErrorBudgetBurn'],
  tests: BURNS,
};
