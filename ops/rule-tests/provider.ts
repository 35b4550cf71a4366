import { refusals } from './limit-series.ts';
import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

const MODEL_LABELS = { job: 'app', ...MODEL };

const attempts = (status: string, values: string): InputSeries =>
  input('tidegate.attempts', { ...MODEL, gen_ai_operation_name: 'chat', http_response_status_code: status }, values);
const streams = (outcome: string, values: string): InputSeries =>
  input('tidegate.streams', { ...MODEL, gen_ai_operation_name: 'chat', tidegate_stream_outcome: outcome }, values);

const overloaded = (percentage: string): Firing => ({
  labels: { severity: 'warning', job: 'app', gen_ai_provider_name: 'openai' },
  summary: 'An LLM provider answers with server errors.',
  description: `openai (app) answered ${percentage} of the attempts with 5xx (threshold 20%). Your limits are not the cause: check the provider's status page, and use another model or provider where calls are urgent.`,
});

const OVERLOADED: RuleTest[] = [
  {
    alert: 'TidegateProviderOverloaded',
    does: 'fires on server errors of any kind and resolves',
    input: [attempts('200', '0+21x80'), attempts('503', '0+6x30 180+0x50'), attempts('529', '0+3x30 90+0x50')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '12m', situation: 'fires', firing: [overloaded('30%')] },
      { at: '25m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateProviderOverloaded',
    does: 'stays quiet just below the share, and for 429',
    input: [attempts('200', '0+20x40'), attempts('503', '0+9x40'), attempts('429', '0+20x40')],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateProviderOverloaded',
    does: 'stays quiet below one attempt in 20 s',
    input: [attempts('503', '0+1.4x40')],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateProviderOverloaded',
    does: 'counts the first errors of a counter that starts at zero',
    input: [attempts('200', '0+21x60'), attempts('503', '0x20 9+9x40')],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '22m', situation: 'first-event', firing: [overloaded('30%')] },
    ],
  },
];

const full = (number: string): Firing => ({
  labels: { severity: 'info', ...MODEL_LABELS },
  summary: 'A tier of an LLM provider has no capacity.',
  description: `openai/gpt-5.1 (app) had ${number} attempts in 10 minutes for which the tier had no capacity (threshold 5). Your limits are not the cause: set onFlexUnavailable to standard, use another tier or model, or let the work wait.`,
});

const NO_CAPACITY: RuleTest[] = [
  {
    alert: 'TidegateNoCapacity',
    does: 'fires while a tier has no room, and resolves',
    input: [refusals('no_capacity', '0+1x30 30x40')],
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '14m', situation: 'fires', firing: [full('20')] },
      { at: '30m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateNoCapacity',
    does: 'stays quiet for limits, and sees the first of a counter that starts at zero',
    input: [refusals('requests', '0+5x40'), refusals('no_capacity', '0x20 6x40')],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '14m', situation: 'first-event', firing: [full('6')] },
    ],
  },
];

const LATENCY_BOUNDS = ['0.5', '2', '2.5', '10', '20', '30', '38', '40', '80', '+Inf'];

/** Histogram of 20 attempts per step, all in the bucket up to `bound`. */
function latency(model: string, phases: readonly { readonly steps: number; readonly bound: string }[]): InputSeries[] {
  return [...LATENCY_BOUNDS, undefined].map((le) => {
    let total = 0;
    const values = phases.flatMap(({ steps, bound }) => {
      const step = seconds(le ?? '+Inf') >= seconds(bound) ? 20 : 0;
      return Array.from({ length: steps }, () => (total += step));
    });
    const labels = {
      gen_ai_provider_name: 'openai',
      gen_ai_request_model: model,
      gen_ai_operation_name: 'chat',
      tidegate_attempt_outcome: 'ok',
      ...(le !== undefined && { le }),
    };
    return input(
      'tidegate.attempt.duration_seconds',
      labels,
      `0 ${compress(values)}`,
      le === undefined ? 'count' : 'bucket',
    );
  });
}

function seconds(bound: string): number {
  return bound === '+Inf' ? Infinity : Number(bound);
}

/** Runs of equal steps in promtool's notation. */
function compress(values: readonly number[]): string {
  const runs: string[] = [];
  for (let index = 0; index < values.length;) {
    const first = values[index]!;
    const step = (values[index + 1] ?? first) - first;
    let length = 1;
    while (index + length < values.length && values[index + length] === first + step * length) length += 1;
    runs.push(length === 1 ? `${first}` : `${first}+${step}x${length - 1}`);
    index += length;
  }
  return runs.join(' ');
}

