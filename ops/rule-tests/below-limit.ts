import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

const BULKHEAD = { gen_ai_provider_name: 'openai', tidegate_bulkhead: 'openai/gpt-5.1' };

const queued = (values: string): InputSeries => input('tidegate.bulkhead.queued', BULKHEAD, values);
const active = (values: string): InputSeries => input('tidegate.bulkhead.active', BULKHEAD, values);
const slots = (values: string): InputSeries => input('tidegate.bulkhead.capacity', BULKHEAD, values);
const used = (values: string): InputSeries =>
  input('tidegate.limit.utilization_ratio', { ...MODEL, tidegate_limit_dimension: 'requests' }, values);
const refused = (values: string): InputSeries =>
  input('tidegate.ratelimit.rejections', { ...MODEL, tidegate_limit_dimension: 'requests' }, values);

const idle: Firing = {
  labels: { severity: 'warning', job: 'app', gen_ai_provider_name: 'openai' },
  summary: 'LLM calls wait although no limit is used up.',
  description:
    'Another client takes most of the account, a limit in pacing is too low, or tidegate is at fault: 700 calls to openai (app) wait, while each limit and the slots are used by less than 50%, next to nothing was refused and the circuit is closed. The client holds them back by itself: compare the limits in guard.snapshot() with those of the account. A higher tier would not help.',
};

const IDLE: RuleTest[] = [
  {
    alert: 'TidegateBelowLimit',
    does: 'fires where 700 wait at a fifth of the limit, and resolves',
    input: [queued('0x20 700x40 0x40'), used('0.19x100'), active('5x100'), slots('500x100'), refused('0x30 2x20 4x50')],
    checks: [
      { at: '9m', situation: 'quiet', firing: [] },
      { at: '22m', situation: 'fires', firing: [idle] },
      { at: '40m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateBelowLimit',
    does: 'stays quiet at the limit',
    input: [queued('700x60'), used('0.97x60'), active('5x60'), slots('500x60')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateBelowLimit',
    does: 'stays quiet where all slots are taken',
    input: [queued('700x60'), used('0.19x60'), active('490x60'), slots('500x60')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateBelowLimit',
    does: 'stays quiet where calls are refused',
    input: [queued('700x60'), used('0.19x60'), active('5x60'), slots('500x60'), refused('0+1x60')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateBelowLimit',
    does: 'says so where the provider has asked to wait',
    input: [
      queued('700x60'),
      used('0.19x60'),
      active('0x60'),
      slots('500x60'),
      input(
        'tidegate.queue.paused_seconds',
        BULKHEAD,
        '110 80 50 20 110 80 50 20 110 80 50 20 110 80 50 20 110 80 50 20',
      ),
    ],
    checks: [
      {
        at: '9m',
        situation: 'fires',
        firing: [
          {
            ...idle,
            description:
              'The provider has asked to wait: 700 calls to openai (app) wait, while each limit and the slots are used by less than 50%, next to nothing was refused and the circuit is closed. A pause had up to 2 minutes left in the last five minutes, as a refusal asked for: its events tidegate.ratelimit.hit name the limit. A higher tier would not help.',
          },
        ],
      },
    ],
  },
  {
    alert: 'TidegateBelowLimit',
    does: 'sees a queue that is there when it is first scraped',
    input: [queued('_x4 700x40'), used('_x4 0.19x40'), active('_x4 5x40'), slots('_x4 500x40')],
    checks: [{ at: '10m', situation: 'first-event', firing: [idle] }],
  },
];

export const BELOW_LIMIT_TESTS: RuleTestFile = {
  name: 'below-limit',
  evaluationInterval: '30s',
  alerts: ['TidegateBelowLimit'],
  tests: IDLE,
};
