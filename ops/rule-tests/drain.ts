import { waits } from './waits.ts';
import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

const BULKHEAD = { gen_ai_provider_name: 'openai', tidegate_bulkhead: 'openai/gpt-5.1' };
const queued = (values: string): InputSeries => input('tidegate.bulkhead.queued', BULKHEAD, values);
const urgent = (values: string): InputSeries => input('tidegate.queue.urgent', BULKHEAD, values);
const ofOneTenant = (values: string): InputSeries => input('tidegate.queue.tenant_share_ratio', BULKHEAD, values);

const slow = (time: string, tenant = ''): Firing => ({
  labels: { severity: 'warning', job: 'app', gen_ai_provider_name: 'openai' },
  summary: 'LLM calls queue faster than they are sent.',
  description: `openai (app) gets more calls than its tokens limit admits${tenant}: it takes ${time} to send the calls that wait now (threshold 30 seconds), batches apart. Slow down requests at the source or raise the tier; where only some of it is urgent, give the rest the priority batch.`,
});

// Ten admissions in 30 s are one in three seconds.
const SLOW: RuleTest[] = [
  {
    alert: 'TidegateQueueSlow',
    does: 'fires for a queue of minutes though it is far from full, and resolves',
    input: [
      urgent('0x20 60x40 0x40'),
      queued('0x20 60x40 0x40'),
      ...waits('pacer', 'tokens', 30, '0+10x100', '0+200x100'),
    ],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '18m', situation: 'fires', firing: [slow('3 minutes')] },
      { at: '42m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateQueueSlow',
    does: 'says when most of the queue is of one tenant',
    input: [urgent('60x40'), ofOneTenant('0.875x40'), ...waits('pacer', 'tokens', 30, '0+10x40', '0+200x40')],
    checks: [
      {
        at: '10m',
        situation: 'fires',
        firing: [slow('3 minutes', ', 88% of those that wait from one tenant (guard.snapshot() has its name)')],
      },
    ],
  },
  {
    alert: 'TidegateQueueSlow',
    does: 'stays quiet for a long queue that is sent within 30 s, for a batch, and while the circuit is open',
    input: [
      urgent('280x40'),
      ...waits('pacer', 'tokens', 30, '0+300x40', '0+200x40'),
      input('tidegate.queue.urgent', { ...BULKHEAD, job: 'batch' }, '0x40'),
      input('tidegate.bulkhead.queued', { ...BULKHEAD, job: 'batch' }, '5000x40'),
      input('tidegate.queue.urgent', { ...BULKHEAD, gen_ai_provider_name: 'groq' }, '900x40'),
      input(
        'tidegate.wait.duration_seconds',
        { ...MODEL, gen_ai_provider_name: 'groq', tidegate_priority: 'normal', tidegate_wait_stage: 'pacer' },
        '0+1x40',
        'count',
      ),
      input(
        'tidegate.circuit.state',
        { gen_ai_provider_name: 'groq', tidegate_circuit: 'c', tidegate_circuit_state: 'closed' },
        '0x40',
      ),
    ],
    checks: [{ at: '15m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateQueueSlow',
    does: 'sees a queue that is there when it is first scraped',
    input: [urgent('_x6 60x40'), ...waits('pacer', 'tokens', 30, '_x6 0+10x40', '_x6 0+200x40')],
    checks: [{ at: '10m', situation: 'first-event', firing: [slow('3 minutes')] }],
  },
];

export const DRAIN_TESTS: RuleTestFile = {
  name: 'drain',
  evaluationInterval: '30s',
  alerts: ['TidegateQueueSlow'],
  tests: SLOW,
};
