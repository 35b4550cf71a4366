import { type Firing, input, type InputSeries, type RuleTest, type RuleTestFile } from './rule-test.ts';

const runs = (values: string, instance = 'a'): InputSeries => input('tidegate.batch.runs', { instance }, values);
const info = (values: string, instance = 'a'): InputSeries =>
  input('tidegate.build_info', { instance, version: '1.0.0', sdk: 'js' }, values);
const items = (state: string, values: string, instance = 'a'): InputSeries =>
  input('tidegate.batch.items', { instance, tidegate_batch_state: state }, values);

const stalled = (cause: string, advice: string): Firing => ({
  labels: { severity: 'warning', job: 'app', instance: 'a' },
  summary: 'A batch of LLM calls makes no progress.',
  description: `${cause}: a (app) runs 1 batch, and no item has been finished for nine minutes. ${advice} With a journal it can be stopped and continued at no cost.`,
});
const STUCK = stalled(
  'A batch waits for a daily limit, for a worker that hangs, or for a reader that does not take the results',
  'guard.snapshot() shows what the lane waits for.',
);
const OUTAGE = stalled(
  'The provider fails or cannot be reached',
  'The circuit openai/gpt-5.1 is open; the batch goes on by itself once that is over.',
);

const TESTS: RuleTest[] = [
  {
    alert: 'TidegateBatchStalled',
    does: 'fires for a batch in which nothing is finished any more, and resolves when it goes on',
    input: [
      info('1x120'),
      runs('1x120'),
      items('answered', '0+5x20 100x40 105+5x60'),
      items('failed', '0x120'),
      items('left', '900x120'),
    ],
    checks: [
      { at: '14m', situation: 'quiet', firing: [] },
      { at: '22m', situation: 'fires', firing: [STUCK] },
      { at: '36m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateBatchStalled',
    does: 'names an outage as its cause',
    input: [
      info('1x80'),
      runs('1x80'),
      items('answered', '100x80'),
      input(
        'tidegate.circuit.state',
        { gen_ai_provider_name: 'openai', tidegate_circuit: 'openai/gpt-5.1', tidegate_circuit_state: 'closed' },
        '0x80',
      ),
    ],
    checks: [{ at: '20m', situation: 'fires', firing: [OUTAGE] }],
  },
  {
    alert: 'TidegateBatchStalled',
    does: 'leaves a batch alone that is slow, that fails, or that is over',
    input: [
      info('1x80'),
      info('1x80', 'b'),
      info('1x80', 'c'),
      runs('1x80'),
      items('answered', '0x8 1x8 2x8 3x8 4x8 5x8 6x8 7x8 8x8 9x8'),
      runs('1x80', 'b'),
      items('failed', '0+1x80', 'b'),
      runs('1x10 0x70', 'c'),
      items('answered', '50x10 0x70', 'c'),
    ],
    checks: [{ at: '35m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateBatchStalled',
    does: 'gives a batch that has just begun its time',
    input: [info('_x20 1x60'), runs('_x20 1x60'), items('answered', '_x20 0x60'), items('in_flight', '_x20 100x60')],
    checks: [{ at: '13m', situation: 'first-event', firing: [] }],
  },
  {
    alert: 'TidegateBatchStalled',
    does: 'leaves a process alone that runs one small batch after another',
    input: [
      info('1x80'),
      runs(Array.from({ length: 16 }, () => '1 1 _ 1 1').join(' ')),
      items('answered', Array.from({ length: 16 }, () => '0 0 _ 0 0').join(' ')),
    ],
    checks: [{ at: '30m', situation: 'quiet', firing: [] }],
  },
];

export const BATCH_TESTS: RuleTestFile = {
  name: 'batches',
  evaluationInterval: '30s',
  alerts: ['TidegateBatchStalled'],
  tests: TESTS,
};