const HOUR = 30;
const DAY = 24 * HOUR;
const slow = (model: string, took: string): Firing => ({
  labels: { severity: 'warning', ...MODEL_LABELS, gen_ai_request_model: model },
  summary: 'LLM attempts are much slower than a day ago.',
  description: `openai/${model} (app) takes ${took} per attempt at the 95th percentile, more than 3 times what it took in this hour of the day before. Waits in the client are not included: compare output tokens per call, then the provider's status page.`,
});
const BOTH = [slow('fast', '9.6 seconds'), slow('gpt-5.1', '78 seconds')];

// One test for all, because a day or more takes long to evaluate; two of five may fire.
const LATENCY: RuleTest[] = [
  {
    alert: 'TidegateAttemptLatencyHigh',
    does: 'fires at four times the latency of a day ago, long or short; not below three times, nor below two seconds, nor without a yesterday',
    interval: '2m',
    input: [
      ...latency('gpt-5.1', [
        { steps: DAY + HOUR, bound: '20' },
        { steps: HOUR, bound: '80' },
        { steps: HOUR, bound: '20' },
      ]),
      ...latency('below-thrice', [
        { steps: DAY + HOUR, bound: '20' },
        { steps: 2 * HOUR, bound: '38' },
      ]),
      ...latency('fast', [
        { steps: DAY + HOUR, bound: '2.5' },
        { steps: HOUR, bound: '10' },
        { steps: HOUR, bound: '2.5' },
      ]),
      ...latency('instant', [
        { steps: DAY + HOUR, bound: '0.5' },
        { steps: 2 * HOUR, bound: '2' },
      ]),
      ...latency('new', [{ steps: 2 * HOUR, bound: '80' }]).map((series) => ({
        ...series,
        values: `_x${DAY} ${series.values}`,
      })),
    ],
    checks: [
      { at: '25h', situation: 'first-event', firing: [] },
      { at: '25h50m', situation: 'fires', firing: BOTH },
      { at: '25h55m', situation: 'quiet', firing: BOTH },
      { at: '26h45m', situation: 'resolves', firing: [] },
    ],
  },
];

const interrupted = (percentage: string): Firing => ({
  labels: { severity: 'warning', ...MODEL_LABELS },
  summary: 'LLM streams break off before their end.',
  description: `openai/gpt-5.1 (app) loses ${percentage} of its streams midway (threshold 5%). A broken stream is not retried once content was delivered: check proxies and idle timeouts on the way, then the provider's status page.`,
});

