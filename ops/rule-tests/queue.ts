import { spent, waits } from './waits.ts';
import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

const BULKHEAD = { gen_ai_provider_name: 'openai', tidegate_bulkhead: 'openai/gpt-5.1' };

const queued = (values: string, instance = 'a'): InputSeries =>
  input('tidegate.bulkhead.queued', { instance, ...BULKHEAD }, values);
const capacity = (values: string, instance = 'a'): InputSeries =>
  input('tidegate.bulkhead.queue_capacity', { instance, ...BULKHEAD }, values);

const filling: Firing = {
  labels: { severity: 'warning', job: 'app', ...BULKHEAD },
  summary: 'The queue of waiting LLM calls is filling up.',
  description:
    'openai (app) gets more calls than are sent: queue openai/gpt-5.1 of one process is 90% full (threshold 80%); when full, calls fail at once. Slow down requests at the source, raise the tier, or raise bulkhead.maxQueued if waiting longer is acceptable.',
};

const FILLING: RuleTest[] = [
  {
    alert: 'TidegateBulkheadQueueFilling',
    does: 'fires for the one process whose queue is full, and resolves',
    input: [queued('900x30 10x30'), capacity('1000x60'), queued('0x60', 'b'), capacity('1000x60', 'b')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '8m', situation: 'fires', firing: [filling] },
      { at: '20m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateBulkheadQueueFilling',
    does: 'stays quiet just below the share, and for lanes that allow no queue',
    input: [queued('795x40'), capacity('1000x40'), queued('0x40', 'b'), capacity('0x40', 'b')],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateBulkheadQueueFilling',
    does: 'sees a queue that is full when it is first scraped',
    input: [queued('_x4 900x30'), capacity('_x4 1000x30')],
    checks: [{ at: '8m', situation: 'first-event', firing: [filling] }],
  },
];

const calls = (outcome: string, values: string): InputSeries =>
  input('tidegate.calls', { ...MODEL, gen_ai_operation_name: 'chat', tidegate_outcome: outcome }, values);

const rejected = (percentage: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...MODEL },
  summary: 'LLM calls are rejected before they are sent.',
  description: `openai/gpt-5.1 (app) gets more calls than its queue holds: ${percentage} of them are rejected by the client (threshold 1%). Slow down requests at the source, raise the tier, or raise bulkhead.maxQueued if waiting longer is acceptable.`,
});

const REJECTED: RuleTest[] = [
  {
    alert: 'TidegateCallsRejectedLocally',
    does: 'fires for a full queue, leaves an open circuit to its own alert, and resolves',
    input: [
      calls('success', '0+90x80'),
      calls('rejected_circuit', '0+6x30 180x50'),
      calls('rejected_bulkhead', '0+4x30 120x50'),
    ],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '12m', situation: 'fires', firing: [rejected('4%')] },
      { at: '25m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCallsRejectedLocally',
    does: 'stays quiet just below the share, and for other failures',
    input: [calls('success', '0+105x40'), calls('rejected_bulkhead', '0+1x40'), calls('timeout', '0+3x40')],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCallsRejectedLocally',
    does: 'stays quiet below one call in 50 s',
    interval: '60s',
    input: [calls('success', '0x40'), calls('rejected_bulkhead', '0+1.1x40')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCallsRejectedLocally',
    does: 'counts the first rejections of a counter that starts at zero',
    input: [calls('success', '0+90x60'), calls('rejected_bulkhead', '0x20 10+10x40')],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '22m', situation: 'first-event', firing: [rejected('10%')] },
    ],
  },
];

const wait = (stage: string, description: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...MODEL, tidegate_wait_stage: stage },
  summary: 'LLM calls wait long before they are sent.',
  description,
});

const WAIT: RuleTest[] = [
  {
    alert: 'TidegateClientWaitHigh',
    does: 'names the limit that most of the waiting was for, and resolves',
    input: [
      ...waits('pacer', 'tokens', 30, '0+16x40 640x80', '0+200x40 8000x80'),
      spent('requests', '0+60x40 2400x80'),
      spent('concurrency', '0+900x120'),
    ],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      {
        at: '18m',
        situation: 'fires',
        firing: [
          wait(
            'pacer',
            'Calls to openai/gpt-5.1 (app) wait 12 seconds on average for the tokens limit, and one in twenty more than 10 seconds. Shrink tokens: shorten prompts and lower max_tokens; for more, raise the tier.',
          ),
        ],
      },
      { at: '50m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateClientWaitHigh',
    does: 'speaks of slots where the bulkhead is what holds calls back',
    input: waits('bulkhead', 'concurrency', 30, '0+10x40', '0+200x40'),
    checks: [
      {
        at: '18m',
        situation: 'fires',
        firing: [
          wait(
            'bulkhead',
            'Calls to openai/gpt-5.1 (app) wait 20 seconds on average for a slot, and one in twenty more than 10 seconds. Raise bulkhead.maxConcurrent or shorten the answers.',
          ),
        ],
      },
    ],
  },
  {
    alert: 'TidegateClientWaitHigh',
    does: 'stays quiet just below the threshold, when few calls wait long, and for a batch, whose calls do',
    input: [
      ...waits('pacer', 'requests', 60, '0+50x40', '0+2000x40', 'batch'),
      // A circuit that holds calls back has its own alert.
      ...waits('circuit', 'circuit', 60, '0+50x40', '0+2000x40'),
      ...waits('bulkhead', 'concurrency', 10, '0+10x40', '0+90x40'),
      // Four of a hundred.
      ...waits('pacer', undefined, 30, '0+100x40', '0+80x40').map((series) =>
        series.labels['le'] === '5' || series.labels['le'] === '10' ? { ...series, values: '0+96x40' } : series,
      ),
    ],
    checks: [{ at: '18m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateClientWaitHigh',
    does: 'counts the first waits of a histogram that starts at zero',
    input: waits('pacer', 'pause', 60, '0x10 10+10x40', '0x10 400+400x40'),
    checks: [
      { at: '5m', situation: 'quiet', firing: [] },
      {
        at: '18m',
        situation: 'first-event',
        firing: [
          wait(
            'pacer',
            'Calls to openai/gpt-5.1 (app) wait 40 seconds on average because the provider has asked for it, and one in twenty more than 10 seconds. The provider asked to wait: slow down requests until it stops doing so.',
          ),
        ],
      },
    ],
  },
];

export const QUEUE_TESTS: RuleTestFile = {
  name: 'queue',
  evaluationInterval: '30s',
  alerts: ['TidegateBulkheadQueueFilling', 'TidegateCallsRejectedLocally', 'TidegateClientWaitHigh'],
  tests: [...FILLING, ...REJECTED, ...WAIT],
};
