import { type Firing, input, type InputSeries, type RuleTest, type RuleTestFile } from './rule-test.ts';

const CIRCUIT = { gen_ai_provider_name: 'openai', tidegate_circuit: 'openai/gpt-5.1' };

const STATES = ['closed', 'open', 'half_open'];

/** The state set of one circuit: `c`losed, `o`pen, `h`alf open, one letter a sample. */
function circuit(states: string, instance = 'a'): InputSeries[] {
  return STATES.map((state) => {
    const values = Array.from(states, (letter) => (letter === ' ' ? '_' : state.startsWith(letter) ? '1' : '0')).join(
      ' ',
    );
    return input('tidegate.circuit.state', { instance, ...CIRCUIT, tidegate_circuit_state: state }, values);
  });
}

const open = (percentage: string): Firing => ({
  labels: { severity: 'critical', job: 'app', ...CIRCUIT },
  summary: 'The circuit to an LLM provider is open.',
  description: `openai (app) fails or cannot be reached: circuit openai/gpt-5.1 was not closed for ${percentage} of the last two minutes over all processes (threshold 50%). Its calls wait or fail at once: check its status page and the network; the circuit closes by itself once a probe succeeds.`,
});

const openOfOne: Firing = {
  labels: { severity: 'warning', job: 'app', instance: 'a', ...CIRCUIT },
  summary: 'The circuit to an LLM provider is open in some processes.',
  description:
    'openai (app): circuit openai/gpt-5.1 of a has not been closed for five minutes, while most processes reach the provider. Check that process and its network; restart it where nothing else helps.',
};

const OPEN: RuleTest[] = [
  {
    alert: 'TidegateCircuitOpen',
    does: 'pages within two minutes of an outage for all processes, through probes, and resolves',
    interval: '15s',
    input: [
      ...circuit(`${'c'.repeat(20)}${'ooohoooh'.repeat(5)}${'c'.repeat(40)}`),
      ...circuit(`${'c'.repeat(20)}${'ohoooooo'.repeat(5)}${'c'.repeat(40)}`, 'b'),
    ],
    checks: [
      { at: '5m', situation: 'quiet', firing: [] },
      { at: '7m30s', situation: 'fires', firing: [open('100%')] },
      { at: '18m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCircuitOpen',
    does: 'sees a provider that hangs, where the circuit is half open most of the time',
    interval: '15s',
    input: circuit(`${'c'.repeat(20)}${'ohhhhhhh'.repeat(4)}`),
    checks: [{ at: '8m', situation: 'fires', firing: [open('100%')] }],
  },
  {
    alert: 'TidegateCircuitOpen',
    does: 'is a ticket for one process of four, after five minutes',
    input: [
      ...circuit(`${'c'.repeat(5)}${'ooohoooo'.repeat(5)}${'c'.repeat(20)}`),
      ...['b', 'd', 'e'].flatMap((instance) => circuit('c'.repeat(65), instance)),
    ],
    checks: [
      { at: '7m', situation: 'quiet', firing: [] },
      { at: '17m', situation: 'fires', firing: [openOfOne] },
      { at: '28m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCircuitOpen',
    does: 'stays quiet for a blip of 45 seconds, during it and after it',
    interval: '15s',
    input: circuit(`${'c'.repeat(20)}ooo${'c'.repeat(30)}`),
    checks: [
      { at: '5m45s', situation: 'quiet', firing: [] },
      { at: '6m30s', situation: 'quiet', firing: [] },
      { at: '7m', situation: 'quiet', firing: [] },
    ],
  },
  {
    alert: 'TidegateCircuitOpen',
    does: 'sees a circuit that is open when its process is first scraped',
    input: circuit(`${' '.repeat(4)}${'o'.repeat(20)}`),
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '4m', situation: 'first-event', firing: [open('100%')] },
    ],
  },
];

const closings = (values: string, instance = 'a'): InputSeries =>
  input('tidegate.circuit.transitions', { instance, ...CIRCUIT, tidegate_circuit_state: 'closed' }, values);

const flapping = (number: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...CIRCUIT },
  summary: 'The circuit to an LLM provider closes and opens again.',
  description: `openai (app) recovers and fails again: circuit openai/gpt-5.1 closed ${number} times in 30 minutes (threshold 3). Slow down requests, or use another model until it is stable.`,
});