const STREAMS: RuleTest[] = [
  {
    alert: 'TidegateStreamInterruptions',
    does: 'fires when streams break and resolves',
    input: [streams('completed', '0+9x120'), streams('interrupted', '0+1x50 50+0x70')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '20m', situation: 'fires', firing: [interrupted('10%')] },
      { at: '45m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateStreamInterruptions',
    does: 'stays quiet just below the share, and for streams that the application stopped',
    input: [streams('completed', '0+90x80'), streams('interrupted', '0+5x80'), streams('cancelled', '0+10x80')],
    checks: [{ at: '35m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateStreamInterruptions',
    does: 'stays quiet for fewer than five in five minutes',
    interval: '120s',
    input: [streams('completed', '0x40'), streams('interrupted', '0+1.1x40')],
    checks: [{ at: '60m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateStreamInterruptions',
    does: 'counts the first breaks of a counter that starts at zero',
    input: [streams('completed', '0+9x120'), streams('interrupted', '0x20 1+1x100')],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '40m', situation: 'first-event', firing: [interrupted('10%')] },
    ],
  },
];

const refused = (severity: 'warning' | 'critical', number: string): Firing => ({
  labels: { severity, ...MODEL_LABELS },
  summary:
    severity === 'critical'
      ? 'An LLM provider refuses the API key.'
      : 'An LLM provider refuses the API key of some calls.',
  description: `The key is refused: openai/gpt-5.1 (app) had ${number} attempt${number === '1' ? '' : 's'} answered with 401 or 403 in 5 minutes${severity === 'critical' ? ', and most of its calls fail' : ''}. Fix the key: it is missing, revoked, or not allowed to use this model. Retrying cannot help.`,
});

const calls = (outcome: string, values: string): InputSeries =>
  input('tidegate.calls', { ...MODEL, gen_ai_operation_name: 'chat', tidegate_outcome: outcome }, values);

const AUTH: RuleTest[] = [
  {
    alert: 'TidegateAuthFailing',
    does: 'pages while the key is refused and resolves once it is fixed',
    input: [
      attempts('401', '0+1x20 20+0x80'),
      attempts('403', '0+1x20 20+0x80'),
      calls('client_error', '0+2x20 40+0x80'),
      calls('success', '0x20 0+2x80'),
    ],
    checks: [
      { at: '8m', situation: 'fires', firing: [refused('warning', '20'), refused('critical', '20')] },
      // No ticket for something that is over.
      { at: '12m30s', situation: 'fires', firing: [refused('critical', '16')] },
      { at: '17m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateAuthFailing',
    does: 'stays quiet for every other status',
    input: [attempts('401', '0x40'), attempts('403', '0x40'), attempts('400', '0+5x40'), attempts('404', '0+5x40')],
    checks: [{ at: '10m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateAuthFailing',
    does: 'is a ticket for the very first refusal of a counter that starts at zero, and wakes nobody for a single one',
    input: [attempts('401', '0x10 1x40'), calls('client_error', '0x10 1x40'), calls('success', '0x50')],
    checks: [
      { at: '5m', situation: 'quiet', firing: [] },
      { at: '7m', situation: 'first-event', firing: [refused('warning', '1')] },
    ],
  },
];

const bad = (severity: 'warning' | 'critical', percentage: string): Firing => ({
  labels: { severity, ...MODEL_LABELS },
  summary:
    severity === 'critical'
      ? 'An LLM provider refuses nearly every request as wrong.'
      : 'An LLM provider refuses many requests as wrong.',
  description: `A release changed what is sent, or the model is gone: openai/gpt-5.1 (app) had ${percentage} of its calls refused as a bad request (400, 404 or 422) within ${severity === 'critical' ? 'two minutes (threshold 80%' : 'five minutes (threshold 20%'}). Read the error's message in the application's log. Retrying cannot help.`,
});

const BAD: RuleTest[] = [
  {
    alert: 'TidegateBadRequests',
    does: 'pages when every call is refused, and leaves no ticket behind once the release is taken back',
    input: [calls('success', '0+10x20 200x20 200+10x40'), calls('bad_request', '0x20 10+10x19 200x41')],
    checks: [
      { at: '9m', situation: 'quiet', firing: [] },
      { at: '14m', situation: 'fires', firing: [bad('critical', '100%')] },
      { at: '19m', situation: 'fires', firing: [bad('warning', '100%'), bad('critical', '100%')] },
      { at: '24m', situation: 'resolves', firing: [] },
      { at: '38m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateBadRequests',
    does: 'is a ticket where one call in three is refused',
    input: [calls('success', '0+10x60'), calls('bad_request', '0+5x60')],
    checks: [{ at: '20m', situation: 'fires', firing: [bad('warning', '33%')] }],
  },
  {
    alert: 'TidegateBadRequests',
    does: 'stays quiet just below the share, for nine of nine, and for keys that are refused',
    input: [
      calls('success', '0+10x60'),
      calls('bad_request', '0+2.4x60'),
      calls('client_error', '0+2x60'),
      input(
        'tidegate.calls',
        { ...MODEL, gen_ai_request_model: 'other', tidegate_outcome: 'bad_request' },
        '0x10 9x50',
      ),
    ],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateBadRequests',
    does: 'counts the first refusals of a counter that starts at zero',
    input: [calls('success', '0x40'), calls('bad_request', '0x10 12x30')],
    checks: [{ at: '7m', situation: 'first-event', firing: [bad('critical', '100%')] }],
  },
];

export const PROVIDER_TESTS: RuleTestFile = {
  name: 'provider',
  evaluationInterval: '1m',
  alerts: [
    'TidegateProviderOverloaded',
    'TidegateNoCapacity',
    'TidegateAttemptLatencyHigh',
    'TidegateStreamInterruptions',
    'TidegateAuthFailing',
    'TidegateBadRequests',
  ],
  tests: [...OVERLOADED, ...NO_CAPACITY, ...LATENCY, ...STREAMS, ...AUTH, ...BAD],
};
