import { type Firing, input, type InputSeries, type RuleTest, type RuleTestFile } from './rule-test.ts';

const info = (values: string, instance = 'a'): InputSeries =>
  input('tidegate.build_info', { instance, version: '1.0.0', sdk: 'openai' }, values);
const up = (values: string, instance = 'a'): InputSeries => input('up', { instance }, values);

const HAS = 'app has no process left that reports, and Prometheus scrapes no target of it.';

const vanished: Firing = {
  labels: { severity: 'critical', job: 'app' },
  summary: 'A job that makes LLM calls has disappeared.',
  description: `${HAS} Until then it made calls. None of its other alerts can fire. Check its deployment and the service discovery or the Collector; if it was removed on purpose this ends by itself within the hour.`,
};

const idle: Firing = {
  labels: { severity: 'warning', job: 'app' },
  summary: 'A job that made LLM calls is gone.',
  description: `${HAS} In its last minutes it had nothing to do, or ran batches alone: it may have ended or been scaled to nothing, and if it comes and goes this is not told again. Check its deployment and the service discovery or the Collector if it should be there.`,
};

const LANE = { gen_ai_provider_name: 'openai', gen_ai_request_model: 'gpt-5.1' };
const attempts = (values: string): InputSeries => input('tidegate.attempt.duration_seconds', LANE, values, 'count');
const admitted = (priority: string, values: string): InputSeries =>
  input(
    'tidegate.wait.duration_seconds',
    { ...LANE, tidegate_priority: priority, tidegate_wait_stage: 'pacer' },
    values,
    'count',
  );
const waiting = (values: string): InputSeries[] => {
  const lane = { gen_ai_provider_name: 'openai', tidegate_bulkhead: 'openai/gpt-5.1' };
  return [input('tidegate.bulkhead.queued', lane, values), input('tidegate.bulkhead.active', lane, values)];
};

const VANISHED: RuleTest[] = [
  {
    alert: 'TidegateJobVanished',
    does: 'pages when the last target of a busy job has left the service discovery, and ends within the hour',
    input: [info('1x20 _x180'), up('1x20 _x180'), attempts('0+5x20 _x180')],
    checks: [
      { at: '14m', situation: 'quiet', firing: [] },
      { at: '21m', situation: 'fires', firing: [vanished] },
      { at: '85m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'pages for calls that were under way, though none had ended for two minutes',
    input: [info('1x20 _x60'), attempts('5x20 _x60'), ...waiting('3x20 _x60')],
    checks: [{ at: '21m', situation: 'fires', firing: [vanished] }],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'is a ticket for a job that had nothing to do',
    input: [info('1x30 _x180'), attempts('0+5x20 100x10 _x180'), ...waiting('0x30 _x180')],
    checks: [
      { at: '16m', situation: 'quiet', firing: [] },
      { at: '25m', situation: 'fires', firing: [idle] },
      { at: '85m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'is nothing for a job that is scaled to nothing again and again',
    interval: '1m',
    input: [
      info('1x30 _x10 1x80 _x10 1x80 _x40'),
      attempts('0+5x25 125x5 _x10 0+5x75 375x5 _x10 0+5x75 375x5 _x40'),
      ...waiting('0x30 _x10 0x80 _x10 0x80 _x40'),
    ],
    checks: [
      { at: '130m', situation: 'quiet', firing: [] },
      { at: '225m', situation: 'quiet', firing: [] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'is a ticket for a job that ran batches alone, whatever was under way',
    input: [info('1x30 _x60'), attempts('0+5x30 _x60'), ...waiting('3x30 _x60'), admitted('batch', '0+5x30 _x60')],
    checks: [
      { at: '14m', situation: 'quiet', firing: [] },
      { at: '25m', situation: 'fires', firing: [idle] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'pages where somebody waits for some of the calls, and once where a job ends with its last call, then no more',
    interval: '1m',
    input: [
      info('1x30 _x70 1x30 _x70 1x30 _x40'),
      attempts('0+5x30 _x70 0+5x30 _x70 0+5x30 _x40'),
      admitted('batch', '0+4x30 _x70 0+4x30 _x70 0+4x30 _x40'),
      admitted('normal', '0+1x30 _x70 0+1x30 _x70 0+1x30 _x40'),
    ],
    checks: [
      { at: '37m', situation: 'fires', firing: [vanished] },
      { at: '138m', situation: 'quiet', firing: [] },
      { at: '239m', situation: 'quiet', firing: [] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'pages each time for a job that is nearly always there, however often it is gone for most of an hour',
    interval: '1m',
    input: [
      info('1x190 _x45 1x190 _x45 1x190 _x90'),
      attempts('0+5x190 _x45 0+5x190 _x45 0+5x190 _x90'),
      ...waiting('3x190 _x45 3x190 _x45 3x190 _x90'),
    ],
    checks: [
      { at: '197m', situation: 'fires', firing: [vanished] },
      { at: '237m', situation: 'resolves', firing: [] },
      { at: '433m', situation: 'fires', firing: [vanished] },
      { at: '669m', situation: 'fires', firing: [vanished] },
      { at: '735m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'pages twice within the hour for a job that has just begun',
    interval: '1m',
    input: [info('1x20 _x10 1x20 _x40'), attempts('0+5x20 _x10 0+5x20 _x40')],
    checks: [
      { at: '27m', situation: 'fires', firing: [vanished] },
      { at: '58m', situation: 'fires', firing: [vanished] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'leaves a job that cannot be scraped to its own alert, and one of two instances to nobody',
    input: [
      info('1x20 _x60'),
      attempts('0+5x20 _x60'),
      up('1x20 0x60'),
      input('tidegate.build_info', { job: 'two', instance: 'c', version: '1.0.0', sdk: 'openai' }, '1x20 _x60'),
      input('tidegate.build_info', { job: 'two', instance: 'd', version: '1.0.0', sdk: 'openai' }, '1x80'),
    ],
    checks: [{ at: '30m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'pages when a job that sends by OTLP sends nothing more, and ends within the hour',
    input: [info('1x20 _x180'), attempts('0+5x20 _x180')],
    checks: [
      { at: '14m', situation: 'quiet', firing: [] },
      { at: '21m', situation: 'fires', firing: [vanished] },
      { at: '85m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateJobVanished',
    does: 'stays quiet from the first report of a job on, and while one of two goes on sending',
    input: [info('_x10 1x10 _x50'), info('1x70', 'b'), attempts('_x10 0+5x10 _x50')],
    checks: [{ at: '20m', situation: 'first-event', firing: [] }],
  },
];

const watchdog: Firing = {
  labels: { severity: 'none' },
  summary: 'Alerts about LLM calls can be delivered.',
  description:
    'This alert always fires: it proves that Prometheus evaluates these rules and that Alertmanager delivers. Route it to a service that calls when it stops to come; nothing else tells of an alerting that is dead.',
};

const WATCHDOG: RuleTest[] = [
  {
    alert: 'TidegateWatchdog',
    does: 'fires always, whatever is scraped',
    input: [info('_x10 1x10')],
    checks: [
      { at: '1m', situation: 'fires', firing: [watchdog] },
      { at: '8m', situation: 'fires', firing: [watchdog] },
    ],
  },
];

export const PRESENCE_TESTS: RuleTestFile = {
  name: 'presence',
  evaluationInterval: '30s',
  alerts: ['TidegateJobVanished', 'TidegateWatchdog'],
  tests: [...VANISHED, ...WATCHDOG],
};
