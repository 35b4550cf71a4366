import { type Firing, input, type InputSeries, type RuleTest, type RuleTestFile } from './rule-test.ts';

const info = (values: string, instance = 'a'): InputSeries =>
  input('tidegate.build_info', { instance, version: '1.0.0', sdk: 'openai' }, values);
const up = (values: string, instance = 'a'): InputSeries => input('up', { instance }, values);

const ADVICE =
  'so its calls are on no dashboard and in no alert. Check the process, its metrics port and its bind address.';

const instanceDown: Firing = {
  labels: { severity: 'warning', scope: 'instance', job: 'app', instance: 'a' },
  summary: 'A tidegate metrics endpoint cannot be scraped.',
  description: `a (app) has not answered scrapes for 5 minutes, ${ADVICE}`,
};
const jobDown: Firing = {
  labels: { severity: 'warning', scope: 'job', job: 'app' },
  summary: 'No tidegate metrics endpoint of a job can be scraped.',
  description: `No instance of app has answered scrapes for 5 minutes, ${ADVICE}`,
};
const DOWN: RuleTest[] = [
  {
    alert: 'TidegateTelemetryDown',
    does: 'fires for the instance and the job when the only target is down, and resolves',
    input: [info('1x10 _x30 1x20'), up('1x10 0x29 1x20')],
    checks: [
      { at: '9m', situation: 'quiet', firing: [] },
      { at: '12m', situation: 'fires', firing: [instanceDown, jobDown] },
      { at: '25m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTelemetryDown',
    does: 'leaves the job alone while another instance answers',
    input: [info('1x10 _x40'), up('1x10 0x40'), info('1x60', 'b'), up('1x60', 'b')],
    checks: [{ at: '12m', situation: 'fires', firing: [instanceDown] }],
  },
  {
    alert: 'TidegateTelemetryDown',
    does: 'ignores targets that never served tidegate metrics',
    input: [up('0x60'), info('1x60', 'b'), up('1x60', 'b')],
    checks: [{ at: '20m', situation: 'first-event', firing: [] }],
  },
];

const absent: Firing = {
  labels: { severity: 'warning' },
  summary: 'No tidegate telemetry arrives at all.',
  description:
    'No process reports tidegate metrics, and none has within eight days, so none of the other alerts can fire. Check that startTelemetry() runs in the application and that Prometheus knows its address.',
};

const ABSENT: RuleTest[] = [
  {
    alert: 'TidegateTelemetryAbsent',
    does: 'fires when nothing has ever reported, and resolves with the first process',
    input: [info('_x40 1x40')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '6m', situation: 'fires', firing: [absent] },
      { at: '21m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTelemetryAbsent',
    does: 'stays quiet from the first report on',
    input: [info('1x60')],
    checks: [{ at: '20m', situation: 'first-event', firing: [] }],
  },
  {
    alert: 'TidegateTelemetryAbsent',
    does: 'leaves what was there to other alerts: some jobs run once a week',
    interval: '1m',
    input: [info('1x30 _x500')],
    checks: [{ at: '500m', situation: 'quiet', firing: [] }],
  },
];

const overflow: Firing = {
  labels: { severity: 'warning', job: 'app' },
  summary: 'Tidegate metrics lose their labels.',
  description:
    'app has 1 series without labels, because a metric has more label sets than the SDK keeps. Per-model alerts miss those calls: lower telemetry.maxModels or use fewer telemetry.attributes.',
};

const OVERFLOW: RuleTest[] = [
  {
    alert: 'TidegateTelemetryCardinalityOverflow',
    does: 'fires when label sets overflow, and resolves after a restart',
    input: [input('tidegate.attempts', { otel_metric_overflow: 'true' }, '1x30 _x40')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '6m', situation: 'fires', firing: [overflow] },
      { at: '25m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTelemetryCardinalityOverflow',
    does: 'stays quiet for ordinary series',
    input: [input('tidegate.attempts', { http_response_status_code: '200' }, '1x30')],
    checks: [{ at: '12m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateTelemetryCardinalityOverflow',
    does: 'needs no zero series: the overflow counts from its first sample',
    input: [input('tidegate.calls', { otel_metric_overflow: 'true' }, '_x10 7x30')],
    checks: [{ at: '11m', situation: 'first-event', firing: [overflow] }],
  },
];

const past = (count: string, via: string, advice: string): Firing => ({
  labels: { severity: 'warning', job: 'app', gen_ai_provider_name: 'openai', tidegate_unguarded_via: via },
  summary: 'Requests to a provider bypass every guard.',
  description: `app has sent ${count} requests to openai past tidegate in 15 minutes (via ${via}). They share the limit and are neither paced nor retried nor in any other alert. ${advice}`,
});
const BUNDLED =
  'It is an SDK that was bundled, a second copy, or a client that nobody guards: mark the SDK external, or guard the client.';
const PLAIN = 'Send them with the guarded fetch, or with a guarded client.';
const unguarded = (values: string, via = 'sdk', instance = 'a'): InputSeries =>
  input(
    'tidegate.unguarded.requests',
    { gen_ai_provider_name: 'openai', tidegate_unguarded_via: via, instance },
    values,
  );

const UNGUARDED: RuleTest[] = [
  {
    alert: 'TidegateUnguardedRequests',
    does: 'fires for traffic past the guard, and resolves when it is guarded',
    input: [unguarded('0+1x60 60x80')],
    checks: [
      { at: '8m', situation: 'quiet', firing: [] },
      { at: '25m', situation: 'fires', firing: [past('30', 'sdk', BUNDLED)] },
      { at: '60m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateUnguardedRequests',
    does: 'adds up what the instances of a job send, by the way they send it',
    input: [unguarded('0+0.25x120', 'fetch'), unguarded('0+0.25x120', 'fetch', 'b'), unguarded('0+0.1x120', 'http')],
    checks: [{ at: '40m', situation: 'fires', firing: [past('15', 'fetch', PLAIN)] }],
  },
  {
    alert: 'TidegateUnguardedRequests',
    does: 'leaves a script that was run once alone',
    input: [unguarded('0x20 5x80')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateUnguardedRequests',
    does: 'stays quiet for a counter that begins with what came before it was scraped',
    input: [unguarded('_x20 40x60')],
    checks: [{ at: '25m', situation: 'first-event', firing: [] }],
  },
];

export const TELEMETRY_TESTS: RuleTestFile = {
  name: 'telemetry',
  evaluationInterval: '30s',
  alerts: [
    'TidegateTelemetryDown',
    'TidegateTelemetryAbsent',
    'TidegateTelemetryCardinalityOverflow',
    'TidegateUnguardedRequests',
  ],
  tests: [...DOWN, ...ABSENT, ...OVERFLOW, ...UNGUARDED],
};