const FLAPPING: RuleTest[] = [
  {
    alert: 'TidegateCircuitFlapping',
    does: 'fires at the fourth closing, counted from zero, and resolves',
    input: [closings('0x10 1x9 2x9 3x9 4x120')],
    checks: [
      { at: '20m', situation: 'quiet', firing: [] },
      { at: '21m', situation: 'fires', firing: [flapping('4')] },
      { at: '21m', situation: 'first-event', firing: [flapping('4')] },
      { at: '70m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateCircuitFlapping',
    does: 'stays quiet at three closings, and in an outage whose probes all fail',
    input: [
      closings('0x10 1x9 2x9 3x90'),
      input('tidegate.circuit.transitions', { ...CIRCUIT, tidegate_circuit_state: 'open' }, '0+1x120'),
    ],
    checks: [{ at: '28m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateCircuitFlapping',
    does: 'stays quiet where each process of a fleet closes once after a blip',
    input: Array.from({ length: 12 }, (_, index) => closings('0x10 1x90', `pod-${index}`)),
    checks: [{ at: '10m', situation: 'quiet', firing: [] }],
  },
];

const PROVIDER = { gen_ai_provider_name: 'openai' };
const LANE = { ...PROVIDER, tidegate_bulkhead: 'openai/gpt-5.1' };
const active = (values: string): InputSeries => input('tidegate.bulkhead.active', LANE, values);
const queued = (values: string): InputSeries => input('tidegate.bulkhead.queued', LANE, values);
const ended = (values: string): InputSeries =>
  input('tidegate.attempt.duration_seconds', { ...PROVIDER, gen_ai_request_model: 'gpt-5.1' }, values, 'count');

const paused = (values: string): InputSeries => input('tidegate.queue.paused_seconds', LANE, values);
const stalled = (calls: string): Firing => ({
  labels: { severity: 'critical', job: 'app', ...PROVIDER },
  summary: 'LLM calls are in flight and none is answered.',
  description: `The provider hangs, or the network does: openai (app) has ${calls} calls in flight or waiting, and no attempt has ended for two minutes; in the quarter of an hour before more than 20 did in that time. Check both, and use another provider for what is urgent.`,
});

const STALLED: RuleTest[] = [
  {
    alert: 'TidegateStalled',
    does: 'pages when no attempt ends for two minutes, and resolves a quarter of an hour after the first that does',
    input: [active('5x40 20x10 5x60'), queued('0x40 30x10 0x60'), ended('0+10x40 400x10 410+10x60')],
    checks: [
      { at: '20m', situation: 'quiet', firing: [] },
      { at: '24m', situation: 'fires', firing: [stalled('50')] },
      { at: '42m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateStalled',
    does: 'stays quiet where nothing is under way, and for answers that always take that long',
    input: [active('0x40 0x30'), queued('0x70'), ended('0+10x40 400x30')],
    checks: [{ at: '28m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateStalled',
    does: 'stays quiet for a few long answers at a time',
    input: [active('4x120'), queued('0x120'), ended('0x10 4x10 8x10 12x10 16x10 20x10 24x10 28x10')],
    checks: [{ at: '34m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateStalled',
    does: 'stays quiet while the provider has asked to wait, and pages when nothing ends after that',
    input: [active('0x80'), queued('0x30 30x50'), ended('0+10x30 300x50'), paused('0x30 110x8 0x42')],
    checks: [
      { at: '17m30s', situation: 'quiet', firing: [] },
      { at: '19m', situation: 'quiet', firing: [] },
      { at: '23m', situation: 'fires', firing: [stalled('30')] },
    ],
  },
  {
    alert: 'TidegateStalled',
    does: 'stays quiet when Prometheus was away, and for processes that nobody scrapes any more',
    interval: '15s',
    input: [
      active('5x80 _x16 5x8'),
      queued('0x80 _x16 0x8'),
      ended('0+10x80 _x16 970+10x8'),
      input('tidegate.bulkhead.active', { ...LANE, instance: 'gone', job: 'gone' }, '5x80'),
      input('tidegate.bulkhead.queued', { ...LANE, instance: 'gone', job: 'gone' }, '5x80'),
      input(
        'tidegate.attempt.duration_seconds',
        { ...PROVIDER, job: 'gone', gen_ai_request_model: 'gpt-5.1' },
        '0+10x80',
        'count',
      ),
    ],
    checks: ['22m', '24m', '24m30s', '25m'].map((at) => ({ at, situation: 'quiet' as const, firing: [] })),
  },
  {
    alert: 'TidegateStalled',
    does: 'sees a stall of counters that are a quarter of an hour old',
    input: [active('5x30 8x20'), queued('0x50'), ended('0+10x30 300x20')],
    checks: [{ at: '19m', situation: 'first-event', firing: [stalled('8')] }],
  },
];

export const CIRCUIT_TESTS: RuleTestFile = {
  name: 'circuit',
  evaluationInterval: '30s',
  alerts: ['TidegateCircuitOpen', 'TidegateCircuitFlapping', 'TidegateStalled'],
  tests: [...OPEN, ...FLAPPING, ...STALLED],
};
